#include "core/train/fit.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "core/train/fit_data.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/train/fit_fixture.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Lt;
using ::testing::Not;
using ::testing::Optional;

class RunFitTest : public FitFixture {};

TEST_F(RunFitTest, LearnsIrisFromStrings) {
  const FitResult result =
      Run(kIrisModel, Iris(), kClassification + "epochs: 40 validation_split: 0.2");
  EXPECT_THAT(Find(result.metrics, "accuracy"), Optional(Gt(0.93)));
  EXPECT_THAT(Find(result.metrics, "val_accuracy"), Optional(Gt(0.93)));
}

TEST_F(RunFitTest, LearnsDigits) {
  const FitResult result =
      Run(kDigitsModel, Digits(), kClassification + "epochs: 20 validation_split: 0.2");
  EXPECT_THAT(Find(result.metrics, "val_accuracy"), Optional(Gt(0.96)));
}

TEST_F(RunFitTest, LearnsDiabetesWithoutPreparation) {
  const FitResult result =
      Run(kDiabetesModel, Diabetes(), kRegression + "epochs: 60 validation_split: 0.2");
  EXPECT_THAT(Find(result.metrics, "val_r2_score"), Optional(Gt(0.4)));
  // Losses are in the target's own unit: its variance is about 5900.
  EXPECT_THAT(Find(result.metrics, "val_loss"), Optional(AllOf(Gt(1000), Lt(5000))));
}

// Targets of mean 150 and deviation 77 train as targets of mean 0 and deviation 1 would.
TEST_F(RunFitTest, LearnsDiabetesByPlainGradientDescent) {
  const FitResult result = Run(kDiabetesModel, Diabetes(),
                               "loss { mean_squared_error {} } optimizer { sgd {} learning_rate { "
                               "constant: 0.01 } } metrics { r2_score {} } epochs: 20");
  EXPECT_THAT(Find(result.metrics, "r2_score"), Optional(Gt(0.4)));
}

TEST_F(RunFitTest, LeavesTheThreadsArithmeticAlone) {
  Run(kIrisModel, Iris(), kClassification);
  volatile float smallest = 0x1p-126f;
  EXPECT_GT(smallest * 0.5f, 0);
}

TEST_F(RunFitTest, HoldsOutTheShareOfEveryOneHotClass) {
  std::string text = "x,y,z\n";
  for (int row = 0; row < 40; ++row) text += row < 10 ? "1,0,1\n" : "1,1,0\n";
  const Data data = Csv(text, {"y", "z"});
  v1::TrainingSpec training =
      Parse<v1::TrainingSpec>("loss { categorical_crossentropy {} } validation_split: 0.2 seed: 3");
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitForTraining(*data.table, training));
  EXPECT_EQ(split.validation.size(), 8U);
  EXPECT_EQ(std::count_if(split.validation.begin(), split.validation.end(),
                          [](uint32_t row) { return row < 10; }),
            2);
}

TEST_F(RunFitTest, ValidatesOnItsFoldAlone) {
  const FitResult result =
      Run(kIrisModel, Iris(), kClassification + "epochs: 3 fold { index: 2 count: 4 }");
  EXPECT_TRUE(std::any_of(result.metrics.begin(), result.metrics.end(),
                          [](const auto& metric) { return metric.name() == "val_loss"; }));
  std::string text = "x,y,z\n";
  for (int row = 0; row < 40; ++row) text += row < 10 ? "1,0,1\n" : "1,1,0\n";
  const Data data = Csv(text, {"y", "z"});
  const auto training = Parse<v1::TrainingSpec>(
      "loss { categorical_crossentropy {} } fold { index: 3 count: 5 } seed: 3");
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitForTraining(*data.table, training));
  EXPECT_EQ(split.validation.size(), 8U);
  EXPECT_EQ(std::count_if(split.validation.begin(), split.validation.end(),
                          [](uint32_t row) { return row < 10; }),
            2);
}

