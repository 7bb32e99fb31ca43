#include "core/train/checkpoint.h"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/train/fit_fixture.h"

namespace fitd {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// What a fit says about each epoch, but for the time it took.
std::vector<std::string> History(const std::vector<v1::EpochCompleted>& epochs) {
  std::vector<std::string> history;
  for (v1::EpochCompleted epoch : epochs) {
    epoch.clear_duration();
    history.push_back(epoch.ShortDebugString());
  }
  return history;
}

struct Case {
  std::string name;
  std::string model;
  std::string training;
};

class ResumeTest : public FitFixture, public testing::WithParamInterface<Case> {
 protected:
  // Through a file, as after a crash.
  Checkpoint Stored(const Checkpoint& checkpoint) {
    const std::string path = dir_.File("checkpoint");
    EXPECT_THAT(checkpoint.Save(path), IsOk());
    auto loaded = Checkpoint::Load(path);
    EXPECT_THAT(loaded, IsOk());
    return *std::move(loaded);
  }

  // The first that a resumed fit tells is where it is, also where nothing is left to train.
  void ExpectPlace(const v1::CheckpointState& state) {
    ASSERT_FALSE(observer_.progress.empty());
    const v1::JobProgress& place = observer_.progress.front();
    EXPECT_EQ((place.epoch() - 1) * place.steps_per_epoch() + place.step(), state.iterations());
    ASSERT_FALSE(place.metrics().empty());
    if (state.step() == 0) {
      EXPECT_EQ(place.metrics(0).name(), "loss");
      EXPECT_EQ(place.metrics(0).value(), state.metrics(0).value());
    }
  }

