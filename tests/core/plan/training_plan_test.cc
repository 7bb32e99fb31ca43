#include "core/plan/training_plan.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/base/rng.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"
#include "tests/testing/status_matchers.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FITD_CLANG_THREAD_SANITIZER
#endif
#endif

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Optional;

std::unique_ptr<TrainingPlan> MakePlan(const TrainingPlan::Options& options) {
  auto plan = TrainingPlan::Create(options);
  EXPECT_THAT(plan, IsOk());
  return *std::move(plan);
}

std::unique_ptr<TrainingPlan> MakePlan(const std::string& model, const std::string& training) {
  return MakePlan({.model = ResolvedModel(model), .training = ResolvedTraining(training)});
}

void Fill(float* buffer, const std::vector<float>& values) {
  std::copy(values.begin(), values.end(), buffer);
}

std::vector<float> Outputs(const TrainingPlan& plan, size_t count) {
  return {plan.outputs(), plan.outputs() + count};
}

const Weight& Find(const Weights& weights, const std::string& name) {
  return *std::find_if(weights.tensors.begin(), weights.tensors.end(),
                       [&](const Weight& weight) { return weight.name == name; });
}

// Replaces the values of one weight.
void Set(TrainingPlan& plan, const std::string& name, const std::vector<float>& values) {
  Weights weights = plan.Snapshot();
  const_cast<Weight&>(Find(weights, name)).values = values;
  plan.Restore(weights);
}

std::vector<float> Get(const TrainingPlan& plan, const std::string& name) {
  const Weights weights = plan.Snapshot();
  return Find(weights, name).values;
}

constexpr char kOneUnit[] = "input_shape: 1 layers { dense { units: 1 use_bias: false } }";

TEST(TrainingPlanTest, TakesOneStepOfGradientDescent) {
  auto plan = MakePlan(kOneUnit, "loss { mean_squared_error {} } optimizer { sgd {} }");
  Set(*plan, "dense/kernel", {2.0f});
  Fill(plan->inputs(), {3.0f, 1.0f});
  Fill(plan->targets(), {5.0f, 0.0f});
  plan->Step(2, 0.1f);
  EXPECT_THAT(Outputs(*plan, 2), ElementsAre(6.0f, 2.0f));
  EXPECT_NEAR(plan->loss(), (1.0 + 4.0) / 2, 1e-6);
  // d loss / d w = (2 * 1 * 3 + 2 * 2 * 1) / 2 = 5.
  EXPECT_THAT(Get(*plan, "dense/kernel"), ElementsAre(FloatNear(1.5f, 1e-6f)));
  EXPECT_EQ(plan->iterations(), 1);
}

TEST(TrainingPlanTest, EvaluateChangesNothing) {
  auto plan = MakePlan(kOneUnit, "loss { mean_squared_error {} } optimizer { adam {} }");
  const std::string before = plan->Snapshot().Sha256();
  Fill(plan->inputs(), {1.0f});
  plan->Evaluate(1);
  EXPECT_EQ(plan->Snapshot().Sha256(), before);
  EXPECT_EQ(plan->iterations(), 0);
}

TEST(TrainingPlanTest, WeighsRowsInTheLoss) {
  auto plan = MakePlan(kOneUnit, "loss { mean_squared_error {} } optimizer { sgd {} }");
  Set(*plan, "dense/kernel", {1.0f});
  Fill(plan->inputs(), {1.0f, 2.0f});
  Fill(plan->targets(), {0.0f, 0.0f});
  Fill(plan->row_weights(), {3.0f, 0.5f});
  plan->Evaluate(2);
  EXPECT_NEAR(plan->loss(), (3.0 * 1.0 + 0.5 * 4.0) / 2, 1e-6);
}

TEST(TrainingPlanTest, AddsPenaltiesToLossAndGradient) {
  auto plan = MakePlan(
      "input_shape: 1 layers { dense { units: 1 kernel_regularizer { l1_l2 { l1: 0.5 l2: 0.25 } } "
      "bias_regularizer { l2 { l2: 2 } } activity_regularizer { l2 { l2: 0.1 } } } }",
      "loss { mean_squared_error {} } optimizer { sgd {} }");
  Set(*plan, "dense/kernel", {-2.0f});
  Set(*plan, "dense/bias", {1.0f});
  Fill(plan->inputs(), {1.0f, 2.0f});  // Outputs -1, -3.
  Fill(plan->targets(), {-1.0f, -3.0f});
  plan->Step(2, 1.0f);
  EXPECT_NEAR(plan->loss(), 0.0 + 0.5 * 2 + 0.25 * 4 + 2 * 1 + 0.1 * (1 + 9) / 2, 1e-6);
  // d activity / d y = 0.2 y / 2 = -0.1, -0.3.
  EXPECT_THAT(Get(*plan, "dense/kernel"),
              ElementsAre(FloatNear(-2.0f - (-0.5f + 2 * 0.25f * -2 - 0.1f - 0.6f), 1e-5f)));
  EXPECT_THAT(Get(*plan, "dense/bias"), ElementsAre(FloatNear(1.0f - (2 * 2 * 1 - 0.4f), 1e-5f)));
}