TEST_F(RunFitTest, TellsWhatHappens) {
  const FitResult result =
      Run(kIrisModel, Iris(), kClassification + "epochs: 3 batch_size: 50 validation_split: 0.2");
  EXPECT_EQ(observer_.training_rows, 120);
  EXPECT_EQ(observer_.validation_rows, 30);
  ASSERT_EQ(observer_.epochs.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    const v1::EpochCompleted& epoch = observer_.epochs[static_cast<size_t>(i)];
    EXPECT_EQ(epoch.epoch(), i + 1);
    EXPECT_EQ(epoch.steps(), 3 * (i + 1));
    EXPECT_EQ(epoch.learning_rate(), 0.01F);
    ASSERT_EQ(epoch.metrics_size(), 4);
    EXPECT_EQ(epoch.metrics(0).name(), "loss");
    EXPECT_EQ(epoch.metrics(1).name(), "accuracy");
    EXPECT_EQ(epoch.metrics(2).name(), "val_loss");
    EXPECT_EQ(epoch.metrics(3).name(), "val_accuracy");
  }
  EXPECT_EQ(result.epoch, 3);
  EXPECT_EQ(result.steps, 9);
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(Find(result.metrics, "val_loss"), Find(observer_.epochs[2].metrics(), "val_loss"));
  EXPECT_THAT(observer_.warnings, IsEmpty());
}

TEST_F(RunFitTest, SnapshotIsWhatAFitOfSoManyEpochsEndsWith) {
  const std::string training = kClassification + "validation_split: 0.2 epochs: ";
  const Data data = Iris();
  const std::string unwatched = Run(kIrisModel, data, training + "6").weights.Sha256();
  ASSERT_THAT(observer_.snapshots, IsEmpty());

  // Of two epochs in the middle, and not of the best one, the first, that is kept in the end.
  observer_.wants_snapshot = [this] {
    const int64_t epoch = observer_.epochs.back().epoch();
    return epoch == 3 || epoch == 4;
  };
  observer_.epochs.clear();
  const FitResult watched =
      Run(kIrisModel, data,
          training + "6 early_stopping { monitor: \"loss\" patience: 9 mode: MONITOR_MODE_MAX }");
  EXPECT_EQ(watched.epoch, 1);
  ASSERT_EQ(observer_.snapshots.size(), 2U);
  observer_.wants_snapshot = nullptr;
  for (const FitResult& snapshot : observer_.snapshots) {
    const FitResult ended = Run(kIrisModel, data, training + std::to_string(snapshot.epoch));
    EXPECT_EQ(snapshot.weights.Sha256(), ended.weights.Sha256()) << snapshot.epoch;
    EXPECT_EQ(snapshot.pipeline.SerializeAsString(), ended.pipeline.SerializeAsString());
    EXPECT_EQ(Find(snapshot.metrics, "val_loss"), Find(ended.metrics, "val_loss"));
    EXPECT_EQ(snapshot.steps, ended.steps);
    EXPECT_FALSE(snapshot.stopped);
  }
  EXPECT_EQ(observer_.snapshots[0].epoch, 3);
  EXPECT_EQ(observer_.snapshots[1].epoch, 4);

  observer_.wants_snapshot = [] { return true; };
  EXPECT_EQ(Run(kIrisModel, data, training + "6").weights.Sha256(), unwatched);
}

TEST_F(RunFitTest, GivesTheSameBitsForTheSameSeed) {
  const Data iris = Iris();
  const std::string training = kClassification + "epochs: 3 validation_split: 0.2 ";
  const std::string once = Run(kIrisModel, iris, training).weights.Sha256();
  EXPECT_EQ(Run(kIrisModel, iris, training).weights.Sha256(), once);
  EXPECT_NE(Run(kIrisModel, iris, training + "seed: 8").weights.Sha256(), once);
}

