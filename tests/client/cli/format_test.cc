#include "client/cli/format.h"

#include <gtest/gtest.h>

namespace fitd::cli {
namespace {

TEST(FormatTest, WritesCountsWithSeparators) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(-1234567), "-1,234,567");
}

TEST(FormatTest, WritesBytesInDecimalUnits) {
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(47'040'016), "47.0 MB");
  EXPECT_EQ(FormatBytes(999'999), "1.0 MB");
}

TEST(FormatTest, WritesNumbersAtTheirSize) {
  EXPECT_EQ(FormatNumber(0.12345), "0.1235");
  EXPECT_EQ(FormatNumber(0), "0.0000");
  EXPECT_EQ(FormatNumber(0.000012), "1.2e-05");
  EXPECT_EQ(FormatNumber(2859.69), "2859.7");
}

TEST(FormatTest, WritesTimesWithTheirLargestUnits) {
  EXPECT_EQ(FormatSeconds(0.012), "12 ms");
  EXPECT_EQ(FormatSeconds(1.54), "1.5 s");
  EXPECT_EQ(FormatSeconds(59.4), "59 s");
  EXPECT_EQ(FormatSeconds(125), "2 min 5 s");
  EXPECT_EQ(FormatSeconds(12000), "3 h 20 min");
  EXPECT_EQ(FormatTime({}), "-");
}

TEST(FormatTest, SaysWhereAJobFailed) {
  v1::JobFailure failure;
  failure.set_message("the loss is NaN");
  EXPECT_EQ(FormatFailure(failure), "the loss is NaN");
  failure.set_step(12);
  failure.set_layer("dense_1");
  failure.set_tensor("gradient");
  EXPECT_EQ(FormatFailure(failure), "the loss is NaN (step 12, layer dense_1, tensor gradient)");
}

}  // namespace
}  // namespace fitd::cli
