#include "core/search/trial_fits.h"

#include <string>

#include "core/search/rungs.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::SearchTrial Summed(const std::string& text, v1::MonitorMode mode = v1::MONITOR_MODE_MAX) {
  auto trial = ParseText<v1::SearchTrial>(text);
  SumUpFits(mode, trial);
  return trial;
}

std::string Fit(int number, const std::string& rest) {
  return "fits { number: " + std::to_string(number) + " fold: " + std::to_string(number) + " " +
         rest + " } ";
}

TEST(TrialFitsTest, FoldsComeBeforeRepetitions) {
  const auto spec = ParseText<v1::SearchSpec>("cross_validation { folds: 3 repeats: 2 }");
  EXPECT_EQ(FitsPerTrial(spec), 6);
  auto training = ParseText<v1::TrainingSpec>("seed: 7");
  PutFit(spec, 1, training);
  EXPECT_EQ(training.ShortDebugString(), "seed: 7 fold { index: 1 count: 3 }");
  training = ParseText<v1::TrainingSpec>("seed: 7");
  PutFit(spec, 5, training);
  EXPECT_EQ(training.ShortDebugString(), "seed: 8 fold { index: 2 count: 3 }");
}

TEST(TrialFitsTest, RepetitionsAloneDifferInTheirSeeds) {
  const auto spec = ParseText<v1::SearchSpec>("cross_validation { repeats: 3 }");
  EXPECT_EQ(FitsPerTrial(spec), 3);
  auto training = ParseText<v1::TrainingSpec>("seed: 18446744073709551615 validation_split: 0.5");
  PutFit(spec, 3, training);
  EXPECT_EQ(training.ShortDebugString(), "seed: 1 validation_split: 0.5");
  EXPECT_EQ(FitsPerTrial(v1::SearchSpec()), 1);
}

TEST(TrialFitsTest, ATrialOfOneFitIsItsOwn) {
  const std::string text = "number: 1 state: JOB_STATE_SUCCEEDED score: 0.5 epochs: 3";
  auto trial = Summed(text);
  EXPECT_EQ(trial.ShortDebugString(), ParseText<v1::SearchTrial>(text).ShortDebugString());
  EXPECT_THAT(FitsOf(trial), ElementsAre(&trial));
}

