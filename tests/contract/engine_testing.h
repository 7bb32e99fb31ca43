// What every kind of layer, loss and optimizer must do, on one small network at a time.

#ifndef FITD_TESTS_CONTRACT_ENGINE_TESTING_H_
#define FITD_TESTS_CONTRACT_ENGINE_TESTING_H_

#include <algorithm>
#include <cctype>
#include <memory>
#include <string>
#include <vector>

#include "core/base/kinds.h"
#include "core/base/rng.h"
#include "core/plan/training_plan.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"
#include "tests/testing/status_matchers.h"

namespace fitd {

// Every kind that Spec's oneof lists, as test parameters by name.
template <typename Spec>
auto AllKinds() {
  return testing::ValuesIn(KindNames(*Spec::descriptor()));
}
inline std::string KindTestName(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

// A spec of this kind with nothing but its kind set.
template <typename Spec>
Spec WithKind(const std::string& kind) {
  Spec spec;
  const auto* field = Spec::descriptor()->FindFieldByName(kind);
  spec.GetReflection()->MutableMessage(&spec, field);
  return spec;
}

// A network, its loss, and a batch of random rows to train on.
struct Problem {
  v1::ModelSpec model;        // Resolved.
  v1::TrainingSpec training;  // Resolved.
  int64_t target_width = 1;
  std::vector<float> inputs;
  std::vector<float> targets;

  int64_t rows() const { return static_cast<int64_t>(targets.size()) / target_width; }
};

inline std::vector<float> RandomNumbers(size_t count) {
  const Rng rng(11, RandomPurpose::kShuffle);
  std::vector<float> numbers(count);
  for (size_t i = 0; i < count; ++i) numbers[i] = static_cast<float>(rng.Normal(i));
  return numbers;
}

// Four inputs, three classes, five rows.
inline Problem ClassificationProblem(const std::string& layers) {
  return {.model = ResolvedModel("input_shape: 4 " + layers +
                                 " layers { dense { units: 3 activation { softmax {} } } }"),
          .training = ResolvedTraining(
              "loss { sparse_categorical_crossentropy {} } optimizer { sgd {} } batch_size: 5"),
          .inputs = RandomNumbers(20),
          .targets = {0, 1, 2, 1, 0}};
}

inline std::unique_ptr<TrainingPlan> MakePlan(const Problem& problem,
                                              std::optional<Weights> initial = std::nullopt) {
  auto created = TrainingPlan::Create({.model = problem.model,
                                       .training = problem.training,
                                       .target_width = problem.target_width,
                                       .initial = std::move(initial)});
  EXPECT_THAT(created, IsOk());
  std::unique_ptr<TrainingPlan> plan = *std::move(created);
  std::copy(problem.inputs.begin(), problem.inputs.end(), plan->inputs());
  std::copy(problem.targets.begin(), problem.targets.end(), plan->targets());
  if (plan->needs_adaptation()) {
    plan->AdaptRows(problem.rows());
    plan->FinishAdaptation();
  }
  return plan;
}

// The gradient, read off one step of plain gradient descent, against central differences of the
// loss. A fresh plan for every difference: it draws the same dropout.
inline void ExpectGradientsMatchDifferences(Problem problem) {
  problem.training.mutable_optimizer()->mutable_sgd();
  const std::unique_ptr<TrainingPlan> plan = MakePlan(problem);
  const Weights start = plan->Snapshot();
  plan->Step(problem.rows(), 1.0f);
  const Weights moved = plan->Snapshot();
  constexpr float kDistance = 4e-3f;
  for (size_t t = 0; t < start.tensors.size(); ++t) {
    if (!start.tensors[t].trainable) continue;
    for (size_t i = 0; i < start.tensors[t].values.size(); ++i) {
      const auto loss_at = [&](float shift) {
        Weights shifted = start;
        shifted.tensors[t].values[i] += shift;
        const std::unique_ptr<TrainingPlan> other = MakePlan(problem, shifted);
        other->Step(problem.rows(), 0.0f);
        return other->loss();
      };
      const double slope = (loss_at(kDistance) - loss_at(-kDistance)) / (2.0 * kDistance);
      EXPECT_NEAR(start.tensors[t].values[i] - moved.tensors[t].values[i], slope, 3e-3)
          << start.tensors[t].name << "[" << i << "]";
    }
  }
}

}  // namespace fitd

#endif  // FITD_TESTS_CONTRACT_ENGINE_TESTING_H_
