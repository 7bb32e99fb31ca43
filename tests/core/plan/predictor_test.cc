#include "core/plan/predictor.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "core/base/rng.h"
#include "core/plan/training_plan.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;

constexpr char kModel[] =
    "input_shape: [3, 4] layers { normalization { mean: 0.5 variance: 2 } } layers { flatten {} } "
    "layers { dense { units: 9 activation { gelu {} } } } layers { dropout { rate: 0.5 } } "
    "layers { dense { units: 5 activation { softmax {} } } }";
constexpr int64_t kInputs = 12;
constexpr int64_t kOutputs = 5;

// With the weights that training would start from.
std::unique_ptr<Predictor> MakePredictor(const std::string& model_text) {
  TrainingPlan::Options options;
  options.model = ResolvedModel(model_text);
  options.training =
      ResolvedTraining("loss { sparse_categorical_crossentropy {} } optimizer { sgd {} }");
  auto plan = TrainingPlan::Create(options);
  EXPECT_THAT(plan, IsOk());
  auto predictor = Predictor::Create(options.model, (*plan)->Snapshot(), {});
  EXPECT_THAT(predictor, IsOk());
  return *std::move(predictor);
}

std::vector<float> RandomRows(int64_t rows) {
  const Rng rng(3, RandomPurpose::kShuffle);
  std::vector<float> x(static_cast<size_t>(rows * kInputs));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(rng.Normal(i));
  return x;
}

std::vector<float> Predict(const Predictor& predictor, const std::vector<float>& x) {
  const int64_t rows = static_cast<int64_t>(x.size()) / predictor.inputs();
  std::vector<float> y(static_cast<size_t>(rows * predictor.outputs()));
  predictor.Predict(x.data(), rows, y.data());
  return y;
}

TEST(PredictorTest, GivesUpBetweenSomeRowsAndTheNext) {
  const auto predictor = MakePredictor(kModel);
  const std::vector<float> x = RandomRows(10'000);
  std::vector<float> y(static_cast<size_t>(10'000 * predictor->outputs()));
  int asked = 0;
  EXPECT_FALSE(predictor->Predict(x.data(), 10'000, y.data(), [&] { return ++asked == 3; }));
  EXPECT_EQ(asked, 3);
}

TEST(PredictorTest, GivesWhatThePlanEvaluates) {
  const v1::ModelSpec model = ResolvedModel(kModel);
  FITD_ASSERT_OK_AND_ASSIGN(const auto plan,
                            TrainingPlan::Create({.model = model,
                                                  .training = ResolvedTraining(
                                                      "loss { sparse_categorical_crossentropy {} } "
                                                      "optimizer { sgd {} } seed: 4")}));
  FITD_ASSERT_OK_AND_ASSIGN(const auto predictor, Predictor::Create(model, plan->Snapshot(), {}));
  const std::vector<float> x = RandomRows(7);
  std::copy(x.begin(), x.end(), plan->inputs());
  plan->Evaluate(7);
  EXPECT_EQ(Predict(*predictor, x),
            std::vector<float>(plan->outputs(), plan->outputs() + 7 * kOutputs));
}

TEST(PredictorTest, ARowsBitsDoNotDependOnTheOthers) {
  const auto predictor = MakePredictor(kModel);
  const std::vector<float> x = RandomRows(600);
  const std::vector<float> together = Predict(*predictor, x);
  for (const int64_t row : {0, 1, 255, 256, 511, 599}) {
    const std::vector<float> alone =
        Predict(*predictor, {x.begin() + row * kInputs, x.begin() + (row + 1) * kInputs});
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + row * kOutputs)) << row;
  }
}

TEST(PredictorTest, ServesManyThreadsAtOnce) {
  const auto predictor = MakePredictor(kModel);
  const std::vector<float> x = RandomRows(40);
  const std::vector<float> expected = Predict(*predictor, x);
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) count += Predict(*predictor, x) != expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

TEST(PredictorTest, InvertsStandardisedTargets) {
  const v1::ModelSpec model = ResolvedModel("input_shape: 2 layers { activation { relu {} } }");
  const auto target =
      ParseText<v1::TargetTransform>("regression { mean: [10, 20] stddev: [2, 3] }");
  FITD_ASSERT_OK_AND_ASSIGN(const auto predictor, Predictor::Create(model, {}, target));
  EXPECT_THAT(Predict(*predictor, {1, 1, -1, 2}), ElementsAre(12, 23, 10, 26));
}

TEST(PredictorTest, RefusesATargetOfAnotherWidth) {
  const v1::ModelSpec model = ResolvedModel("input_shape: 2 layers { activation { relu {} } }");
  const auto target = ParseText<v1::TargetTransform>("regression { mean: 10 stddev: 2 }");
  EXPECT_THAT(Predictor::Create(model, {}, target), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PredictorTest, CopiesWhenNoLayerChangesAnything) {
  const v1::ModelSpec model =
      ResolvedModel("input_shape: [2, 2] layers { flatten {} } layers { dropout { rate: 0.5 } }");
  FITD_ASSERT_OK_AND_ASSIGN(const auto predictor, Predictor::Create(model, {}, {}));
  EXPECT_THAT(Predict(*predictor, {1, 2, 3, 4}), ElementsAre(1, 2, 3, 4));
}

TEST(PredictorTest, PredictsNoRows) {
  EXPECT_THAT(Predict(*MakePredictor(kModel), {}), ElementsAre());
}

TEST(PredictorTest, RefusesWeightsOfAnotherNetwork) {
  EXPECT_THAT(
      Predictor::Create(ResolvedModel("input_shape: 2 layers { dense { units: 1 } }"), {}, {}),
      StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace fitd