TEST_F(RunFitTest, GivesTheSameBitsForAnyNumberOfThreads) {
  const std::string model =
      "input_shape: 64 layers { dense { units: 33 activation { gelu {} } kernel_regularizer { l2 "
      "{} } } } "
      "layers { dropout { rate: 0.3 } } layers { dense { units: 10 activation { softmax {} } } }";
  FitInput input =
      Input(model, Digits(), kClassification + "epochs: 2 batch_size: 50 validation_split: 0.2");
  const std::string one = Run(input).weights.Sha256();
  input.threads = 2;
  EXPECT_EQ(Run(input).weights.Sha256(), one);
  input.threads = 3;
  EXPECT_EQ(Run(input).weights.Sha256(), one);
  EXPECT_EQ(observer_.epochs[0].metrics(2).value(), observer_.epochs[4].metrics(2).value());
}

TEST_F(RunFitTest, AveragesTheLossOverRowsNotBatches) {
  // With a rate that changes nothing, batches of 149 + 1 rows and of 150 rows see the same network.
  const Data iris = Iris();
  const std::string frozen =
      kClassification + "optimizer { sgd {} learning_rate { constant: 1e-30 } } ";
  const FitResult whole = Run(kIrisModel, iris, frozen + "batch_size: 150");
  const FitResult uneven = Run(kIrisModel, iris, frozen + "batch_size: 149");
  EXPECT_NEAR(*Find(uneven.metrics, "loss"), *Find(whole.metrics, "loss"), 1e-6);
}

TEST_F(RunFitTest, VisitsRowsInOrderWithoutShuffle) {
  const Data iris = Iris();
  const auto first_loss = [&](const std::string& shuffle) {
    return *Find(
        Run(kIrisModel, iris, kClassification + "batch_size: 50 shuffle: " + shuffle).metrics,
        "loss");
  };
  // Sorted by class, each batch holds one class: the network runs after the newest one.
  EXPECT_GT(first_loss("false"), first_loss("true"));
}

TEST_F(RunFitTest, ShufflesEveryEpochAnew) {
  // Plain SGD has no memory: the second of two epochs would equal a warm start's first if they went
  // the same way.
  FitInput input = Input(kIrisModel, Iris(), kClassification + "optimizer { sgd {} } epochs: 2");
  const std::string both = Run(input).weights.Sha256();
  input.training.set_epochs(1);
  const FitResult first = Run(input);
  input.initial_weights = first.weights;
  input.initial_pipeline = first.pipeline;
  EXPECT_NE(Run(input).weights.Sha256(), both);
}

TEST_F(RunFitTest, GoesOnAsIfNothingHappenedWhenTheOrderIsTheSame) {
  FitInput input =
      Input(kIrisModel, Iris(), kClassification + "optimizer { sgd {} } shuffle: false epochs: 2");
  const std::string both = Run(input).weights.Sha256();
  input.training.set_epochs(1);
  const FitResult first = Run(input);
  input.initial_weights = first.weights;
  input.initial_pipeline = first.pipeline;
  EXPECT_EQ(Run(input).weights.Sha256(), both);
}

TEST_F(RunFitTest, FollowsTheSchedule) {
  Run(kIrisModel, Iris(),
      kClassification +
          "epochs: 3 batch_size: 75 optimizer { learning_rate { piecewise_constant_decay { "
          "boundaries: [1, 3] values: [0.1, 0.01, 0.001] } } }");
  ASSERT_EQ(observer_.epochs.size(), 3U);
  EXPECT_EQ(observer_.epochs[0].learning_rate(), 0.1F);    // Step 1.
  EXPECT_EQ(observer_.epochs[1].learning_rate(), 0.01F);   // Step 3.
  EXPECT_EQ(observer_.epochs[2].learning_rate(), 0.001F);  // Step 5.
}

TEST_F(RunFitTest, LowersTheRateOnAPlateau) {
  Run(kIrisModel, Iris(),
      kClassification +
          "epochs: 4 reduce_lr_on_plateau { monitor: 'loss' min_delta: 100 patience: 2 factor: 0.5 "
          "}");
  ASSERT_EQ(observer_.epochs.size(), 4U);
  EXPECT_EQ(observer_.epochs[2].learning_rate(), 0.01F);
  EXPECT_EQ(observer_.epochs[3].learning_rate(), 0.005F);
}