TEST(TrainingPlanTest, InvertsStandardisedTargets) {
  TrainingPlan::Options options = {
      .model = ResolvedModel(kOneUnit),
      .training = ResolvedTraining("loss { mean_squared_error {} } optimizer { sgd {} }")};
  options.target.mutable_regression()->add_mean(10.0);
  options.target.mutable_regression()->add_stddev(2.0);
  auto plan = MakePlan(options);
  Set(*plan, "dense/kernel", {3.0f});
  Fill(plan->inputs(), {1.0f});
  Fill(plan->targets(), {15.0f});
  plan->Step(1, 0.1f);
  EXPECT_THAT(Outputs(*plan, 1), ElementsAre(16.0f));
  EXPECT_NEAR(plan->loss(), 1.0, 1e-6);
  // What training on the standardised target (15 - 10) / 2 would do: d loss / d w = 2 (3 - 2.5).
  EXPECT_THAT(Get(*plan, "dense/kernel"), ElementsAre(FloatNear(3.0f - 0.1f * 2 * 0.5f, 1e-6f)));
}

// On targets of mean 0 and deviation 1 as on their standardised forms in another unit, with
// penalties and a clip that bites.
TEST(TrainingPlanTest, TrainsAsOnStandardisedTargets) {
  const auto trained = [](const std::string& loss, double mean, double stddev, double* value) {
    TrainingPlan::Options options = {
        .model = ResolvedModel("input_shape: 1 layers { dense { units: 1 kernel_regularizer { l2 { "
                               "l2: 0.1 } } activity_regularizer { l2 { l2: 0.2 } } } }"),
        .training = ResolvedTraining("loss { " + loss + " } optimizer { sgd {} clipnorm: 1.5 }")};
    options.target.mutable_regression()->add_mean(mean);
    options.target.mutable_regression()->add_stddev(stddev);
    auto plan = MakePlan(options);
    Set(*plan, "dense/kernel", {3.0f});
    Fill(plan->inputs(), {1.0f, -0.5f});
    const auto target = [&](double z) { return static_cast<float>(mean + stddev * z); };
    for (int step = 0; step < 5; ++step) {
      Fill(plan->targets(), {target(0.5), target(-1)});
      plan->Step(2, 0.1f);
    }
    *value = plan->loss();
    return Get(*plan, "dense/kernel").front();
  };
  double plain = 0, scaled = 0;
  EXPECT_NEAR(trained("mean_squared_error {}", 0, 1, &plain),
              trained("mean_squared_error {}", 64, 16, &scaled), 1e-5);
  EXPECT_NEAR(scaled / (16 * 16), plain, 1e-5);
  EXPECT_NEAR(trained("mean_absolute_error {}", 0, 1, &plain),
              trained("mean_absolute_error {}", 64, 16, &scaled), 1e-5);
  EXPECT_NEAR(scaled / 16, plain, 1e-5);
  // The delta is in the target's unit.
  EXPECT_NEAR(trained("huber { delta: 1 }", 0, 1, &plain),
              trained("huber { delta: 16 }", 64, 16, &scaled), 1e-5);
  EXPECT_NEAR(scaled / (16 * 16), plain, 1e-5);
}

struct ClipCase {
  const char* clip;
  float first, second;  // What the gradients 6 and 8 of two weights become.
};

class ClipTest : public testing::TestWithParam<ClipCase> {};

TEST_P(ClipTest, LimitsGradients) {
  auto plan = MakePlan(
      "input_shape: 1 layers { dense { units: 1 use_bias: false } } layers { dense { units: 1 "
      "use_bias: false } }",
      std::string("loss { mean_squared_error {} } optimizer { sgd {} ") + GetParam().clip + "}");
  Set(*plan, "dense/kernel", {4.0f});
  Set(*plan, "dense_1/kernel", {3.0f});
  Fill(plan->inputs(), {1.0f});
  Fill(plan->targets(), {11.0f});  // Output 12, d loss / d output = 2.
  plan->Step(1, 1.0f);
  EXPECT_THAT(Get(*plan, "dense/kernel"), ElementsAre(FloatNear(4.0f - GetParam().first, 1e-5f)));
  EXPECT_THAT(Get(*plan, "dense_1/kernel"),
              ElementsAre(FloatNear(3.0f - GetParam().second, 1e-5f)));
}

