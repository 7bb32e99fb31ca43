#include "core/base/violations.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "google/rpc/error_details.pb.h"

namespace fitd {

void Violations::Add(std::string field, std::string description) {
  entries_.push_back({std::move(field), std::move(description), /*unknown=*/false});
}

void Violations::AddUnknown(std::string field, std::string description) {
  entries_.push_back({std::move(field), std::move(description), /*unknown=*/true});
}

void Violations::Add(const absl::Status& status) {
  if (status.ok()) return;
  const auto payload = status.GetPayload(kBadRequestTypeUrl);
  google::rpc::BadRequest details;
  if (!payload.has_value() || !details.ParseFromString(std::string(*payload))) {
    return Add("", Message(status));
  }
  for (const auto& violation : details.field_violations()) {
    entries_.push_back(
        {violation.field(), violation.description(), /*unknown=*/absl::IsNotFound(status)});
  }
}

absl::Status Violations::ToStatus() const {
  if (entries_.empty()) return absl::OkStatus();
  std::string message;
  google::rpc::BadRequest details;
  for (const Entry& entry : entries_) {
    if (!message.empty()) message += '\n';
    message += entry.field.empty() ? entry.description : entry.field + ": " + entry.description;
    auto* violation = details.add_field_violations();
    violation->set_field(entry.field);
    violation->set_description(entry.description);
  }
  const bool all_unknown =
      std::all_of(entries_.begin(), entries_.end(), [](const Entry& e) { return e.unknown; });
  absl::Status status = all_unknown ? NotFound(message) : InvalidArgument(message);
  status.SetPayload(kBadRequestTypeUrl, absl::Cord(details.SerializeAsString()));
  return status;
}

void LimitedViolations::Add(const LimitedViolations& others) {
  const std::vector<Violations::Entry>& listed = others.violations_.entries_;
  for (const Violations::Entry& entry : listed) Add(entry.field, entry.description);
  count_ += others.count_ - static_cast<int64_t>(listed.size());
}

absl::Status LimitedViolations::ToStatus(const std::string& path) {
  if (count_ > kListed) {
    violations_.Add(path,
                    fmt::format("and {}{} more", full() ? "at least " : "", count_ - kListed));
  }
  return violations_.ToStatus();
}

std::string IndexedPath(std::string_view path, size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

std::string ChildPath(std::string_view path, std::string_view child) {
  if (path.empty()) return std::string(child);
  return std::string(path) + "." + std::string(child);
}

}  // namespace fitd
