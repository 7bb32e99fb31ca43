#include "core/search/asynchronous_halving_search.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "core/search/search_budget.h"

namespace fitd {
namespace {

struct Choice {
  int64_t trial = 0;
  size_t rung = 0;
};

// Where the trials of one rung stand.
struct Rung {
  explicit Rung(const Better& better) : ranked(better) {}
  int64_t results = 0;  // Those without a score too.
  std::set<Ranked, Better> ranked;
  std::set<int64_t> promoted;
};

// The best trial that belongs to the best of its rung, the highest rung first.
std::optional<Choice> Promotable(const std::vector<Rung>& rungs, int64_t factor) {
  for (size_t rung = rungs.size() - 1; rung-- > 0;) {
    int64_t places = rungs[rung].results / factor;
    for (const Ranked& best : rungs[rung].ranked) {
      if (places-- == 0) break;
      if (!rungs[rung].promoted.contains(best.trial))
        return Choice{.trial = best.trial, .rung = rung + 1};
    }
  }
  return std::nullopt;
}

// For searches too small for a place at every rung: the best of those that came furthest, unless
// one came to the top.
std::optional<Choice> Champion(const std::vector<Rung>& rungs) {
  for (size_t rung = rungs.size(); rung-- > 0;) {
    if (rungs[rung].results == 0) continue;
    if (rung + 1 == rungs.size() || rungs[rung].ranked.empty()) return std::nullopt;
    return Choice{.trial = rungs[rung].ranked.begin()->trial, .rung = rung + 1};
  }
  return std::nullopt;
}

}  // namespace

AsynchronousHalvingSearch::AsynchronousHalvingSearch(const v1::SearchSpec& spec,
                                                     const SearchSpace& space)
    : factor_(spec.algorithm().asynchronous_halving().factor()),
      parallelism_(spec.algorithm().asynchronous_halving().parallelism()),
      better_(spec.objective().mode()),
      rungs_(Rungs(spec.algorithm().asynchronous_halving().min_epochs(), factor_,
                   spec.training().epochs())),
      random_(BoundedTrials(spec, spec.algorithm().asynchronous_halving().trials()),
              spec.algorithm().asynchronous_halving().seed(), spec.training().epochs(), space) {}

int64_t AsynchronousHalvingSearch::planned_epochs() const {
  int64_t epochs = 0;
  int64_t trials = planned_trials();
  int64_t below = 0;
  for (const int64_t rung : rungs_) {
    epochs += trials * (rung - below);
    below = rung;
    trials = std::max<int64_t>(trials / factor_, 1);  // The best is trained to its end.
  }
  return epochs;
}

std::vector<TrialStep> AsynchronousHalvingSearch::Next(const std::vector<v1::SearchTrial>& trials,
                                                       int64_t most) const {
  const auto made = static_cast<int64_t>(trials.size());
  const std::vector<TrialStep> fresh = random_.Next(trials, most);
  const int64_t last = made + static_cast<int64_t>(fresh.size());
  const auto epochs_of = [&](size_t rung) { return rung + 1 == rungs_.size() ? 0 : rungs_[rung]; };

  std::vector<Rung> rungs(rungs_.size(), Rung(better_));
  std::vector<Choice> choices;
  size_t seen = 0;  // Choices whose results are in the rungs.
  const auto see_one = [&] {
    const Choice& choice = choices[seen];
    if (choice.trial > made) return false;
    const RungResult result =
        ResultAt(trials[static_cast<size_t>(choice.trial - 1)], epochs_of(choice.rung));
    if (!result.known) return false;
    Rung& rung = rungs[choice.rung];
    ++rung.results;
    if (result.score) rung.ranked.insert({.score = *result.score, .trial = choice.trial});
    ++seen;
    return true;
  };

  std::vector<TrialStep> steps;
  int64_t begun = 0;
  while (static_cast<int64_t>(steps.size()) < most) {
    while (seen + static_cast<size_t>(parallelism_) <= choices.size()) {
      if (!see_one()) return steps;
    }
    std::optional<Choice> choice = Promotable(rungs, factor_);
    if (!choice && begun < last) choice = Choice{.trial = ++begun, .rung = 0};
    // Nothing new is left: what the newest results bring.
    while (!choice && seen < choices.size()) {
      if (!see_one()) return steps;
      choice = Promotable(rungs, factor_);
    }
    if (!choice) choice = Champion(rungs);
    if (!choice) return steps;
    choices.push_back(*choice);
    if (choice->rung > 0) rungs[choice->rung - 1].promoted.insert(choice->trial);
    const int64_t epochs = epochs_of(choice->rung);
    if (choice->trial > made) {
      TrialStep step = fresh[static_cast<size_t>(choice->trial - made - 1)];
      step.epochs = epochs;
      steps.push_back(std::move(step));
    } else if (!WasGranted(trials[static_cast<size_t>(choice->trial - 1)], epochs)) {
      steps.push_back({.trial = choice->trial, .parameters = {}, .epochs = epochs});
    }
  }
  return steps;
}

}  // namespace fitd
