#include "core/base/canonical_bytes.h"

#include "fitd/v1/training.pb.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(CanonicalBytesTest, DoNotDependOnTheOrderInWhichAMapWasFilled) {
  v1::TrainingSpec up;
  v1::TrainingSpec down;
  for (int i = 0; i < 20; ++i) {
    (*up.mutable_class_weight())[std::to_string(i)] = 1.0F;
    (*down.mutable_class_weight())[std::to_string(19 - i)] = 1.0F;
  }
  EXPECT_EQ(CanonicalBytes(up), CanonicalBytes(down));
  (*down.mutable_class_weight())["3"] = 2.0F;
  EXPECT_NE(CanonicalBytes(up), CanonicalBytes(down));
}

TEST(CanonicalBytesTest, TellAbsentFromZero) {
  v1::TrainingSpec absent;
  v1::TrainingSpec zero;
  zero.set_seed(0);
  EXPECT_EQ(CanonicalBytes(absent), "");
  EXPECT_NE(CanonicalBytes(zero), "");
}

}  // namespace
}  // namespace fitd