TEST_F(RunFitTest, KeepsTheBestEpochOfEarlyStopping) {
  const FitResult result =
      Run("input_shape: 10 layers { dense { units: 64 activation { relu {} } } } layers { dense { "
          "units: 1 } }",
          Diabetes(),
          kRegression +
              "optimizer { adam {} learning_rate { constant: 0.03 } } epochs: 200 "
              "validation_split: 0.2 "
              "early_stopping { patience: 3 }");
  ASSERT_LT(observer_.epochs.size(), 200U);
  const auto best = std::min_element(
      observer_.epochs.begin(), observer_.epochs.end(), [](const auto& a, const auto& b) {
        return *Find(a.metrics(), "val_loss") < *Find(b.metrics(), "val_loss");
      });
  EXPECT_EQ(result.epoch, best->epoch());
  EXPECT_EQ(result.epoch + 3, static_cast<int64_t>(observer_.epochs.size()));
  EXPECT_EQ(result.steps, best->steps());
  EXPECT_EQ(Find(result.metrics, "val_loss"), Find(best->metrics(), "val_loss"));
  EXPECT_FALSE(result.stopped);
}

TEST_F(RunFitTest, KeepsTheLastEpochWhenToldTo) {
  const FitResult result =
      Run(kIrisModel, Iris(),
          kClassification +
              "epochs: 9 early_stopping { monitor: 'loss' min_delta: 100 patience: 2 "
              "restore_best_weights: false }");
  EXPECT_EQ(result.epoch, 3);
}

// From an epoch's end, from its middle, and beyond an epoch that early stopping would restore.
TEST_F(RunFitTest, RepeatsTheFirstStepsOfAFit) {
  FitInput input =
      Input(kIrisModel, Iris(),
            kClassification +
                "epochs: 9 batch_size: 50 early_stopping { monitor: 'loss' min_delta: 100 "
                "patience: 9 }");
  observer_.wants_checkpoint = [](bool epoch_done) { return !epoch_done; };
  Run(input);
  const std::vector<Checkpoint> checkpoints = std::move(observer_.checkpoints);
  observer_.wants_checkpoint = nullptr;
  for (const int64_t steps : {1, 3, 7}) {
    input.steps = steps;
    const FitResult result = Run(input);
    EXPECT_EQ(result.steps, steps);
    EXPECT_EQ(result.epoch, steps / 3);
    EXPECT_FALSE(result.stopped);
    EXPECT_EQ(result.weights.Sha256(),
              checkpoints.at(static_cast<size_t>(steps - 1)).plan.weights.Sha256());
  }
}

TEST_F(RunFitTest, StopsWhileItMeasuresColumns) {
  stop_ = true;
  observer_.on_start = [] { FAIL() << "the fit began"; };
  const FitResult result = Run(kIrisModel, Iris(), kClassification);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.steps, 0);
}

TEST_F(RunFitTest, StopsBeforeTheFirstStep) {
  observer_.on_start = [&] { stop_ = true; };
  const FitResult result = Run(kIrisModel, Iris(), kClassification);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.steps, 0);
  EXPECT_EQ(result.epoch, 0);
  EXPECT_THAT(result.metrics, IsEmpty());
  EXPECT_THAT(observer_.epochs, IsEmpty());
}

TEST_F(RunFitTest, StopsWithinABatch) {
  observer_.on_progress = [&](const v1::JobProgress&) { stop_ = true; };
  const FitResult result =
      Run(kDigitsModel, Digits(), kClassification + "epochs: 1000000 batch_size: 8");
  EXPECT_TRUE(result.stopped);
  ASSERT_EQ(observer_.progress.size(), 1U);
  const v1::JobProgress& progress = observer_.progress[0];
  EXPECT_EQ(result.steps, (progress.epoch() - 1) * progress.steps_per_epoch() + progress.step());
  EXPECT_EQ(result.epoch, result.steps / progress.steps_per_epoch());
}

