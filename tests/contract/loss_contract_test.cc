// Every kind of loss.

#include <cmath>

#include "gtest/gtest.h"
#include "tests/contract/engine_testing.h"

namespace fitd {
namespace {

// A problem that suits the kind. `logits`: the network ends without an activation.
Problem ProblemFor(const v1::LossSpec& loss, bool logits) {
  Problem problem = {.model = {}, .training = {}, .inputs = RandomNumbers(20), .targets = {}};
  std::string activation = "linear";
  switch (loss.kind_case()) {
    case v1::LossSpec::kMeanSquaredError:
    case v1::LossSpec::kMeanAbsoluteError:
    case v1::LossSpec::kHuber:
      problem.target_width = 3;
      problem.targets = {2, -1, 0.5f, 3, 0, 1, -2, -3, 4, 1.5f, 0, -1, 2, 2, 2};
      break;
    case v1::LossSpec::kBinaryCrossentropy:
      activation = "sigmoid";
      problem.target_width = 3;
      problem.targets = {0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0, 1};
      break;
    case v1::LossSpec::kCategoricalCrossentropy:
      activation = "softmax";
      problem.target_width = 3;
      problem.targets = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0};
      break;
    case v1::LossSpec::kSparseCategoricalCrossentropy:
      activation = "softmax";
      problem.targets = {0, 1, 2, 1, 0};
      break;
    case v1::LossSpec::KIND_NOT_SET:
      break;
  }
  problem.model = ResolvedModel("input_shape: 4 layers { dense { units: 3 activation { " +
                                (logits ? "linear" : activation) + " {} } } }");
  *problem.training.mutable_loss() = loss;
  problem.training.mutable_optimizer()->mutable_sgd();
  problem.training = ResolvedTraining(problem.training);
  return problem;
}

// Sets a field of the kind's message, if it has it.
template <typename Value>
bool SetField(v1::LossSpec& loss, const std::string& kind, const std::string& name, Value value) {
  google::protobuf::Message* message =
      loss.GetReflection()->MutableMessage(&loss, loss.GetDescriptor()->FindFieldByName(kind));
  const auto* field = message->GetDescriptor()->FindFieldByName(name);
  if (field == nullptr) return false;
  if constexpr (std::is_same_v<Value, bool>) {
    message->GetReflection()->SetBool(message, field, value);
  } else {
    message->GetReflection()->SetFloat(message, field, value);
  }
  return true;
}

class LossContractTest : public testing::TestWithParam<std::string> {
 protected:
  v1::LossSpec loss() const { return WithKind<v1::LossSpec>(GetParam()); }
};

TEST_P(LossContractTest, GradientsMatchDifferences) {
  ExpectGradientsMatchDifferences(ProblemFor(loss(), false));
}

TEST_P(LossContractTest, GradientsMatchDifferencesFromLogitsAndWithSmoothing) {
  v1::LossSpec from_logits = loss();
  if (SetField(from_logits, GetParam(), "from_logits", true)) {
    ExpectGradientsMatchDifferences(ProblemFor(from_logits, true));
  }
  v1::LossSpec smoothed = loss();
  if (SetField(smoothed, GetParam(), "label_smoothing", 0.2f)) {
    ExpectGradientsMatchDifferences(ProblemFor(smoothed, false));
    SetField(smoothed, GetParam(), "from_logits", true);
    ExpectGradientsMatchDifferences(ProblemFor(smoothed, true));
  }
}

TEST_P(LossContractTest, FallsWhileTraining) {
  const Problem problem = ProblemFor(loss(), false);
  const std::unique_ptr<TrainingPlan> plan = MakePlan(problem);
  plan->Evaluate(problem.rows());
  const double before = plan->loss();
  for (int step = 0; step < 50; ++step) plan->Step(problem.rows(), 0.05f);
  EXPECT_LT(plan->loss(), before);
  EXPECT_GE(plan->loss(), 0.0);
}

TEST_P(LossContractTest, RowsOfWeightZeroDoNotCount) {
  const Problem problem = ProblemFor(loss(), false);
  const std::unique_ptr<TrainingPlan> plan = MakePlan(problem);
  plan->Evaluate(2);
  const double two_rows = plan->loss() * 2;
  std::fill(plan->row_weights() + 2, plan->row_weights() + problem.rows(), 0.0f);
  plan->Evaluate(problem.rows());
  EXPECT_NEAR(plan->loss() * static_cast<double>(problem.rows()), two_rows, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LossContractTest, AllKinds<v1::LossSpec>(), KindTestName);

}  // namespace
}  // namespace fitd
