#include "core/search/distinct_parameters.h"

namespace fitd {
namespace {

template <typename Parameters>
std::string KeyOf(const Parameters& parameters) {
  std::string key;
  for (const v1::TrialParameter& parameter : parameters)
    key += parameter.path() + '\0' + parameter.value() + '\0';
  return key;
}

}  // namespace

DistinctParameters::DistinctParameters(const std::vector<v1::SearchTrial>& trials) {
  for (const v1::SearchTrial& trial : trials) known_.insert(KeyOf(trial.parameters()));
}

std::optional<Parameters> DistinctParameters::Find(
    int64_t attempts, const std::function<Parameters(int64_t attempt)>& propose) {
  for (int64_t attempt = 0; attempt < attempts; ++attempt) {
    Parameters parameters = propose(attempt);
    if (known_.insert(KeyOf(parameters)).second) return parameters;
  }
  return std::nullopt;
}

std::optional<Parameters> DistinctParameters::Draw(const SearchSpace& space, uint64_t seed,
                                                   int64_t trial) {
  // Enough to find one of a few points that are left among a thousand.
  constexpr int64_t kMostAttempts = 10'000;
  return Find(kMostAttempts, [&](int64_t attempt) { return space.Draw(seed, trial, attempt); });
}

}  // namespace fitd
