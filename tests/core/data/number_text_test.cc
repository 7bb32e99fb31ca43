#include "core/data/number_text.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using testing::Optional;

TEST(NumberTextTest, ParsesIntegers) {
  EXPECT_THAT(ParseInteger("42"), Optional(42));
  EXPECT_THAT(ParseInteger(" +7\t"), Optional(7));
  EXPECT_THAT(ParseInteger("-9223372036854775808"), Optional(std::numeric_limits<int64_t>::min()));
  for (const char* text :
       {"", "+", "-", "+-1", "1.0", "1e3", "0x10", "9223372036854775808", "1 2"}) {
    EXPECT_EQ(ParseInteger(text), std::nullopt) << text;
  }
}

TEST(NumberTextTest, ParsesReals) {
  const auto parse = [](const char* text) {
    double value = -1;
    EXPECT_EQ(ParseReal(text, &value), RealText::kNumber) << text;
    return value;
  };
  EXPECT_EQ(parse("0.1"), 0.1);
  EXPECT_EQ(parse(" +1.5e3 "), 1500);
  EXPECT_EQ(parse("-.5"), -0.5);
  EXPECT_EQ(parse("5."), 5);
  EXPECT_EQ(parse("1e-310"), 1e-310);
}

TEST(NumberTextTest, ReadsWhatIsTooSmallForADoubleAsZero) {
  for (const char* text : {"1e-400", "-1e-400", "12345.678e-1000", "0.0001e-330"}) {
    double value = -1;
    EXPECT_EQ(ParseReal(text, &value), RealText::kNumber) << text;
    EXPECT_EQ(value, 0) << text;
  }
}

TEST(NumberTextTest, TellsWhyTextIsNoReal) {
  double value;
  for (const char* text : {"", "x", "1,5", "0x1p3", "1e", "1.5.2", "infinitely"}) {
    EXPECT_EQ(ParseReal(text, &value), RealText::kNotANumber) << text;
  }
  for (const char* text : {"inf", "-Infinity", "nan"})
    EXPECT_EQ(ParseReal(text, &value), RealText::kNotFinite) << text;
  for (const char* text : {"1e999", "-1e999", "0.001e999", "1000e300000000000000000000"})
    EXPECT_EQ(ParseReal(text, &value), RealText::kOutOfRange) << text;
}

TEST(NumberTextTest, FormatsInShortestForm) {
  EXPECT_EQ(FormatNumber(0.1), "0.1");
  EXPECT_EQ(FormatNumber(0.1F), "0.1");
  EXPECT_EQ(FormatNumber(7.0), "7");
  EXPECT_EQ(FormatNumber(-1e300), "-1e+300");
}

}  // namespace
}  // namespace fitd