TEST_F(RunFitTest, ReportsProgressBetweenEpochs) {
  observer_.on_progress = [&](const v1::JobProgress&) { stop_ = true; };
  Run(kDigitsModel, Digits(), kClassification + "epochs: 1000000 batch_size: 8");
  const v1::JobProgress& progress = observer_.progress.at(0);
  EXPECT_EQ(progress.epochs(), 1'000'000);
  EXPECT_EQ(progress.steps_per_epoch(), (1797 + 7) / 8);
  EXPECT_GT(progress.rows_per_second(), 0);
  EXPECT_GT(progress.remaining().seconds(), 0);
  EXPECT_EQ(progress.learning_rate(), 0.01F);
  EXPECT_THAT(Find(progress.metrics(), "loss"), Optional(Gt(0)));
  EXPECT_THAT(Find(progress.metrics(), "accuracy"), Optional(Gt(0)));
}

TEST_F(RunFitTest, KeepsTheBestOfAStoppedFit) {
  observer_.on_epoch = [&](const v1::EpochCompleted& epoch) { stop_ = epoch.epoch() == 4; };
  const FitResult result = Run(
      kIrisModel, Iris(),
      kClassification + "epochs: 9 early_stopping { monitor: 'loss' min_delta: 100 patience: 9 }");
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.epoch, 1);
  EXPECT_EQ(observer_.epochs.size(), 4U);
}

TEST_F(RunFitTest, SaysWhereNumbersBreak) {
  const absl::Status status =
      RunFit(Input(kDiabetesModel, Diabetes(),
                   kRegression + "optimizer { sgd {} learning_rate { constant: 1e30 } } epochs: 5"),
             observer_, stop_)
          .status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("loss became"), HasSubstr("(epoch 1): first in "))));
  const auto payload = status.GetPayload(kJobFailureTypeUrl);
  ASSERT_TRUE(payload.has_value());
  v1::JobFailure failure;
  ASSERT_TRUE(failure.ParseFromString(std::string(*payload)));
  EXPECT_EQ(failure.code(), static_cast<int>(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(failure.message(), status.message());
  EXPECT_GE(failure.step(), 1);
  EXPECT_LE(failure.step(), 5);
  EXPECT_THAT(failure.layer(), HasSubstr("dense"));
  EXPECT_THAT(failure.tensor(), Not(IsEmpty()));
}

TEST_F(RunFitTest, NoticesWeightsThatBreakInTheLastStep) {
  const absl::Status status =
      RunFit(Input(kDiabetesModel, Diabetes(),
                   kRegression +
                       "optimizer { sgd {} learning_rate { constant: 3e38 } } batch_size: 442"),
             observer_, stop_)
          .status();
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("at step 1 (epoch 1)")));
  EXPECT_THAT(observer_.epochs, IsEmpty());
}

TEST_F(RunFitTest, SaysThatNumbersBreakInValidation) {
  const Data train = Csv("x,y\n1,1\n2,2\n3,3\n");
  const absl::Status status =
      RunFit(Input("input_shape: 1 layers { dense { units: 1 } }", train,
                   kRegression + "early_stopping {}", Csv("x,y\n1,1\n1e30,2\n")),
             observer_, stop_)
          .status();
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("val_loss became infinite at step 1 (epoch 1)"),
                             HasSubstr("validation rows"), Not(HasSubstr("learning rate")))));
  v1::JobFailure failure;
  ASSERT_TRUE(failure.ParseFromString(std::string(*status.GetPayload(kJobFailureTypeUrl))));
  EXPECT_EQ(failure.tensor(), "val_loss");
  EXPECT_EQ(failure.step(), 1);
  EXPECT_THAT(observer_.epochs, IsEmpty());
}

