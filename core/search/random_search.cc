#include "core/search/random_search.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

namespace fitd {
namespace {

// Enough to find one of a few points that are left among a thousand.
constexpr int64_t kMostAttempts = 10'000;

template <typename Parameters>
std::string KeyOf(const Parameters& parameters) {
  std::string key;
  for (const v1::TrialParameter& parameter : parameters)
    key += parameter.path() + '\0' + parameter.value() + '\0';
  return key;
}

}  // namespace

int64_t RandomSearch::planned_trials() const {
  return std::min(trials_, space_.Size(SearchSpace::Values::kAll));
}

std::vector<TrialStep> RandomSearch::Next(const std::vector<v1::SearchTrial>& trials,
                                          int64_t most) const {
  const bool all = space_.Size(SearchSpace::Values::kAll) <= trials_;
  std::unordered_set<std::string> known;
  for (const v1::SearchTrial& trial : trials) known.insert(KeyOf(trial.parameters()));
  const auto draw = [&](int64_t trial) -> std::optional<Parameters> {
    if (all) return space_.Point(SearchSpace::Values::kAll, trial);
    for (int64_t attempt = 0; attempt < kMostAttempts; ++attempt) {
      Parameters drawn = space_.Draw(seed_, trial, attempt);
      if (known.insert(KeyOf(drawn)).second) return drawn;
    }
    return std::nullopt;
  };
  std::vector<TrialStep> steps;
  const auto made = static_cast<int64_t>(trials.size());
  const int64_t end = std::min(made + most, planned_trials());
  for (int64_t trial = made; trial < end; ++trial) {
    std::optional<Parameters> parameters = draw(trial);
    if (!parameters) break;
    steps.push_back({.trial = trial + 1, .parameters = *std::move(parameters)});
  }
  return steps;
}

}  // namespace fitd