TEST(TrialFitsTest, TheScoreIsTheMeanAndTheVersionTheBestFits) {
  const std::string fits =
      Fit(1,
          "state: JOB_STATE_SUCCEEDED epochs: 4 score: 0.5 version: 3 weights_sha256: 'a'"
          "metrics { name: 'loss' value: 1 } metrics { name: 'auc' }"
          "start_time { seconds: 5 } end_time { seconds: 9 }") +
      Fit(2,
          "state: JOB_STATE_SUCCEEDED epochs: 6 score: 0.75 version: 1 weights_sha256: 'b'"
          "metrics { name: 'loss' value: 2 } metrics { name: 'auc' value: 0.5 }"
          "start_time { seconds: 4 } end_time { seconds: 8 }") +
      Fit(3, "state: JOB_STATE_SUCCEEDED epochs: 5 score: 0.25 version: 2 weights_sha256: 'c'");
  const v1::SearchTrial trial = Summed(fits);
  EXPECT_EQ(trial.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(trial.score(), 0.5);
  EXPECT_EQ(trial.score_deviation(), 0.25);
  EXPECT_EQ(trial.epochs(), 15);
  EXPECT_EQ(trial.version(), 1);
  EXPECT_EQ(trial.weights_sha256(), "b");
  EXPECT_EQ(trial.start_time().seconds(), 4);
  EXPECT_EQ(trial.end_time().seconds(), 9);
  ASSERT_EQ(trial.metrics_size(), 2);
  EXPECT_EQ(trial.metrics(0).value(), 1.5);
  EXPECT_EQ(trial.metrics(1).value(), 0.5);
  EXPECT_EQ(Summed(fits, v1::MONITOR_MODE_MIN).version(), 2);
}

TEST(TrialFitsTest, ACancelledTrialHasTheScoreOfTheFitsThatHaveOne) {
  const std::string cancelled = "state: JOB_STATE_CANCELLED";
  const std::string two = Fit(1, "state: JOB_STATE_SUCCEEDED score: 0.5 version: 3") +
                          Fit(2, cancelled + " score: 0.25 version: 1");
  const v1::SearchTrial trial = Summed(two + Fit(3, cancelled));
  EXPECT_EQ(trial.score(), 0.375);
  EXPECT_NEAR(trial.score_deviation(), 0.17678, 1e-5);
  EXPECT_EQ(trial.version(), 3);
  const v1::SearchTrial of_one = Summed(Fit(1, cancelled + " score: 0.5") + Fit(2, cancelled));
  EXPECT_EQ(of_one.score(), 0.5);
  EXPECT_FALSE(of_one.has_score_deviation());
  EXPECT_FALSE(Summed(Fit(1, cancelled) + Fit(2, cancelled)).has_score());
  EXPECT_FALSE(Summed(two + Fit(3, "state: JOB_STATE_FAILED")).has_score());
}

TEST(TrialFitsTest, ATrialTrainedForAsLongAsItsFitsTogether) {
  v1::SearchTrial trial =
      Summed(Fit(1, "state: JOB_STATE_SUCCEEDED training_time { seconds: 1 nanos: 700000000 }") +
             Fit(2, "state: JOB_STATE_RUNNING training_time { seconds: 2 nanos: 500000000 }") +
             Fit(3, "state: JOB_STATE_QUEUED"));
  SumUpFits(v1::MONITOR_MODE_MAX, trial);
  EXPECT_EQ(trial.training_time().seconds(), 4);
  EXPECT_EQ(trial.training_time().nanos(), 200'000'000);
  EXPECT_FALSE(Summed(Fit(1, "state: JOB_STATE_QUEUED")).has_training_time());
}

TEST(TrialFitsTest, OfEqualFitsTheFirstIsTheBest) {
  const v1::SearchTrial trial = Summed(Fit(1, "state: JOB_STATE_SUCCEEDED score: 0.5 version: 3") +
                                       Fit(2, "state: JOB_STATE_SUCCEEDED score: 0.5 version: 2"));
  EXPECT_EQ(trial.version(), 3);
}

TEST(TrialFitsTest, NothingIsScoredBeforeTheLastFitEnded) {
  const v1::SearchTrial trial = Summed(Fit(1, "state: JOB_STATE_SUCCEEDED score: 0.5 version: 1") +
                                       Fit(2, "state: JOB_STATE_QUEUED"));
  EXPECT_EQ(trial.state(), v1::JOB_STATE_QUEUED);
  EXPECT_FALSE(trial.has_score());
  EXPECT_EQ(trial.version(), 0);
}

TEST(TrialFitsTest, AFitThatFailedLeavesNoScoreAndIsNamed) {
  v1::SearchTrial trial =
      Summed(Fit(1, "state: JOB_STATE_SUCCEEDED score: 0.5") +
             Fit(2, "repeat: 4 state: JOB_STATE_FAILED failure { code: 9 message: 'is NaN' }") +
             Fit(3, "state: JOB_STATE_FAILED failure { message: 'later' }"));
  EXPECT_EQ(trial.state(), v1::JOB_STATE_FAILED);
  EXPECT_FALSE(trial.has_score());
  EXPECT_FALSE(trial.has_score_deviation());
  EXPECT_EQ(trial.failure().message(), "repetition 4, fold 2: is NaN");
  EXPECT_EQ(trial.failure().code(), 9);
}

TEST(TrialFitsTest, AFitWithoutAScoreLeavesNone) {
  EXPECT_FALSE(
      Summed(Fit(1, "state: JOB_STATE_SUCCEEDED score: 0.5") + Fit(2, "state: JOB_STATE_SUCCEEDED"))
          .has_score());
}

TEST(TrialFitsTest, ARungIsReachedWhenAllFitsWaitOrEnded) {
  const std::string first =
      Fit(1, "state: JOB_STATE_PAUSED granted_epochs: 2 rungs { epochs: 2 score: 0.5 }");
  EXPECT_THAT(
      Summed("granted_epochs: 2 " + first + Fit(2, "state: JOB_STATE_RUNNING granted_epochs: 2"))
          .rungs(),
      IsEmpty());
  v1::SearchTrial trial =
      Summed("granted_epochs: 2 " + first + Fit(2, "state: JOB_STATE_SUCCEEDED score: 0.75"));
  ASSERT_EQ(trial.rungs_size(), 1);
  EXPECT_EQ(trial.rungs(0).epochs(), 2);
  EXPECT_EQ(trial.rungs(0).score(), 0.625);
  SumUpFits(v1::MONITOR_MODE_MAX, trial);
  EXPECT_EQ(trial.rungs_size(), 1);

  trial = Summed("granted_epochs: 2 " + first + Fit(2, "state: JOB_STATE_FAILED"));
  ASSERT_EQ(trial.rungs_size(), 1);
  EXPECT_FALSE(trial.rungs(0).has_score());
  EXPECT_TRUE(ResultAt(trial, 2).known);
}

}  // namespace
}  // namespace fitd
