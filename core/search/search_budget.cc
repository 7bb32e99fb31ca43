#include "core/search/search_budget.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "core/base/kinds.h"
#include "core/search/trial_fits.h"

namespace fitd {
namespace {

constexpr int64_t kMostTrials = 10'000;
constexpr int64_t kMostEpochs = int64_t{1} << 53;
constexpr double kMostSeconds = 31'536'000;

// Of all fits of a trial with these parameters; `granted` is 0 if it trains to its end.
int64_t EpochsOf(const v1::SearchSpec& spec, const SearchSpace& space, int64_t granted,
                 const Parameters& parameters) {
  int64_t epochs = granted > 0 ? granted : spec.training().epochs();
  for (const FieldValue& value : space.FieldValues(parameters)) {
    if (granted > 0 || value.field != "training.epochs") continue;
    std::from_chars(value.value.data(), value.value.data() + value.value.size(), epochs);
  }
  return epochs * FitsPerTrial(spec);
}

}  // namespace

void CheckBudget(std::string_view path, const v1::SearchSpec& spec, Violations& violations) {
  const v1::SearchBudget& budget = spec.budget();
  const std::string base = ChildPath(path, "budget.");
  CheckField(budget.trials() >= 0 && budget.trials() <= kMostTrials, budget.trials(),
             "1 to 10,000, or 0 for no bound", base + "trials", violations);
  CheckField(budget.epochs() >= 0 && budget.epochs() <= kMostEpochs, budget.epochs(),
             "1 to 2^53, or 0 for no bound", base + "epochs", violations);
  CheckField(budget.seconds() >= 0 && budget.seconds() <= kMostSeconds, budget.seconds(),
             "0 to 31,536,000, 0 for no bound", base + "seconds", violations);
}

int64_t BoundedTrials(const v1::SearchSpec& spec, int64_t trials) {
  const int64_t bound = spec.budget().trials();
  return bound > 0 ? std::min(trials, bound) : trials;
}

int64_t LeastEpochs(const v1::SearchSpec& spec, const TrialStep& first) {
  const bool whole = spec.algorithm().has_halving() || spec.algorithm().has_hyperband();
  return EpochsOf(spec, SearchSpace(spec.space()), whole ? 0 : first.epochs, first.parameters);
}

std::vector<TrialStep> WithinBudget(const v1::SearchSpec& spec,
                                    const std::vector<v1::SearchTrial>& trials,
                                    std::vector<TrialStep> steps) {
  const v1::SearchBudget& budget = spec.budget();
  const SearchSpace space(spec.space());
  const auto parameters_of = [](const v1::SearchTrial& trial) {
    return Parameters(trial.parameters().begin(), trial.parameters().end());
  };
  const auto epochs_of_trial = [&](const v1::SearchTrial& trial) {
    return EpochsOf(spec, space, trial.granted_epochs(), parameters_of(trial));
  };
  auto made = static_cast<int64_t>(trials.size());
  int64_t epochs = 0;
  if (budget.epochs() > 0) {
    for (const v1::SearchTrial& trial : trials) epochs += epochs_of_trial(trial);
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    const TrialStep& step = steps[i];
    const bool is_new = step.trial > static_cast<int64_t>(trials.size());
    if (is_new) {
      ++made;
      epochs += EpochsOf(spec, space, step.epochs, step.parameters);
    } else {
      const v1::SearchTrial& trial = trials[static_cast<size_t>(step.trial - 1)];
      epochs -= epochs_of_trial(trial);
      epochs += EpochsOf(spec, space, step.epochs, parameters_of(trial));
    }
    if ((budget.trials() > 0 && made > budget.trials()) ||
        (budget.epochs() > 0 && epochs > budget.epochs())) {
      steps.resize(i);
      break;
    }
  }
  return steps;
}

}  // namespace fitd
