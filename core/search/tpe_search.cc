#include "core/search/tpe_search.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/base/rng.h"
#include "core/search/distinct_parameters.h"
#include "core/search/parzen_estimator.h"

namespace fitd {
namespace {

constexpr double kGoodShare = 0.15;
constexpr uint64_t kCandidates = 24;
// Points that were tried before are seldom met again and again.
constexpr int64_t kMostAttempts = 100;

// Of numbers drawn where the good ones are dense, the one where the others are least so.
template <typename Estimator>
double BestOf(const Estimator& good, const Estimator& others, const Rng& rng, int64_t attempt) {
  double best = 0;
  double best_ratio = -1;
  for (uint64_t i = 0; i < kCandidates; ++i) {
    const double candidate = good.Draw(rng, static_cast<uint64_t>(attempt) * kCandidates + i);
    const double ratio = good.Density(candidate) / others.Density(candidate);
    if (ratio > best_ratio) {
      best = candidate;
      best_ratio = ratio;
    }
  }
  return best;
}

}  // namespace

TpeSearch::TpeSearch(const v1::SearchSpec& spec, const SearchSpace& space)
    : spec_(spec.algorithm().tpe()),
      better_(spec.objective().mode()),
      space_(space),
      random_(spec_.trials(), spec_.seed(), spec.training().epochs(), space) {}

std::optional<TpeSearch::Seen> TpeSearch::See(const std::vector<v1::SearchTrial>& trials,
                                              size_t first) const {
  std::vector<Ranked> ranked;
  for (size_t i = 0; i < first; ++i) {
    const RungResult result = ResultAt(trials[i], 0);
    if (!result.known) return std::nullopt;
    if (result.score) ranked.push_back({.score = *result.score, .trial = trials[i].number()});
  }
  std::sort(ranked.begin(), ranked.end(), better_);
  const auto good = static_cast<size_t>(std::ceil(kGoodShare * static_cast<double>(first)));
  if (ranked.size() > good) ranked.resize(good);
  std::vector<bool> is_good(first);
  for (const Ranked& best : ranked) is_good[static_cast<size_t>(best.trial - 1)] = true;

  Seen seen;
  for (size_t i = 0; i < first; ++i) {
    Shares& shares = is_good[i] ? seen.good : seen.others;
    const auto& parameters = trials[i].parameters();
    for (const auto& [axis, share] : space_.SharesOf({parameters.begin(), parameters.end()}))
      shares[axis].push_back(share);
  }
  return seen;
}

Parameters TpeSearch::Propose(const Seen& seen, int64_t trial, int64_t attempt) const {
  const auto points = [](const Shares& shares, uint32_t axis) {
    const auto found = shares.find(axis);
    return found == shares.end() ? std::vector<double>() : found->second;
  };
  return space_.PointAt([&](const v1::SearchAxis& axis, uint32_t number) {
    const std::vector<double> good = points(seen.good, number);
    const std::vector<double> others = points(seen.others, number);
    const Rng rng(spec_.seed(), RandomPurpose::kSearch, static_cast<uint32_t>(trial), number);
    if (!axis.has_choice())
      return BestOf(ParzenEstimator(good), ParzenEstimator(others), rng, attempt);
    const int count = axis.choice().choices_size();
    return BestOf(ClassEstimator(good, count), ClassEstimator(others, count), rng, attempt);
  });
}

std::vector<TrialStep> TpeSearch::Next(const std::vector<v1::SearchTrial>& trials,
                                       int64_t most) const {
  const auto made = static_cast<int64_t>(trials.size());
  const int64_t end = std::min(made + most, planned_trials());
  const bool all = space_.Size(SearchSpace::Values::kAll) <= spec_.trials();
  if (all || made < spec_.startup_trials())
    return random_.Next(trials, all ? most : std::min(most, spec_.startup_trials() - made));

  DistinctParameters known(trials);
  std::vector<TrialStep> steps;
  for (int64_t trial = made; trial < end; ++trial) {
    const int64_t first = trial - spec_.parallelism() + 1;
    if (first > made) break;
    const std::optional<Seen> seen = See(trials, static_cast<size_t>(std::max<int64_t>(first, 0)));
    if (!seen) break;
    std::optional<Parameters> fresh =
        known.Find(kMostAttempts, [&](int64_t attempt) { return Propose(*seen, trial, attempt); });
    if (!fresh) fresh = known.Draw(space_, spec_.seed(), trial);
    if (!fresh) break;
    steps.push_back({.trial = trial + 1, .parameters = *std::move(fresh), .epochs = 0});
  }
  return steps;
}

}  // namespace fitd
