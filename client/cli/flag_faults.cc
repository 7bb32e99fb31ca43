#include "client/cli/flag_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "client/cli/error_text.h"
#include "client/reflection.h"

namespace fitd::cli {

void FlagFaults::ReadSpec(const std::string& file, google::protobuf::Message& spec) {
  if (file.empty()) return;
  absl::StatusOr<client::YamlFields> fields = client::ReadYamlFile(file, "spec", spec);
  Add(kFile, fields.status());
  if (!fields.ok()) return;
  fields_ = *std::move(fields);
  // Their texts begin with their places.
  for (const client::FieldViolation& fault : fields_.faults) Add("", fault.description);
}

void FlagFaults::Add(std::string_view flag, std::string_view what) {
  const bool told = std::any_of(faults_.begin(), faults_.end(), [&](const auto& fault) {
    return fault.field == flag && fault.description == what;
  });
  if (!told) faults_.push_back({std::string(flag), std::string(what)});
}

void FlagFaults::Add(std::string_view flag, const absl::Status& status) {
  if (status.ok()) return;
  std::istringstream lines{std::string(status.message())};
  for (std::string line; std::getline(lines, line);) Add(flag, line);
}

void FlagFaults::AddUnread(std::string_view flag, const std::string& field,
                           const absl::Status& status) {
  if (status.ok()) return;
  unread_.push_back(field);
  const auto place = PlaceInFile(field);
  if (!place) return Add(flag, status);
  std::istringstream lines{std::string(status.message())};
  for (std::string line; std::getline(lines, line);) Add("", fmt::format("{}: {}", *place, line));
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
  const bool at_fault = absl::IsInvalidArgument(answer) || absl::IsNotFound(answer);
  if (empty() && !at_fault) return answer;
  std::vector<client::FieldViolation> all = faults_;
  const std::vector<client::FieldViolation> told = client::FieldViolations(answer);
  for (const client::FieldViolation& violation : told) {
    const bool left = !left_out.empty() && violation.field == left_out;
    if (left || CouldNotBeRead(violation.field)) continue;
    if (const auto place = PlaceInFile(violation.field)) {
      all.push_back(
          {"", fmt::format("{}: {}: {}", *place, violation.field, violation.description)});
    } else {
      all.push_back(violation);
    }
  }
  if (told.empty() && at_fault) all.push_back({"", std::string(answer.message())});
  return client::Faults(empty() ? answer.code() : absl::StatusCode::kInvalidArgument, all);
}

// What could not be read is empty in the request, which would be one more fault.
bool FlagFaults::CouldNotBeRead(const std::string& field) const {
  const std::string_view flag = FlagOf(field);
  if (!flag.empty() && Has(flag) && IsWholeOption(field)) return true;
  if (std::any_of(unread_.begin(), unread_.end(), [&](const std::string& unread) {
        return field == unread || field.starts_with(unread + ".");
      })) {
    return true;
  }
  return std::any_of(fields_.faults.begin(), fields_.faults.end(), [&](const auto& fault) {
    if (!field.starts_with(fault.field)) return false;
    const std::string_view inside = std::string_view(field).substr(fault.field.size());
    return inside.empty() || IsIndex(inside);
  });
}

// Where the file holds the field's value, unless an option overrides it.
std::optional<std::string> FlagFaults::PlaceInFile(const std::string& field) const {
  const std::string_view flag = FlagOf(field);
  if (given_.contains(OptionName(flag))) return std::nullopt;
  std::string path = field;
  while (FlagOf(path) == flag) {
    const auto place = fields_.places.find(path);
    if (place != fields_.places.end()) return place->second;
    const size_t parent = path.find_last_of(".[");
    if (parent == std::string::npos) break;
    path.resize(parent);
  }
  return std::nullopt;
}

}  // namespace fitd::cli
