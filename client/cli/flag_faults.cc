#include "client/cli/flag_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "client/cli/error_text.h"
#include "client/reflection.h"

namespace fitd::cli {

void FlagFaults::Add(std::string_view flag, std::string_view what) {
  faults_.push_back({std::string(flag), std::string(what)});
}

void FlagFaults::Add(std::string_view flag, const absl::Status& status) {
  if (status.ok()) return;
  std::istringstream lines{std::string(status.message())};
  for (std::string line; std::getline(lines, line);) Add(flag, line);
}

void FlagFaults::Exclude(std::string_view flag, bool given, std::string_view other,
                         bool other_given) {
  if (given && other_given) Add(flag, fmt::format("excludes {}; give one of them", other));
}

void FlagFaults::SetField(std::string_view flag, const std::optional<std::string>& text,
                          const std::string& field, google::protobuf::Message& message) {
  if (!text) return;
  const auto fault =
      client::SetScalar(*text, *message.GetDescriptor()->FindFieldByName(field), message);
  if (fault) Add(flag, *fault);
}

bool FlagFaults::Has(std::string_view flag) const {
  return std::any_of(faults_.begin(), faults_.end(),
                     [&](const auto& fault) { return fault.field == flag; });
}

absl::Status FlagFaults::ToStatus() const { return With(absl::OkStatus()); }

absl::Status FlagFaults::With(const absl::Status& answer, std::string_view left_out) const {
  std::vector<client::FieldViolation> all = faults_;
  const std::vector<client::FieldViolation> told = client::FieldViolations(answer);
  for (const client::FieldViolation& violation : told) {
    if (violation.field == left_out) continue;
    // What could not be read is empty in the request, which would be one more fault.
    const bool unread = Has(FlagOf(violation.field)) && IsWholeOption(violation.field);
    if (!unread) all.push_back(violation);
  }
  if (told.empty() && (absl::IsInvalidArgument(answer) || absl::IsNotFound(answer))) {
    all.push_back({"", std::string(answer.message())});
  }
  return client::InvalidArgument(all);
}

}  // namespace fitd::cli
