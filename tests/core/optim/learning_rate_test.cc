#include "core/optim/learning_rate.h"

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

double At(const char* text, int64_t step) {
  v1::LearningRateSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec));
  return LearningRateAt(spec, step);
}

TEST(LearningRateTest, ConstantStays) {
  EXPECT_FLOAT_EQ(At("constant: 0.25", 0), 0.25);
  EXPECT_FLOAT_EQ(At("constant: 0.25", 1000), 0.25);
}

TEST(LearningRateTest, ExponentialDecays) {
  constexpr char kSpec[] =
      "exponential_decay { initial_learning_rate: 0.5 decay_steps: 10 decay_rate: 0.25 }";
  EXPECT_DOUBLE_EQ(At(kSpec, 0), 0.5);
  EXPECT_DOUBLE_EQ(At(kSpec, 5), 0.25);
  EXPECT_DOUBLE_EQ(At(kSpec, 10), 0.125);
}

TEST(LearningRateTest, StaircaseRoundsDown) {
  constexpr char kSpec[] =
      "exponential_decay { initial_learning_rate: 0.5 decay_steps: 10 decay_rate: 0.25 staircase: "
      "true }";
  EXPECT_DOUBLE_EQ(At(kSpec, 9), 0.5);
  EXPECT_DOUBLE_EQ(At(kSpec, 19), 0.125);
}

TEST(LearningRateTest, PiecesIncludeTheirUpperBoundary) {
  constexpr char kSpec[] =
      "piecewise_constant_decay { boundaries: [10, 20] values: [1, 0.5, 0.25] }";
  EXPECT_EQ(At(kSpec, 0), 1.0);
  EXPECT_EQ(At(kSpec, 10), 1.0);
  EXPECT_EQ(At(kSpec, 11), 0.5);
  EXPECT_EQ(At(kSpec, 20), 0.5);
  EXPECT_EQ(At(kSpec, 21), 0.25);
}

TEST(LearningRateTest, CosineFallsToAlpha) {
  constexpr char kSpec[] =
      "cosine_decay { initial_learning_rate: 0.5 decay_steps: 100 alpha: 0.25 }";
  EXPECT_DOUBLE_EQ(At(kSpec, 0), 0.5);
  EXPECT_DOUBLE_EQ(At(kSpec, 50), 0.5 * (0.75 * 0.5 + 0.25));
  EXPECT_DOUBLE_EQ(At(kSpec, 100), 0.125);
  EXPECT_DOUBLE_EQ(At(kSpec, 1000), 0.125);
}

TEST(LearningRateTest, CosineWarmsUpFirst) {
  constexpr char kSpec[] =
      "cosine_decay { initial_learning_rate: 0.125 decay_steps: 100 warmup_target: 0.5 "
      "warmup_steps: 10 }";
  EXPECT_DOUBLE_EQ(At(kSpec, 0), 0.125);
  EXPECT_DOUBLE_EQ(At(kSpec, 5), 0.3125);
  EXPECT_DOUBLE_EQ(At(kSpec, 10), 0.5);
  EXPECT_DOUBLE_EQ(At(kSpec, 60), 0.25);
  EXPECT_NEAR(At(kSpec, 110), 0.0, 1e-12);
}

}  // namespace
}  // namespace fitd
