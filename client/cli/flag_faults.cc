#include "client/cli/flag_faults.h"

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

absl::Status FlagFaults::With(const absl::Status& answer) const {
  std::vector<client::FieldViolation> all = faults_;
  for (const client::FieldViolation& violation : client::FieldViolations(answer)) {
    if (!Has(FlagOf(violation.field))) all.push_back(violation);
  }
  return client::InvalidArgument(all);
}

}  // namespace fitd::cli