TEST_F(RunFitTest, ABatchLargerThanTheDataIsAllOfIt) {
  const std::string training = kClassification + "epochs: 3 validation_split: 0.2 ";
  const std::string all = Run(kIrisModel, Iris(), training + "batch_size: 120").weights.Sha256();
  EXPECT_EQ(Run(kIrisModel, Iris(), training + "batch_size: 1048576").weights.Sha256(), all);
}

TEST_F(RunFitTest, WeighsClasses) {
  const Data iris = Iris();
  const auto recall = [&](const std::string& weights) {
    return *Find(Run(kIrisModel, iris,
                     kClassification + "epochs: 5 metrics { recall { class_id: 1 } } " + weights)
                     .metrics,
                 "recall");
  };
  EXPECT_EQ(recall("class_weight { key: 'versicolor' value: 0 }"), 0);
  EXPECT_GT(recall("class_weight { key: 'versicolor' value: 100 }"), 0.9);
}

// Ten rows; `features` by row, label 0 or 1 in turn, weight as given.
std::string TenRows(const std::vector<double>& features, const std::string& last_weight) {
  std::string text = "a,w,y\n";
  for (size_t i = 0; i < features.size(); ++i) {
    text += fmt::format("{},{},{}\n", features[i], i + 1 == features.size() ? last_weight : "1.5",
                        i % 2);
  }
  return text;
}

const std::string kTinyModel =
    "input_shape: 1 layers { dense { units: 4 activation { tanh {} } } } "
    "layers { dense { units: 2 activation { softmax {} } } }";

TEST_F(RunFitTest, WeighsRows) {
  const std::string training =
      kClassification +
      "epochs: 3 sample_weight_column: 'w' pipeline { standardize_features: false }";
  const auto weights = [&](double last, const std::string& last_weight) {
    return Run(kTinyModel, Csv(TenRows({1, 2, 3, 4, 5, 6, 7, 8, 9, last}, last_weight)), training)
        .weights.Sha256();
  };
  EXPECT_EQ(weights(10, "0"), weights(-77, "0"));
  EXPECT_NE(weights(10, "1"), weights(-77, "1"));
  EXPECT_NE(weights(10, "1"), weights(10, "2"));
}

TEST_F(RunFitTest, LearnsNothingFromValidationRows) {
  std::vector<double> features = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const Data data = Csv(TenRows(features, "1"));
  const FitInput input =
      Input("input_shape: 2 layers { dense { units: 2 activation { softmax {} } } }", data,
            kClassification + "epochs: 3 validation_split: 0.4");
  const FitResult result = Run(input);
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitForTraining(*data.table, input.training));
  ASSERT_EQ(split.validation.size(), 4U);
  for (const uint32_t row : split.validation) features[row] = 1000 + row;
  FitInput other = input;
  other.train = Csv(TenRows(features, "1")).table;
  const FitResult same = Run(other);
  EXPECT_EQ(same.weights.Sha256(), result.weights.Sha256());
  EXPECT_EQ(same.pipeline.SerializeAsString(), result.pipeline.SerializeAsString());
  EXPECT_NE(Find(same.metrics, "val_loss"), Find(result.metrics, "val_loss"));
}

TEST_F(RunFitTest, ValidatesOnADataSet) {
  const Data iris = Iris();
  const FitResult result = Run(Input(kIrisModel, iris, kClassification + "epochs: 2", iris));
  EXPECT_EQ(observer_.training_rows, 150);
  EXPECT_EQ(observer_.validation_rows, 150);
  EXPECT_THAT(Find(result.metrics, "val_accuracy"), Optional(Gt(0.3)));
}

TEST_F(RunFitTest, AdaptsNormalizationOnTheTrainingRows) {
  const Data data = Csv("a,y\n1,0\n3,1\n5,0\n7,1\n");
  const FitResult result =
      Run("input_shape: 1 layers { normalization {} } layers { dense { units: 2 activation { "
          "softmax {} } } }",
          data, kClassification + "batch_size: 3 pipeline { standardize_features: false }");
  const auto tensor = [&](const std::string& name) -> std::vector<float> {
    for (const Weight& weight : result.weights.tensors) {
      if (weight.name == name) return weight.values;
    }
    return {};
  };
  EXPECT_THAT(tensor("normalization/mean"), ElementsAre(4));
  EXPECT_THAT(tensor("normalization/variance"), ElementsAre(5));
}

