#include "core/search/random_search.h"

#include <algorithm>
#include <string>
#include <unordered_set>

namespace fitd {
namespace {

// Enough to find one of a few points that are left among a thousand.
constexpr int64_t kMostAttempts = 10'000;

// Equal for equal points alone: what follows a value depends on the values before it.
std::string Key(const Parameters& parameters) {
  std::string key;
  for (const v1::TrialParameter& parameter : parameters) (key += parameter.value()) += '\0';
  return key;
}

}  // namespace

int64_t RandomSearch::planned_trials() const {
  return std::min(spec_.trials(), space_.Size(SearchSpace::Values::kAll));
}

std::optional<Parameters> RandomSearch::Next(const std::vector<Parameters>& made) const {
  const auto next = static_cast<int64_t>(made.size());
  if (next >= planned_trials()) return std::nullopt;
  if (space_.Size(SearchSpace::Values::kAll) <= spec_.trials())
    return space_.Point(SearchSpace::Values::kAll, next);
  std::unordered_set<std::string> known;
  for (const Parameters& parameters : made) known.insert(Key(parameters));
  for (int64_t attempt = 0; attempt < kMostAttempts; ++attempt) {
    Parameters drawn = space_.Draw(spec_.seed(), next, attempt);
    if (!known.contains(Key(drawn))) return drawn;
  }
  return std::nullopt;
}

}  // namespace fitd
