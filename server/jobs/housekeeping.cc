#include "server/jobs/housekeeping.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "server/jobs/job_state.h"
#include "server/log/log.h"

namespace fitd {
namespace {

constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

std::vector<v1::JobState> FinalStates() {
  std::vector<v1::JobState> states;
  for (int number = v1::JobState_MIN; number <= v1::JobState_MAX; ++number) {
    const auto state = static_cast<v1::JobState>(number);
    if (v1::JobState_IsValid(number) && IsFinal(state)) states.push_back(state);
  }
  return states;
}

}  // namespace

void Housekeeping::Run() {
  const absl::Status status = store_.InTransaction([this](Transaction& transaction) {
    if (options_.keep_versions > 0) RemoveVersions(transaction);
    if (options_.keep_finished_jobs > 0) RemoveJobs(transaction);
    return absl::OkStatus();
  });
  if (!status.ok()) Log(LogLevel::kError, "housekeeping_failed", {{"error", Message(status)}});
}

void Housekeeping::RemoveVersions(Transaction& transaction) {
  for (const std::string& name : transaction.models.Names()) {
    const std::optional<v1::Model> model = transaction.models.Find(name);
    std::set<int64_t> aliased;
    for (const auto& [alias, version] : model->aliases()) aliased.insert(version);
    std::vector<ModelTable::VersionKey> keys = transaction.models.VersionKeys(name);
    std::sort(keys.begin(), keys.end(),
              [](const auto& a, const auto& b) { return a.id > b.id; });  // The newest first.
    int64_t newer = 0;
    for (const auto& [version, id] : keys) {
      if (newer++ < options_.keep_versions || aliased.contains(version) ||
          transaction.jobs.ActiveJobWithVersion(name, version) ||
          transaction.searches.ActiveTrialWithVersion(name, version)) {
        continue;
      }
      RemoveVersion(transaction, store_.directory(),
                    *transaction.models.FindVersion(name, version));
      Log(LogLevel::kInfo, "version_expired", {{"model", name}, {"version", version}});
    }
  }
}

void Housekeeping::RemoveJobs(Transaction& transaction) {
  int64_t count = 0;
  for (const v1::JobState state : FinalStates()) count += transaction.jobs.Count(state);
  if (count <= options_.keep_finished_jobs) return;
  std::vector<v1::Job> jobs = transaction.jobs.List(kAll, kAll, {.states = FinalStates()});
  // A job with a low number may have ended last.
  const auto key = [](const v1::Job& job) {
    return std::tuple(job.end_time().seconds(), job.end_time().nanos(), JobNumber(job.id()));
  };
  std::sort(jobs.begin(), jobs.end(),
            [&](const v1::Job& a, const v1::Job& b) { return key(a) > key(b); });
  for (auto job = jobs.begin() + options_.keep_finished_jobs; job != jobs.end(); ++job) {
    transaction.jobs.Delete(JobNumber(job->id()).value());
    Log(LogLevel::kInfo, "job_expired", {{"job", job->id()}});
  }
}

void RemoveVersion(Transaction& transaction, const DataDir& directory,
                   const v1::ModelVersion& version) {
  transaction.models.DeleteVersion(version.model(), version.version());
  if (!transaction.models.WeightsAreUsed(version.weights_sha256()))
    transaction.RemoveFile(directory.WeightsPath(version.weights_sha256()));
  transaction.ModelsChanged();
}

}  // namespace fitd
