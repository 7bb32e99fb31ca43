#include "core/search/rungs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;

TEST(RungsTest, EndWithAllEpochs) {
  EXPECT_THAT(Rungs(1, 3, 9), ElementsAre(1, 3, 9));
  EXPECT_THAT(Rungs(1, 3, 10), ElementsAre(1, 3, 9, 10));
  EXPECT_THAT(Rungs(2, 4, 30), ElementsAre(2, 8, 30));
  EXPECT_THAT(Rungs(5, 3, 5), ElementsAre(5));
}

TEST(RungsTest, ResultsAreKnownOnceATrialWaitsOrEnded) {
  auto trial = ParseText<v1::SearchTrial>("granted_epochs: 3 rungs { epochs: 1 score: 0.5 }");
  EXPECT_EQ(ResultAt(trial, 1).score, 0.5);
  EXPECT_FALSE(ResultAt(trial, 3).known);
  trial.set_state(v1::JOB_STATE_SUCCEEDED);
  trial.set_score(0.7);
  EXPECT_EQ(ResultAt(trial, 3).score, 0.7);
  EXPECT_EQ(ResultAt(trial, 0).score, 0.7);
  EXPECT_EQ(ResultAt(trial, 1).score, 0.5);
}

TEST(RungsTest, ATrialThatWasCancelledHasNoFurtherScore) {
  const auto trial = ParseText<v1::SearchTrial>(
      "granted_epochs: 1 rungs { epochs: 1 score: 0.5 } state: JOB_STATE_CANCELLED score: 0.5");
  EXPECT_EQ(ResultAt(trial, 1).score, 0.5);
  EXPECT_TRUE(ResultAt(trial, 3).known);
  EXPECT_FALSE(ResultAt(trial, 3).score.has_value());
}

TEST(RungsTest, BetterTrialsComeFirst) {
  const Better max(v1::MONITOR_MODE_MAX);
  const Better min(v1::MONITOR_MODE_MIN);
  EXPECT_TRUE(max({.score = 2, .trial = 9}, {.score = 1, .trial = 1}));
  EXPECT_TRUE(min({.score = 1, .trial = 9}, {.score = 2, .trial = 1}));
  EXPECT_TRUE(min({.score = 1, .trial = 1}, {.score = 1, .trial = 2}));
}

}  // namespace
}  // namespace fitd
