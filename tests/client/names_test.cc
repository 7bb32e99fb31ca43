#include "client/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fitd::client {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kKnown = {"dense", "dropout", "flatten"};

TEST(UnknownNameTest, NamesTheNearest) {
  EXPECT_EQ(UnknownName("layer", "dnese", kKnown),
            "unknown layer \"dnese\"; did you mean \"dense\"? known: dense, dropout, flatten");
}

TEST(UnknownNameTest, GuessesNothingFarAway) {
  EXPECT_THAT(UnknownName("layer", "transformer", kKnown), Not(HasSubstr("did you mean")));
}

TEST(UnknownNameTest, DoesNotMeasureEndlessNames) {
  EXPECT_THAT(UnknownName("layer", std::string(1 << 20, 'd'), kKnown),
              Not(HasSubstr("did you mean")));
}

TEST(PrintableTest, TakesTheirPowerFromControlCharacters) {
  EXPECT_EQ(Printable("a\x1b[2Jb\n"), "a\uFFFD[2Jb\uFFFD");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "1m"),
            "\uFFFD1m");
  EXPECT_EQ(Printable("a\nb", /*keep_lines=*/true), "a\nb");
  EXPECT_EQ(Printable("Größe"), "Größe");
  EXPECT_EQ(Printable("Gr\xF6\xDF"
                      "e"),
            "Gr\uFFFD\uFFFDe");
}

TEST(ShortenedTest, CutsBetweenCodePoints) {
  EXPECT_EQ(Shortened("Größe", 5), "Größe");
  EXPECT_EQ(Shortened("Größe", 4), "Grö…");
  EXPECT_EQ(Shortened("Größe", 0), "");
  EXPECT_EQ(DisplayWidth("Grö…"), 4U);
}

}  // namespace
}  // namespace fitd::client
