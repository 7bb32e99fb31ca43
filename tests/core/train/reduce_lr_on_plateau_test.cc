#include "core/train/reduce_lr_on_plateau.h"

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

// The learning rate after each epoch, from 1 on.
std::vector<float> Rates(const std::string& text,
                         const std::vector<std::optional<double>>& values) {
  v1::ReduceLrOnPlateauSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  if (spec.mode() == v1::MONITOR_MODE_UNSPECIFIED) spec.set_mode(v1::MONITOR_MODE_MIN);
  ReduceLrOnPlateau plateau(spec);
  std::vector<float> rates;
  float rate = 1;
  for (const auto& value : values) rates.push_back(rate = plateau.OnEpoch(value, rate));
  return rates;
}

TEST(ReduceLrOnPlateauTest, ReducesAfterPatienceEpochs) {
  EXPECT_THAT(Rates("factor: 0.5 patience: 2", {1.0, 1.0, 1.0, 1.0, 1.0}),
              ElementsAre(1, 1, .5F, .5F, .25F));
}

TEST(ReduceLrOnPlateauTest, WaitsAnewAfterAnImprovement) {
  EXPECT_THAT(Rates("factor: 0.5 patience: 2", {1.0, 1.0, 0.5, 0.5, 0.5}),
              ElementsAre(1, 1, 1, 1, .5F));
}

TEST(ReduceLrOnPlateauTest, ReducesEveryEpochWithoutPatience) {
  EXPECT_THAT(Rates("factor: 0.5 patience: 0", {1.0, 1.0, 1.0}), ElementsAre(1, .5F, .25F));
}

TEST(ReduceLrOnPlateauTest, CoolsDown) {
  // The last epoch of the cooldown counts again.
  EXPECT_THAT(Rates("factor: 0.5 patience: 1 cooldown: 2", {1.0, 1.0, 1.0, 1.0, 1.0, 1.0}),
              ElementsAre(1, .5F, .5F, .25F, .25F, .125F));
}

TEST(ReduceLrOnPlateauTest, StopsAtTheSmallestRate) {
  EXPECT_THAT(Rates("factor: 0.1 patience: 1 min_lr: 0.05", {1.0, 1.0, 1.0, 1.0}),
              ElementsAre(1, FloatEq(.1F), FloatEq(.05F), FloatEq(.05F)));
}

TEST(ReduceLrOnPlateauTest, IgnoresImprovementsUpToMinDelta) {
  EXPECT_THAT(Rates("factor: 0.5 patience: 1 min_delta: 0.25", {1.0, 0.75, 0.5}),
              ElementsAre(1, .5F, .5F));
}

TEST(ReduceLrOnPlateauTest, MaximisesWhenAsked) {
  EXPECT_THAT(Rates("factor: 0.5 patience: 1 mode: MONITOR_MODE_MAX", {0.5, 0.6, 0.6}),
              ElementsAre(1, 1, .5F));
}

TEST(ReduceLrOnPlateauTest, SkipsEpochsWithoutAValue) {
  EXPECT_THAT(Rates("factor: 0.5 patience: 1", {1.0, std::nullopt, 1.0}), ElementsAre(1, 1, .5F));
}

}  // namespace
}  // namespace fitd
