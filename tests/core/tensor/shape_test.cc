#include "core/tensor/shape.h"

#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(ShapeTest, CountsElements) {
  EXPECT_EQ(ElementCount(Shape{}), 1);
  EXPECT_EQ(ElementCount(Shape{28, 28}), 784);
  EXPECT_EQ(ElementCount(Shape{kSaturated, 0, kSaturated}), 0);
}

TEST(ShapeTest, SaturatesInsteadOfOverflowing) {
  EXPECT_EQ(ElementCount(Shape{65536, 65536, 65536, 65536}), kSaturated);
  EXPECT_EQ(ElementCount(Shape{int64_t{1} << 40, int64_t{1} << 40}), kSaturated);
  EXPECT_EQ(SaturatingAdd(kSaturated, 1), kSaturated);
  EXPECT_EQ(SaturatingMultiply(kSaturated, 2), kSaturated);
  EXPECT_EQ(SaturatingMultiply(kSaturated, 0), 0);
}

TEST(ShapeTest, ReadsAsText) {
  EXPECT_EQ(ShapeText(Shape{}), "[]");
  EXPECT_EQ(ShapeText(Shape{28, 1}), "[28, 1]");
}

}  // namespace
}  // namespace fitd
