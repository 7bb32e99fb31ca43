#include "server/store/model_reference.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "core/base/names.h"
#include "core/base/violations.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr std::string_view kJobPrefix = "job:";

// A version number as users write it: no sign, no leading zero.
std::optional<int64_t> ParseVersion(std::string_view text) {
  if (text.empty() || text.front() < '1' || text.front() > '9') return std::nullopt;
  int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return version;
}

absl::StatusOr<v1::ModelVersion> FindVersionOfJob(Transaction& transaction, std::string_view id) {
  const std::optional<int64_t> number = JobNumber(id);
  const std::optional<v1::Job> job = number ? transaction.jobs.Find(*number) : std::nullopt;
  if (!job) return UnknownJob(id);
  if (job->version() == 0) {
    return FailedPrecondition(
        fmt::format("job {} is {} and has no version", id, StateName(job->state())));
  }
  std::optional<v1::ModelVersion> found =
      transaction.models.FindVersion(job->spec().model(), job->version());
  if (!found) return UnknownVersion(transaction, job->spec().model(), job->version());
  return *std::move(found);
}

}  // namespace

bool IsValidAlias(std::string_view alias) {
  return IsValidId(alias) && alias.front() >= 'a' && alias.front() <= 'z';
}

std::string JobReference(std::string_view job_id) {
  return fmt::format("{}{}", kJobPrefix, job_id);
}

std::optional<int64_t> ReferencedJob(std::string_view reference) {
  if (!reference.starts_with(kJobPrefix)) return std::nullopt;
  return JobNumber(reference.substr(kJobPrefix.size()));
}

absl::StatusOr<v1::ModelVersion> FindReferencedVersion(Transaction& transaction,
                                                       std::string_view reference) {
  if (reference.starts_with(kJobPrefix) && IsValidId(reference.substr(kJobPrefix.size())))
    return FindVersionOfJob(transaction, reference.substr(kJobPrefix.size()));
  const size_t at = reference.find('@');
  const std::string_view name = reference.substr(0, at);
  const std::string_view selector = at == reference.npos ? "" : reference.substr(at + 1);
  const std::optional<int64_t> number = ParseVersion(selector);
  if (!IsValidId(name) || (at != reference.npos && !number && !IsValidAlias(selector))) {
    Violations violations;
    violations.Add("model", fmt::format("is {}; allowed: NAME, NAME@VERSION, NAME@ALIAS or job:ID",
                                        Quoted(reference)));
    return violations.ToStatus();
  }

  const std::optional<v1::Model> model = transaction.models.Find(name);
  if (!model) return UnknownModel(transaction, name);
  int64_t version = model->latest_version();
  if (number) {
    version = *number;
  } else if (!selector.empty()) {
    version = transaction.models.FindAlias(name, selector);
    if (version == 0) return UnknownAlias(*model, selector);
  } else if (version == 0) {
    return FailedPrecondition(fmt::format("model {} has no version yet: train it first", name));
  }
  std::optional<v1::ModelVersion> found = transaction.models.FindVersion(name, version);
  if (!found) return UnknownVersion(transaction, name, version);
  return *std::move(found);
}

absl::Status UnknownModel(Transaction& transaction, std::string_view name) {
  return NotFound(UnknownName("model", name, transaction.models.Names()));
}

absl::Status UnknownDataset(Transaction& transaction, std::string_view name) {
  return NotFound(UnknownName("data set", name, transaction.datasets.Names()));
}

absl::Status UnknownVersion(Transaction& transaction, std::string_view model, int64_t version) {
  std::vector<std::string> known;
  for (const v1::ModelVersion& stored :
       transaction.models.ListVersions(model, std::numeric_limits<int64_t>::max(), 20)) {
    known.push_back(std::to_string(stored.version()));
  }
  return NotFound(
      fmt::format("model {}: {}", model, UnknownName("version", std::to_string(version), known)));
}

absl::Status UnknownAlias(const v1::Model& model, std::string_view alias) {
  std::vector<std::string> known;
  for (const auto& [name, unused] : model.aliases()) known.push_back(name);
  std::sort(known.begin(), known.end());
  return NotFound(fmt::format("model {}: {}", model.name(), UnknownName("alias", alias, known)));
}

absl::Status UnknownJob(std::string_view id) {
  return NotFound(fmt::format("unknown job {}", Quoted(id)));
}

}  // namespace fitd
