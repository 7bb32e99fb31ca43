#include "core/search/halving_search.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/search/search_budget.h"
#include "core/search/trial_fits.h"

namespace fitd {
namespace {

// How many trials are at each rung.
std::vector<int64_t> Sizes(int64_t trials, size_t rungs, int64_t factor) {
  std::vector<int64_t> sizes = {trials};
  while (sizes.size() < rungs) sizes.push_back(std::max<int64_t>(sizes.back() / factor, 1));
  return sizes;
}

// That `trials` of the bracket train at most.
int64_t EpochsOf(const HalvingSearch::Bracket& bracket, int64_t trials, int64_t factor) {
  if (trials == 0) return 0;
  const std::vector<int64_t> sizes = Sizes(trials, bracket.rungs.size(), factor);
  int64_t epochs = 0;
  int64_t below = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    epochs += sizes[i] * (bracket.rungs[i] - below);
    below = bracket.rungs[i];
  }
  return epochs;
}

// Leaves each bracket the trials that the budget pays for through all rungs, before any begins: the
// rungs of several go on at once, and which of them took the last epochs would depend on the
// workers. One trial is left at least.
void FitToBudget(const v1::SearchSpec& spec, int64_t factor,
                 std::vector<HalvingSearch::Bracket>& brackets) {
  int64_t trials = BoundedTrials(spec, std::numeric_limits<int64_t>::max());
  int64_t epochs = spec.budget().epochs() > 0 ? spec.budget().epochs() / FitsPerTrial(spec)
                                              : std::numeric_limits<int64_t>::max();
  for (HalvingSearch::Bracket& bracket : brackets) {
    bracket.trials = std::min(bracket.trials, trials);
    while (bracket.trials > 0 && EpochsOf(bracket, bracket.trials, factor) > epochs)
      --bracket.trials;
    trials -= bracket.trials;
    epochs -= EpochsOf(bracket, bracket.trials, factor);
  }
  brackets.front().trials = std::max<int64_t>(brackets.front().trials, 1);
}

int64_t AllTrials(const std::vector<HalvingSearch::Bracket>& brackets) {
  int64_t trials = 0;
  for (const HalvingSearch::Bracket& bracket : brackets) trials += bracket.trials;
  return trials;
}

}  // namespace

HalvingSearch::HalvingSearch(const v1::SearchSpec& spec, const SearchSpace& space, int64_t factor,
                             uint64_t seed, std::vector<Bracket> brackets)
    : factor_(factor),
      better_(spec.objective().mode()),
      brackets_(std::move(brackets)),
      random_(AllTrials(brackets_), seed, spec.training().epochs(), space) {}

HalvingSearch HalvingSearch::Halving(const v1::SearchSpec& spec, const SearchSpace& space) {
  const v1::HalvingSpec& halving = spec.algorithm().halving();
  std::vector<Bracket> brackets = {
      {.trials = halving.trials(),
       .rungs = Rungs(halving.min_epochs(), halving.factor(), spec.training().epochs())}};
  FitToBudget(spec, halving.factor(), brackets);
  return {spec, space, halving.factor(), halving.seed(), std::move(brackets)};
}

HalvingSearch HalvingSearch::Hyperband(const v1::SearchSpec& spec, const SearchSpace& space) {
  const v1::HyperbandSpec& hyperband = spec.algorithm().hyperband();
  const std::vector<int64_t> rungs =
      Rungs(hyperband.min_epochs(), hyperband.factor(), spec.training().epochs());
  const auto count = static_cast<int64_t>(rungs.size());
  std::vector<Bracket> brackets;
  int64_t power = 1;  // factor^(rungs of the bracket - 1)
  for (int64_t first = count - 1; first >= 0; --first, power *= hyperband.factor()) {
    const int64_t bracket_rungs = count - first;
    // Trials that make each bracket train about as many epochs.
    brackets.push_back({.trials = (count * power + bracket_rungs - 1) / bracket_rungs,
                        .rungs = {rungs.begin() + first, rungs.end()}});
  }
  std::reverse(brackets.begin(), brackets.end());
  FitToBudget(spec, hyperband.factor(), brackets);
  return {spec, space, hyperband.factor(), hyperband.seed(), std::move(brackets)};
}

int64_t HalvingSearch::planned_epochs() const {
  int64_t epochs = 0;
  int64_t left = planned_trials();
  for (const Bracket& bracket : brackets_) {
    const int64_t trials = std::min(bracket.trials, left);
    left -= trials;
    epochs += EpochsOf(bracket, trials, factor_);
  }
  return epochs;
}

void HalvingSearch::AddPromotions(const Bracket& bracket, std::vector<int64_t> racing,
                                  const std::vector<v1::SearchTrial>& trials,
                                  std::vector<TrialStep>& steps) const {
  const std::vector<int64_t> sizes =
      Sizes(static_cast<int64_t>(racing.size()), bracket.rungs.size(), factor_);
  for (size_t rung = 0; rung + 1 < bracket.rungs.size(); ++rung) {
    std::vector<Ranked> ranked;
    for (const int64_t trial : racing) {
      const RungResult result =
          ResultAt(trials[static_cast<size_t>(trial - 1)], bracket.rungs[rung]);
      if (!result.known) return;
      if (result.score) ranked.push_back({.score = *result.score, .trial = trial});
    }
    std::sort(ranked.begin(), ranked.end(), better_);
    racing.clear();
    const int64_t epochs = rung + 2 == bracket.rungs.size() ? 0 : bracket.rungs[rung + 1];
    for (const Ranked& best : ranked) {
      if (static_cast<int64_t>(racing.size()) == sizes[rung + 1]) break;
      racing.push_back(best.trial);
      if (!WasGranted(trials[static_cast<size_t>(best.trial - 1)], epochs))
        steps.push_back({.trial = best.trial, .parameters = {}, .epochs = epochs});
    }
  }
}

std::vector<TrialStep> HalvingSearch::Next(const std::vector<v1::SearchTrial>& trials,
                                           int64_t most) const {
  std::vector<TrialStep> fresh = random_.Next(trials, most);
  const auto made = static_cast<int64_t>(trials.size());
  const auto drawn = static_cast<int64_t>(fresh.size());
  // The space may hold fewer points than were asked for.
  const int64_t all = drawn < most ? made + drawn : planned_trials();

  std::vector<TrialStep> steps;
  int64_t begin = 0;
  for (const Bracket& bracket : brackets_) {
    const int64_t end = std::min(begin + bracket.trials, all);
    const int64_t first_rung = bracket.rungs.size() == 1 ? 0 : bracket.rungs.front();
    if (end <= made) {
      std::vector<int64_t> racing;
      for (int64_t trial = begin + 1; trial <= end; ++trial) racing.push_back(trial);
      if (!racing.empty()) AddPromotions(bracket, std::move(racing), trials, steps);
    }
    for (TrialStep& step : fresh) {
      if (step.trial > begin && step.trial <= end) step.epochs = first_rung;
    }
    begin = end;
  }
  steps.insert(steps.end(), fresh.begin(), fresh.end());
  if (static_cast<int64_t>(steps.size()) > most) steps.resize(static_cast<size_t>(most));
  return steps;
}

}  // namespace fitd
