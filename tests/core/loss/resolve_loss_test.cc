#include "core/loss/resolve_loss.h"

#include <limits>

#include "gtest/gtest.h"

namespace fitd {
namespace {

std::string Faults(v1::LossSpec spec) {
  Violations violations;
  ResolveLoss(spec, "loss", violations);
  return std::string(violations.ToStatus().message());
}

TEST(ResolveLossTest, WritesOutDefaults) {
  v1::LossSpec spec;
  spec.mutable_huber();
  Violations violations;
  ResolveLoss(spec, "loss", violations);
  EXPECT_TRUE(violations.empty());
  EXPECT_EQ(spec.huber().delta(), 1.0f);
}

TEST(ResolveLossTest, ListsTheKindsWhenNoneIsSet) {
  EXPECT_EQ(Faults({}),
            "loss: has no kind; allowed: mean_squared_error, mean_absolute_error, huber, "
            "binary_crossentropy, "
            "categorical_crossentropy, sparse_categorical_crossentropy");
}

TEST(ResolveLossTest, ChecksRanges) {
  v1::LossSpec spec;
  spec.mutable_huber()->set_delta(0.0f);
  EXPECT_EQ(Faults(spec), "loss.huber.delta: is 0; allowed: a number above 0");
  spec.mutable_binary_crossentropy()->set_label_smoothing(1.5f);
  EXPECT_EQ(Faults(spec), "loss.binary_crossentropy.label_smoothing: is 1.5; allowed: 0 to 1");
  spec.mutable_categorical_crossentropy()->set_label_smoothing(
      std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(Faults(spec), "loss.categorical_crossentropy.label_smoothing: is nan; allowed: 0 to 1");
}

}  // namespace
}  // namespace fitd
