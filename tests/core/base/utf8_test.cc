#include "core/base/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(Utf8Test, MeasuresSequences) {
  EXPECT_EQ(Utf8SequenceLength("a"), 1U);
  EXPECT_EQ(Utf8SequenceLength("\xc3\xa9"), 2U);
  EXPECT_EQ(Utf8SequenceLength("\xe2\x82\xac."), 3U);
  EXPECT_EQ(Utf8SequenceLength("\xf0\x9f\x98\x80"), 4U);
  EXPECT_EQ(Utf8SequenceLength("\xf4\x8f\xbf\xbf"), 4U);  // U+10FFFF.
}

TEST(Utf8Test, FindsWhatIsNoSequence) {
  for (const std::string bytes :
       {"\x80", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80",
        "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_EQ(Utf8SequenceLength(bytes), 0U) << testing::PrintToString(bytes);
    EXPECT_FALSE(IsValidUtf8("ok " + bytes));
  }
}

TEST(Utf8Test, TakesWholeTexts) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8("na\xc3\xafve \xf0\x9f\x98\x80"));
  EXPECT_TRUE(IsValidUtf8(std::string("\0", 1)));
}

TEST(ClampUtf8Test, CutsAtTheEndOfACharacter) {
  EXPECT_EQ(ClampUtf8("abc", 3), "abc");
  EXPECT_EQ(ClampUtf8("abcdef", 5), "ab...");
  EXPECT_EQ(ClampUtf8("a\u00e9\u00e9\u00e9", 5), "a...");
}

}  // namespace
}  // namespace fitd
