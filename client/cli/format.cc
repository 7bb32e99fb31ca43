#include "client/cli/format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <string_view>

#include "absl/strings/str_replace.h"
#include "absl/time/time.h"

namespace fitd::cli {

std::string FormatCount(int64_t count) {
  std::string text = std::to_string(count);
  const ptrdiff_t first = count < 0 ? 1 : 0;
  for (auto at = static_cast<ptrdiff_t>(text.size()) - 3; at > first; at -= 3)
    text.insert(static_cast<size_t>(at), ",");
  return text;
}

std::string FormatCounted(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", FormatCount(count), noun, count == 1 ? "" : "s");
}

std::string FormatBytes(int64_t bytes) {
  constexpr std::array kUnits = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string FormatNumber(double value) {
  const double size = std::abs(value);
  if (size != 0 && (size < 1e-3 || size >= 1e6)) return fmt::format("{:.4g}", value);
  return fmt::format("{:.{}f}", value, size < 1000 ? 4 : 1);
}

std::string FormatSeconds(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f} ms", 1000 * seconds);
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(time.seconds()),
                          absl::LocalTimeZone());
}

std::string FormatShape(const google::protobuf::RepeatedField<int64_t>& shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, " x "));
}

std::string FormatMetric(const v1::MetricValue& metric) {
  return fmt::format("{} {}", metric.name(),
                     metric.has_value() ? FormatNumber(metric.value()) : "-");
}

std::string FormatMetrics(const google::protobuf::RepeatedPtrField<v1::MetricValue>& metrics) {
  std::string text;
  for (const auto& metric : metrics) text += (text.empty() ? "" : "  ") + FormatMetric(metric);
  return text;
}

std::string FormatState(v1::JobState state) {
  constexpr std::string_view kPrefix = "JOB_STATE_";
  const std::string& name = v1::JobState_Name(state);
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : "UNKNOWN";
}

std::string FormatFailure(const v1::JobFailure& failure) {
  std::string where;
  if (failure.step() != 0) where += fmt::format("step {}", failure.step());
  if (!failure.layer().empty())
    where += fmt::format("{}layer {}", where.empty() ? "" : ", ", failure.layer());
  if (!failure.tensor().empty())
    where += fmt::format("{}tensor {}", where.empty() ? "" : ", ", failure.tensor());
  const std::string message = absl::StrReplaceAll(failure.message(), {{"\n", "; "}});
  return where.empty() ? message : fmt::format("{} ({})", message, where);
}

double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + 1e-9 * duration.nanos();
}

double SecondsBetween(const google::protobuf::Timestamp& start,
                      const google::protobuf::Timestamp& end) {
  return static_cast<double>(end.seconds() - start.seconds()) +
         1e-9 * (end.nanos() - start.nanos());
}

}  // namespace fitd::cli