TEST_F(RunFitTest, GoesOnFromAVersion) {
  const Data iris = Iris();
  FitInput input = Input(kIrisModel, iris, kClassification + "epochs: 10");
  const FitResult cold = Run(input);
  input.training.set_epochs(1);
  input.initial_weights = cold.weights;
  input.initial_pipeline = cold.pipeline;
  const FitResult warm = Run(input);
  EXPECT_LT(*Find(warm.metrics, "loss"), *Find(observer_.epochs[1].metrics(), "loss"));
  EXPECT_EQ(warm.pipeline.SerializeAsString(), cold.pipeline.SerializeAsString());
  EXPECT_EQ(warm.steps, 5);
}

TEST_F(RunFitTest, RefusesAVersionOfOtherTargets) {
  const Data data = Csv("a,y\n1,0\n3,1\n5,0\n7,1\n");
  const std::string model = "input_shape: 1 layers { dense { units: 1 } }";
  const FitResult classes = Run(model, data, "loss { binary_crossentropy { from_logits: true } }");
  FitInput input = Input(model, data, "loss { mean_squared_error {} }");
  input.initial_weights = classes.weights;
  input.initial_pipeline = classes.pipeline;
  EXPECT_THAT(RunFit(input, observer_, stop_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("was trained on classes")));
}

TEST_F(RunFitTest, TrainsWhenACategoryOnlyValidates) {
  // The only "rare" row validates.
  std::string text = "color,y\n";
  const Data probe = Csv("color,y\nred,0\nred,1\nred,0\nred,1\nred,0\nred,1\n");
  const std::string training = kClassification + "validation_split: 0.34";
  const FitInput probing = Input("input_shape: 2 layers { dense { units: 2 } }", probe, training);
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitForTraining(*probe.table, probing.training));
  for (uint32_t row = 0; row < 6; ++row) {
    text += fmt::format("{},{}\n", row == split.validation[0] ? "rare" : "red", row % 2);
  }
  const FitResult result = Run("input_shape: 3 layers { dense { units: 2 } }", Csv(text), training);
  EXPECT_THAT(Find(result.metrics, "val_loss"), Optional(Gt(0)));
}

TEST_F(RunFitTest, TrainsOnOneRow) {
  const FitResult result =
      Run(kTinyModel, Csv("a,y\n1,0\n"), kClassification + "metrics { r2_score {} }");
  EXPECT_EQ(result.steps, 1);
  EXPECT_THAT(Find(result.metrics, "loss"), Optional(Gt(0)));
  EXPECT_EQ(Find(result.metrics, "r2_score"), std::nullopt);
}

TEST_F(RunFitTest, SurvivesConstantAndHugeFeatures) {
  const FitResult result =
      Run("input_shape: 2 layers { dense { units: 2 activation { softmax {} } } }",
          Csv("a,b,y\n5,1e38,0\n5,-1e38,1\n5,1e38,0\n5,-1e38,1\n"), kClassification + "epochs: 3");
  EXPECT_THAT(Find(result.metrics, "loss"), Optional(Lt(10)));
}

TEST_F(RunFitTest, TellsTwoClassesApartWithOneOutput) {
  std::string text = "a,y\n";
  for (int i = 0; i < 40; ++i) text += fmt::format("{},{}\n", i, i < 20 ? "low" : "high");
  const FitResult result =
      Run("input_shape: 1 layers { dense { units: 1 } }", Csv(text),
          "loss { binary_crossentropy { from_logits: true } } metrics { accuracy {} } epochs: 60 "
          "optimizer { adam {} learning_rate { constant: 0.1 } }");
  EXPECT_THAT(Find(result.metrics, "accuracy"), Optional(Gt(0.9)));
}

}  // namespace
}  // namespace fitd