INSTANTIATE_TEST_SUITE_P(All, ClipTest,
                         testing::Values(ClipCase{"", 6, 8}, ClipCase{"clipnorm: 7", 6, 7},
                                         ClipCase{"global_clipnorm: 5", 3, 4},
                                         ClipCase{"clipvalue: 2.5", 2.5, 2.5}));

TEST(TrainingPlanTest, TakesClassIndicesForCategoricalCrossentropy) {
  for (const char* smoothing : {"", "label_smoothing: 0.2"}) {
    auto plan = MakePlan("input_shape: 2 layers { dense { units: 3 activation { softmax {} } } }",
                         std::string("loss { categorical_crossentropy { ") + smoothing +
                             " } } optimizer { sgd {} }");
    Fill(plan->inputs(), {1.0f, -1.0f});
    Fill(plan->targets(), {2.0f});
    plan->Evaluate(1);
    const double s = *smoothing == '\0' ? 0.0 : 0.2;
    double expected = 0;
    for (int c = 0; c < 3; ++c) {
      expected -= ((c == 2 ? 1 - s : 0.0) + s / 3) * std::log(plan->outputs()[c]);
    }
    EXPECT_NEAR(plan->loss(), expected, 1e-5) << smoothing;
  }
}

TEST(TrainingPlanTest, RefusesTargetsOfAnotherWidth) {
  EXPECT_THAT(TrainingPlan::Create({.model = ResolvedModel(kOneUnit),
                                    .training = ResolvedTraining(
                                        "loss { mean_squared_error {} } optimizer { sgd {} }"),
                                    .target_width = 2}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2 values per row")));
}

TEST(TrainingPlanTest, RefusesWeightsOfAnotherNetwork) {
  const std::string training = "loss { mean_squared_error {} } optimizer { sgd {} }";
  const Weights weights = MakePlan(kOneUnit, training)->Snapshot();
  EXPECT_THAT(
      TrainingPlan::Create({.model = ResolvedModel("input_shape: 2 layers { dense { units: 1 } }"),
                            .training = ResolvedTraining(training),
                            .initial = weights}),
      StatusIs(absl::StatusCode::kDataLoss));
}

TEST(TrainingPlanTest, AdaptsNormalizationToWhatReachesIt) {
  auto plan = MakePlan(
      "input_shape: 2 layers { rescaling { scale: 2 } } layers { normalization {} } "
      "layers { dense { units: 1 } }",
      "loss { mean_squared_error {} } optimizer { sgd {} }");
  ASSERT_TRUE(plan->needs_adaptation());
  Fill(plan->inputs(), {1.0f, 10.0f, 2.0f, 10.0f});
  plan->AdaptRows(2);
  Fill(plan->inputs(), {3.0f, 10.0f});
  plan->AdaptRows(1);
  plan->FinishAdaptation();
  EXPECT_FALSE(plan->needs_adaptation());
  EXPECT_THAT(Get(*plan, "normalization/mean"), ElementsAre(4.0f, 20.0f));
  EXPECT_THAT(Get(*plan, "normalization/variance"), ElementsAre(FloatNear(8.0f / 3, 1e-6f), 0.0f));
}

TEST(TrainingPlanTest, KeepsTheAdaptationOfInitialWeights) {
  TrainingPlan::Options options = {
      .model =
          ResolvedModel("input_shape: 1 layers { normalization {} } layers { dense { units: 1 } }"),
      .training = ResolvedTraining("loss { mean_squared_error {} } optimizer { sgd {} }")};
  options.initial = MakePlan(options)->Snapshot();
  EXPECT_FALSE(MakePlan(options)->needs_adaptation());
}

constexpr char kDropoutNet[] =
    "input_shape: 20 layers { dense { units: 16 activation { gelu {} } } } layers { dropout { "
    "rate: 0.3 } } "
    "layers { dense { units: 12 activation { tanh {} } kernel_regularizer { l2 {} } } } "
    "layers { dense { units: 4 activation { softmax {} } } }";
constexpr char kDropoutTraining[] =
    "loss { sparse_categorical_crossentropy {} } optimizer { adam {} global_clipnorm: 1 } "
    "batch_size: 13 seed: 5";

// The weights after some steps on random rows, the last step on fewer.
std::string TrainedSha256(int threads) {
  auto plan = MakePlan({.model = ResolvedModel(kDropoutNet),
                        .training = ResolvedTraining(kDropoutTraining),
                        .threads = threads});
  const Rng rng(1, RandomPurpose::kShuffle);
  for (uint64_t step = 0; step < 20; ++step) {
    for (uint64_t i = 0; i < 13 * 20; ++i) {
      plan->inputs()[i] = static_cast<float>(rng.Normal(step * 1000 + i));
    }
    for (uint64_t r = 0; r < 13; ++r) plan->targets()[r] = static_cast<float>((r + step) % 4);
    plan->Step(step == 19 ? 5 : 13, 0.01f);
  }
  return plan->Snapshot().Sha256();
}

TEST(TrainingPlanTest, ThreadsDoNotChangeBits) {
  const std::string alone = TrainedSha256(1);
  EXPECT_EQ(TrainedSha256(1), alone);
  EXPECT_EQ(TrainedSha256(2), alone);
  EXPECT_EQ(TrainedSha256(3), alone);
}

// Rows of random bytes.
class ByteRows final : public RowSource {
 public:
  using RowSource::GatherFeatures;
  int64_t rows() const override { return 100; }
  int64_t feature_width() const override { return 20; }
  int64_t target_width() const override { return 1; }
  void GatherFeatures(std::span<const uint32_t> rows, std::span<const uint32_t>,
                      const Rescale& rescale, float* x) const override {
    ActiveKernels().gather_u8({.count = static_cast<int64_t>(rows.size()),
                               .rows = rows.data(),
                               .data = bytes_.data(),
                               .width = 20,
                               .out = x,
                               .out_row = 20,
                               .rescale = rescale},
                              {0, 1});
  }
  void GatherTargets(std::span<const uint32_t>, float*) const override {}
  void GatherSampleWeights(std::span<const uint32_t>, float*) const override {}

 private:
  const std::vector<uint8_t> bytes_ = [] {
    const Rng rng(3, RandomPurpose::kShuffle);
    std::vector<uint8_t> bytes(100 * 20);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(rng.Bits(i));
    return bytes;
  }();
};

// With a layer that rescales below or above one that passes everything through, and without.
TEST(TrainingPlanTest, GathersWhatWouldBeInItsInputs) {
  const ByteRows source;
  for (const std::string first : {"layers { flatten {} } layers { rescaling { scale: 0.01 } } ",
                                  "layers { rescaling { scale: 0.01 offset: -1 } } ", ""}) {
    for (const int threads : {1, 3}) {
      const TrainingPlan::Options options = {
          .model = ResolvedModel("input_shape: 20 " + first +
                                 "layers { dense { units: 4 activation { softmax {} } } }"),
          .training = ResolvedTraining(kDropoutTraining),
          .threads = threads};
      const auto gathering = MakePlan(options);
      const auto given = MakePlan(options);
      for (uint32_t step = 0; step < 5; ++step) {
        std::vector<uint32_t> rows(step == 4 ? 5 : 13);
        for (uint32_t i = 0; i < rows.size(); ++i) rows[i] = (17 * i + 31 * step) % 100;
        const auto count = static_cast<int64_t>(rows.size());
        gathering->Gather(source, rows, rows);
        source.GatherFeatures(rows, given->inputs());
        gathering->Step(count, 0.01f);
        given->Step(count, 0.01f);
        ASSERT_EQ(gathering->Snapshot().Sha256(), given->Snapshot().Sha256()) << first << step;
      }
      // Once.
      source.GatherFeatures(std::vector<uint32_t>{7}, gathering->inputs());
      source.GatherFeatures(std::vector<uint32_t>{7}, given->inputs());
      gathering->Evaluate(1);
      given->Evaluate(1);
      EXPECT_EQ(Outputs(*gathering, 4), Outputs(*given, 4)) << first;
    }
  }
}

// How a process ends that runs this after it gave up all system calls but exit's.
template <typename Body>
int StatusWithoutSystemCalls(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(2);
    body();
    syscall(SYS_exit, 0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST(TrainingPlanTest, StepsOfASizeSeenBeforeCallNoSystem) {
#if defined(__SANITIZE_THREAD__) || defined(FITD_CLANG_THREAD_SANITIZER)
  GTEST_SKIP() << "the thread sanitizer makes system calls of its own";
#endif
  const ByteRows source;
  const auto plan = MakePlan(kDropoutNet, kDropoutTraining);
  std::vector<uint32_t> rows(13);
  std::iota(rows.begin(), rows.end(), 0U);
  const auto train = [&] {
    for (int step = 0; step < 20; ++step) {
      plan->Gather(source, rows, rows);
      plan->Step(13, 0.01f);
    }
  };
  train();
  const int status = StatusWithoutSystemCalls(train);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  // A call would have been seen.
  EXPECT_TRUE(WIFSIGNALED(StatusWithoutSystemCalls([] { getppid(); })));
}

TEST(TrainingPlanTest, DropoutDropsOnlyInTraining) {
  auto plan =
      MakePlan({.model = ResolvedModel("input_shape: 1000 layers { dropout { rate: 0.25 } }"),
                .training = ResolvedTraining("loss { mean_squared_error {} } optimizer { sgd {} }"),
                .target_width = 1000});
  std::fill_n(plan->inputs(), 1000, 3.0f);
  plan->Evaluate(1);
  EXPECT_THAT(Outputs(*plan, 1000), Each(3.0f));
  plan->Step(1, 0.1f);
  EXPECT_THAT(Outputs(*plan, 1000), Each(AnyOf(0.0f, FloatNear(4.0f, 1e-5f))));
  EXPECT_NEAR(std::count(plan->outputs(), plan->outputs() + 1000, 0.0f), 250, 60);
}

// Central differences of the evaluated loss against what one step of plain gradient descent took
// off each weight.
TEST(TrainingPlanTest, GradientsMatchFiniteDifferences) {
  auto plan = MakePlan(
      {.model = ResolvedModel(
           "input_shape: [2, 3] layers { rescaling { scale: 0.5 offset: 0.1 } } layers { flatten "
           "{} } "
           "layers { dense { units: 5 activation { silu {} } } } layers { activation { elu {} } } "
           "layers { dense { units: 4 activation { tanh {} } activity_regularizer { l2 {} } } } "
           "layers { normalization { mean: 0.1 variance: 0.5 } } "
           "layers { dense { units: 3 activation { softmax {} } kernel_regularizer { l2 {} } } }"),
       .training = ResolvedTraining("loss { sparse_categorical_crossentropy {} } optimizer { sgd "
                                    "{} } batch_size: 4 seed: 3")});
  const Rng rng(2, RandomPurpose::kShuffle);
  for (uint64_t i = 0; i < 4 * 6; ++i) plan->inputs()[i] = static_cast<float>(rng.Normal(i));
  Fill(plan->targets(), {0, 2, 1, 2});

  const Weights start = plan->Snapshot();
  plan->Step(4, 1.0f);
  const Weights moved = plan->Snapshot();
  constexpr float kDistance = 1e-2f;
  for (size_t t = 0; t < start.tensors.size(); ++t) {
    if (!start.tensors[t].trainable) continue;
    for (size_t i = 0; i < start.tensors[t].values.size(); ++i) {
      Weights shifted = start;
      const auto loss_at = [&](float shift) {
        shifted.tensors[t].values[i] = start.tensors[t].values[i] + shift;
        plan->Restore(shifted);
        plan->Evaluate(4);
        return plan->loss();
      };
      const double slope = (loss_at(kDistance) - loss_at(-kDistance)) / (2 * kDistance);
      EXPECT_NEAR(start.tensors[t].values[i] - moved.tensors[t].values[i], slope, 2e-3)
          << start.tensors[t].name << "[" << i << "]";
    }
  }
}

TEST(TrainingPlanTest, FindsWhereNonFiniteValuesBegin) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  auto plan = MakePlan(
      "input_shape: 1 layers { dense { units: 2 activation { relu {} } } } layers { dense { units: "
      "1 } }",
      "loss { mean_squared_error {} } optimizer { sgd {} }");
  const auto found = [&](const char* layer, const char* tensor) {
    return Optional(AllOf(Field(&NonFinite::layer, layer), Field(&NonFinite::tensor, tensor)));
  };
  const Weights good = plan->Snapshot();
  Fill(plan->inputs(), {1.0f});
  plan->Evaluate(1);
  EXPECT_EQ(plan->FindNonFinite(), std::nullopt);
  EXPECT_TRUE(plan->weights_finite());

  Set(*plan, "dense_1/bias", {nan});
  EXPECT_FALSE(plan->weights_finite());
  EXPECT_THAT(plan->FindNonFinite(), found("dense_1", "bias"));
  plan->Evaluate(1);
  EXPECT_THAT(plan->FindNonFinite(), found("dense_1", "output"));

  plan->Restore(good);
  Fill(plan->targets(), {nan});
  plan->Evaluate(1);
  EXPECT_THAT(plan->FindNonFinite(), found("", "loss"));
}

}  // namespace
}  // namespace fitd