 private:
  const TempDir dir_;
};

TEST_P(ResumeTest, EndsWithTheSameBitsFromEveryStep) {
  FitInput input = Input(GetParam().model, Iris(), GetParam().training);
  observer_.wants_checkpoint = [](bool) { return true; };
  const FitResult undisturbed = Run(input);
  const std::vector<std::string> history = History(observer_.epochs);
  const std::vector<Checkpoint> checkpoints = observer_.checkpoints;
  ASSERT_GE(checkpoints.size(), 50U);

  for (const Checkpoint& checkpoint : checkpoints) {
    SCOPED_TRACE(checkpoint.state.ShortDebugString());
    observer_ = RecordingObserver();
    input.resume = Stored(checkpoint);
    const FitResult resumed = Run(input);
    ASSERT_EQ(resumed.weights.Sha256(), undisturbed.weights.Sha256());
    EXPECT_EQ(resumed.epoch, undisturbed.epoch);
    EXPECT_EQ(resumed.steps, undisturbed.steps);
    ExpectPlace(checkpoint.state);
    const auto rest = history.begin() + checkpoint.state.epoch() - 1;
    EXPECT_THAT(History(observer_.epochs), ElementsAreArray(rest, history.end()));
  }
}

// A stop hits steps as well as the validation after them.
TEST_P(ResumeTest, GoesOnAfterEveryStop) {
  FitInput input = Input(GetParam().model, Iris(), GetParam().training);
  const FitResult undisturbed = Run(input);
  const std::vector<std::string> history = History(observer_.epochs);

  observer_ = RecordingObserver();
  FitResult result;
  int stops = 0;
  for (bool stopped = true; stopped; ++stops) {
    // One more step than the last life had done, then the end.
    int steps = 0;
    stop_ = false;
    observer_.wants_checkpoint = [&](bool) {
      stop_ = ++steps == 3;
      return false;
    };
    result = Run(input);
    stopped = result.stopped;
    EXPECT_EQ(result.checkpoint.has_value(), stopped);
    if (stopped) input.resume = Stored(*result.checkpoint);
  }
  EXPECT_GT(stops, 10);
  EXPECT_EQ(result.weights.Sha256(), undisturbed.weights.Sha256());
  EXPECT_EQ(History(observer_.epochs), history);
}

TEST_P(ResumeTest, GoesOnAfterBeingHeldAtEveryEpoch) {
  FitInput input = Input(GetParam().model, Iris(), GetParam().training);
  const FitResult undisturbed = Run(input);
  const std::vector<std::string> history = History(observer_.epochs);

  observer_ = RecordingObserver();
  FitResult result;
  for (int64_t epochs = 1;; ++epochs) {
    input.hold_after_epochs = epochs;
    result = Run(input);
    if (!result.stopped) break;
    ASSERT_TRUE(result.held);
    ASSERT_EQ(result.checkpoint->state.epoch(), epochs + 1);
    EXPECT_EQ(static_cast<int64_t>(observer_.epochs.size()), epochs);
    input.resume = Stored(*result.checkpoint);
    // Where it is held already, it trains nothing.
    EXPECT_EQ(Run(input).checkpoint->state.iterations(), result.checkpoint->state.iterations());
  }
  EXPECT_FALSE(result.held);
  EXPECT_EQ(result.weights.Sha256(), undisturbed.weights.Sha256());
  EXPECT_EQ(History(observer_.epochs), history);
}

const std::string kRegularized =
    "input_shape: 4 layers { dense { units: 12 activation { relu {} } kernel_regularizer { l2 { "
    "l2: "
    "0.01 } } } } layers { dropout { rate: 0.3 } } layers { dense { units: 3 activation { softmax "
    "{} } } }";

INSTANTIATE_TEST_SUITE_P(
    Fits, ResumeTest,
    testing::Values(
        Case{"DropoutScheduleEarlyStopping", kRegularized,
             "loss { sparse_categorical_crossentropy {} } metrics { accuracy {} } seed: 3 epochs: "
             "12 batch_size: 16 validation_split: 0.25 optimizer { adam {} learning_rate { "
             "cosine_decay { initial_learning_rate: 0.05 decay_steps: 60 } } } early_stopping { "
             "monitor: \"val_loss\" patience: 3 }"},
        Case{"MomentumPlateauWeights", kRegularized,
             "loss { sparse_categorical_crossentropy {} } metrics { accuracy {} } seed: 4 epochs: "
             "10 batch_size: 16 validation_split: 0.25 optimizer { sgd { momentum: 0.9 nesterov: "
             "true } learning_rate { constant: 0.2 } } reduce_lr_on_plateau { monitor: "
             "\"val_loss\" patience: 1 cooldown: 1 } class_weight { key: \"setosa\" value: 2 }"},
        Case{
            "AdaptedNormalizationAmsgrad",
            "input_shape: 4 layers { normalization {} } " + kRegularized.substr(15),
            "loss { sparse_categorical_crossentropy {} } metrics { accuracy {} } seed: 5 epochs: 8 "
            "batch_size: 20 optimizer { adam { amsgrad: true } } pipeline { standardize_features: "
            "false }"}),
    [](const auto& info) { return info.param.name; });

class CheckpointTest : public FitFixture {
 protected:
  Checkpoint Sample() {
    observer_.wants_checkpoint = [](bool epoch_done) { return epoch_done; };
    Run(kIrisModel, Iris(), kClassification + "epochs: 2");
    return observer_.checkpoints.front();
  }
  std::string path() const { return dir_.File("checkpoint"); }

 private:
  const TempDir dir_;
};

TEST_F(CheckpointTest, DamageIsFoundWhereverItIs) {
  FITD_ASSERT_OK(Sample().Save(path()));
  std::string bytes;
  {
    std::ifstream file(path(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  for (size_t i = 0; i < bytes.size(); i += 97) {
    std::string damaged = bytes;
    damaged[i] ^= 0x10;
    std::ofstream(path(), std::ios::binary) << damaged;
    EXPECT_THAT(Checkpoint::Load(path()).status(), StatusIs(absl::StatusCode::kDataLoss)) << i;
    std::ofstream(path(), std::ios::binary) << bytes.substr(0, i);
    EXPECT_THAT(Checkpoint::Load(path()).status(), StatusIs(absl::StatusCode::kDataLoss)) << i;
  }
}

TEST_F(CheckpointTest, OfAnotherFitIsRefused) {
  FitInput input = Input(kDigitsModel, Digits(), kClassification);
  input.resume = Sample();
  const auto result = RunFit(input, observer_, stop_);
  EXPECT_THAT(result.status(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("another fit")));
}

TEST_F(CheckpointTest, NoneIsMadeBeforeTheFirstStep) {
  stop_ = true;
  const FitResult result = Run(kIrisModel, Iris(), kClassification);
  EXPECT_TRUE(result.stopped);
  EXPECT_FALSE(result.checkpoint.has_value());
}

}  // namespace
}  // namespace fitd
