#include "core/train/early_stopping.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;

v1::EarlyStoppingSpec Spec(const std::string& text) {
  v1::EarlyStoppingSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  if (spec.mode() == v1::MONITOR_MODE_UNSPECIFIED) spec.set_mode(v1::MONITOR_MODE_MIN);
  return spec;
}

// The epoch in which a fit with these values ends; 0: it runs to its end.
int64_t StopEpoch(const std::string& spec, const std::vector<std::optional<double>>& values) {
  EarlyStopping early_stopping(Spec(spec));
  for (size_t i = 0; i < values.size(); ++i) {
    if (early_stopping.OnEpoch(static_cast<int64_t>(i) + 1, values[i]).stop)
      return static_cast<int64_t>(i) + 1;
  }
  return 0;
}

std::vector<int64_t> BestEpochs(const std::string& spec,
                                const std::vector<std::optional<double>>& values) {
  EarlyStopping early_stopping(Spec(spec));
  std::vector<int64_t> epochs;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto epoch = static_cast<int64_t>(i) + 1;
    if (early_stopping.OnEpoch(epoch, values[i]).best) epochs.push_back(epoch);
  }
  return epochs;
}

TEST(EarlyStoppingTest, StopsAfterPatienceEpochsWithoutImprovement) {
  EXPECT_EQ(StopEpoch("patience: 2", {1.0, 0.9, 0.95, 0.92, 0.8}), 4);
  EXPECT_EQ(StopEpoch("patience: 3", {1.0, 0.9, 0.95, 0.92, 0.8}), 0);
}

TEST(EarlyStoppingTest, StopsAtOnceWithoutPatience) {
  EXPECT_EQ(StopEpoch("patience: 0", {1.0, 0.9, 0.9}), 3);
}

TEST(EarlyStoppingTest, MaximisesWhenAsked) {
  EXPECT_EQ(StopEpoch("patience: 1 mode: MONITOR_MODE_MAX", {0.5, 0.6, 0.6}), 3);
  EXPECT_THAT(BestEpochs("patience: 9 mode: MONITOR_MODE_MAX", {0.5, 0.6, 0.55, 0.7}),
              ElementsAre(1, 2, 4));
}

TEST(EarlyStoppingTest, IgnoresImprovementsUpToMinDelta) {
  EXPECT_EQ(StopEpoch("patience: 2 min_delta: 0.125", {1.0, 0.875, 0.875, 0.8}), 3);
  EXPECT_THAT(BestEpochs("patience: 9 min_delta: 0.125", {1.0, 0.875, 0.8}), ElementsAre(1, 3));
}

TEST(EarlyStoppingTest, StopsUnlessTheBaselineIsBeaten) {
  EXPECT_EQ(StopEpoch("patience: 3 baseline: 0.5", {1.0, 0.9, 0.9, 0.9}), 3);
  EXPECT_EQ(StopEpoch("patience: 3 baseline: 0.5", {1.0, 0.4, 0.9, 0.9, 0.9}), 5);
}

TEST(EarlyStoppingTest, ImprovesOnItselfBelowTheBaselineWithoutWaitingAnew) {
  // Epochs 1 to 4 improve, but never on the baseline; the first epoch that does not improve at all
  // ends the fit.
  EXPECT_EQ(StopEpoch("patience: 2 baseline: 0.1", {1.0, 0.9, 0.8, 0.7, 0.7}), 5);
}

TEST(EarlyStoppingTest, StartsFromAnEpoch) {
  EXPECT_EQ(StopEpoch("patience: 1 start_from_epoch: 3", {1.0, 2.0, 3.0, 4.0, 4.0}), 5);
  EXPECT_THAT(BestEpochs("patience: 1 start_from_epoch: 3", {1.0, 2.0, 3.0, 4.0}), ElementsAre(4));
}

TEST(EarlyStoppingTest, SkipsEpochsWithoutAValue) {
  EXPECT_EQ(StopEpoch("patience: 2", {1.0, std::nullopt, std::nullopt, std::nullopt, 1.0}), 0);
}

TEST(EarlyStoppingTest, MarksTheBestEpochs) {
  EXPECT_THAT(BestEpochs("patience: 9", {1.0, 0.9, 0.9, 0.95, 0.8}), ElementsAre(1, 2, 5));
}

}  // namespace
}  // namespace fitd
