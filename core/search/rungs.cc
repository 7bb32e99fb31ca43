#include "core/search/rungs.h"

#include <algorithm>

namespace fitd {

std::vector<int64_t> Rungs(int64_t min_epochs, int64_t factor, int64_t epochs) {
  std::vector<int64_t> rungs;
  for (int64_t rung = min_epochs; rung < epochs; rung *= factor) rungs.push_back(rung);
  rungs.push_back(epochs);
  return rungs;
}

bool HasEnded(const v1::SearchTrial& trial) {
  return trial.state() == v1::JOB_STATE_SUCCEEDED || trial.state() == v1::JOB_STATE_CANCELLED ||
         trial.state() == v1::JOB_STATE_FAILED;
}

RungResult ResultAt(const v1::SearchTrial& trial, int64_t epochs) {
  for (const v1::TrialRung& rung : trial.rungs()) {
    if (rung.epochs() != epochs) continue;
    return {.known = true, .score = rung.has_score() ? std::optional(rung.score()) : std::nullopt};
  }
  if (!HasEnded(trial)) return {};
  const bool scored = trial.state() == v1::JOB_STATE_SUCCEEDED && trial.has_score();
  return {.known = true, .score = scored ? std::optional(trial.score()) : std::nullopt};
}

bool WasGranted(const v1::SearchTrial& trial, int64_t epochs) {
  if (HasEnded(trial) || trial.granted_epochs() == 0) return true;
  return epochs != 0 && trial.granted_epochs() >= epochs;
}

}  // namespace fitd
