#include "core/search/random_search.h"

#include <algorithm>

namespace fitd {
namespace {

// Enough to find one of a few points that are left among ten thousand.
constexpr int64_t kMostAttempts = 1'000'000;

bool Equal(const Parameters& a, const Parameters& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.value() == y.value() && x.path() == y.path();
  });
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
  for (int64_t attempt = 0; attempt < kMostAttempts; ++attempt) {
    Parameters drawn = space_.Draw(spec_.seed(), next, attempt);
    const bool known = std::any_of(made.begin(), made.end(),
                                   [&](const Parameters& other) { return Equal(drawn, other); });
    if (!known) return drawn;
  }
  return std::nullopt;
}

}  // namespace fitd
