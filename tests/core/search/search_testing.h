// A trial's base and spaces over it.

#ifndef FITD_TESTS_CORE_SEARCH_SEARCH_TESTING_H_
#define FITD_TESTS_CORE_SEARCH_SEARCH_TESTING_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/search/resolve_search.h"
#include "core/search/search_budget.h"
#include "core/search/search_factory.h"
#include "core/search/search_space.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"

namespace fitd {

// dense (8, relu), dropout (0.5), dense_1 (4, relu), dense_2 (3, softmax); sgd.
inline v1::TrialSpec Base() {
  v1::TrialSpec base;
  *base.mutable_model() = ResolvedModel(
      "input_shape: 2 layers { dense { units: 8 activation { relu {} } } }"
      "layers { dropout { rate: 0.5 } } layers { dense { units: 4 activation { relu {} } } }"
      "layers { dense { units: 3 activation { softmax {} } } }");
  *base.mutable_training() = ParseText<v1::TrainingSpec>(
      "optimizer { sgd {} } loss { sparse_categorical_crossentropy {} } batch_size: 8");
  return base;
}

// Resolved.
inline v1::SearchSpec Resolved(const std::string& text) {
  auto spec = ParseText<v1::SearchSpec>(text);
  v1::TrialSpec base = Base();
  Violations violations;
  ResolveSearch(base, "spec", spec, violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return spec;
}

// "batch_size=8 units=16".
inline std::string Text(const Parameters& parameters) {
  std::string text;
  for (const v1::TrialParameter& parameter : parameters)
    text += (text.empty() ? "" : " ") + parameter.path() + "=" + parameter.value();
  return text;
}

// Plays a search within its budget: `score` says how a trial does after so many epochs of `epochs`;
// `order` picks which of the waiting steps ends next, and `most` is how many may wait.
class Play {
 public:
  using Score = std::function<std::optional<double>(const v1::SearchTrial&, int64_t epochs)>;
  using Order = std::function<size_t(size_t waiting)>;
  Play(const v1::SearchSpec& spec, const Score& score, size_t most, const Order& order) {
    const SearchSpace space(spec.space());
    const auto algorithm = MakeSearchAlgorithm(spec, space);
    planned_trials = algorithm->planned_trials();
    planned_epochs = algorithm->planned_epochs();
    std::vector<TrialStep> waiting;
    while (true) {
      const auto room = static_cast<int64_t>(most - waiting.size());
      for (TrialStep& step : WithinBudget(spec, trials, algorithm->Next(trials, room))) {
        EXPECT_LE(step.trial, static_cast<int64_t>(trials.size()) + 1);
        if (step.trial > static_cast<int64_t>(trials.size())) {
          v1::SearchTrial& trial = trials.emplace_back();
          trial.set_number(step.trial);
          *trial.mutable_parameters() = {step.parameters.begin(), step.parameters.end()};
        }
        trials[static_cast<size_t>(step.trial - 1)].set_granted_epochs(step.epochs);
        waiting.push_back(std::move(step));
      }
      if (waiting.empty()) return;
      const size_t next = order(waiting.size());
      End(trials[static_cast<size_t>(waiting[next].trial - 1)], spec.training().epochs(), score);
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(next));
    }
  }

  // What became of each trial, a line each.
  std::string Table() const {
    std::string table;
    for (const v1::SearchTrial& trial : trials) table += trial.ShortDebugString() + "\n";
    return table;
  }
  // Epochs of every trial that trained exactly so many.
  int64_t TrialsWith(int64_t epochs) const {
    return std::count_if(trials.begin(), trials.end(),
                         [&](const auto& trial) { return trial.epochs() == epochs; });
  }
  int64_t Epochs() const {
    int64_t epochs = 0;
    for (const v1::SearchTrial& trial : trials) epochs += trial.epochs();
    return epochs;
  }

  int64_t planned_trials = 0;
  int64_t planned_epochs = 0;
  std::vector<v1::SearchTrial> trials;

 private:
  static void End(v1::SearchTrial& trial, int64_t epochs, const Score& score) {
    const int64_t granted = trial.granted_epochs();
    trial.set_epochs(granted == 0 ? epochs : granted);
    const std::optional<double> reached = score(trial, trial.epochs());
    if (granted == 0) {
      trial.set_state(reached ? v1::JOB_STATE_SUCCEEDED : v1::JOB_STATE_FAILED);
      if (reached) trial.set_score(*reached);
      return;
    }
    v1::TrialRung& rung = *trial.add_rungs();
    rung.set_epochs(granted);
    if (reached) rung.set_score(*reached);
  }
};

}  // namespace fitd

#endif  // FITD_TESTS_CORE_SEARCH_SEARCH_TESTING_H_
