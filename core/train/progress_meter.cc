#include "core/train/progress_meter.h"

#include <algorithm>
#include <utility>

namespace fitd {
namespace {

constexpr std::chrono::milliseconds kReadingInterval{10};
constexpr std::chrono::milliseconds kReportInterval{100};
constexpr int64_t kMostStepsBetweenReadings = 1024;

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

ProgressMeter::ProgressMeter(int64_t total_rows, Clock clock)
    : total_rows_(total_rows), clock_(std::move(clock)), start_(clock_()), last_reading_(start_) {
  reports_.fill({start_, 0});
}

bool ProgressMeter::Advance(int64_t rows) {
  rows_ += rows;
  if (--countdown_ > 0) return false;
  const auto now = clock_();
  // As many steps to the next reading as would have taken the reading interval, at the speed since
  // the last one.
  const double share = Seconds(kReadingInterval) / std::max(Seconds(now - last_reading_), 1e-9);
  const double steps = std::min(static_cast<double>(interval_) * share,
                                static_cast<double>(kMostStepsBetweenReadings));
  interval_ = countdown_ = std::max<int64_t>(1, static_cast<int64_t>(steps));
  last_reading_ = now;

  const Sample& newest = reports_[(next_report_ + reports_.size() - 1) % reports_.size()];
  if (now - newest.time < kReportInterval) return false;
  const Sample& oldest = reports_[next_report_];
  rows_per_second_ = static_cast<double>(rows_ - oldest.rows) / Seconds(now - oldest.time);
  const double left = static_cast<double>(total_rows_ - rows_) / static_cast<double>(rows_);
  remaining_ = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(std::min(Seconds(now - start_) * left, 1e9)));
  reports_[next_report_] = {now, rows_};
  next_report_ = (next_report_ + 1) % reports_.size();
  return true;
}

}  // namespace fitd
