#include "core/base/names.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

TEST(IsValidIdTest, TakesLowerCaseLettersDigitsAndInnerPunctuation) {
  for (const std::string& id :
       {std::string("a"), std::string("0"), std::string("mnist"), std::string("a.b_c-d"),
        std::string("run-2024.01"), std::string(63, 'x'), std::string("con")}) {
    EXPECT_TRUE(IsValidId(id)) << id;
  }
}

TEST(IsValidIdTest, RefusesEverythingElse) {
  using std::string_literals::operator""s;
  for (const std::string& id : {""s,
                                " "s,
                                "\t"s,
                                "a b"s,
                                " a"s,
                                "a "s,
                                std::string(64, 'x'),
                                std::string(256, 'x'),
                                "a\0b"s,
                                "\0"s,
                                "\xff\xfe"s,
                                "caf\xc3\xa9"s,
                                "\xd7\x90"s,
                                "p\xd0\xb0ypal"s,
                                "CON"s,
                                "A"s,
                                ".hidden"s,
                                "hidden."s,
                                "-a"s,
                                "a-"s,
                                "_a"s,
                                "a_"s,
                                "."s,
                                ".."s,
                                "a/b"s,
                                "../a"s,
                                "a\\b"s,
                                "a@3"s,
                                "a:b"s,
                                "a\n"s,
                                "\xf0\x9f\x98\x80"s}) {
    EXPECT_FALSE(IsValidId(id)) << Quoted(id);
  }
}

const std::vector<std::string> kLayers = {"dense", "activation", "dropout", "flatten"};

TEST(NearestNameTest, FindsSlipsOfTheFinger) {
  EXPECT_THAT(NearestName("dnese", kLayers), Optional(std::string("dense")));
  EXPECT_THAT(NearestName("dens", kLayers), Optional(std::string("dense")));
  EXPECT_THAT(NearestName("dropuot", kLayers), Optional(std::string("dropout")));
  EXPECT_THAT(NearestName("Flatten", kLayers), Optional(std::string("flatten")));
}

TEST(NearestNameTest, FindsNothingNear) {
  EXPECT_EQ(NearestName("convolution", kLayers), std::nullopt);
  EXPECT_EQ(NearestName("", kLayers), std::nullopt);
  EXPECT_EQ(NearestName("dense", {}), std::nullopt);
  EXPECT_EQ(NearestName(std::string(1'000'000, 'd'), kLayers), std::nullopt);
}

TEST(NearestNameTest, GivesTiesToTheFirst) {
  const std::vector<std::string> names = {"val_loss", "val_lose"};
  EXPECT_THAT(NearestName("val_los", names), Optional(std::string("val_loss")));
}

TEST(UnknownNameTest, SuggestsAndLists) {
  EXPECT_EQ(
      UnknownName("layer", "dens", kLayers),
      "unknown layer \"dens\"; did you mean \"dense\"? known: dense, activation, dropout, flatten");
  EXPECT_EQ(UnknownName("layer", "x", {}), "unknown layer \"x\"; none exists");
}

TEST(UnknownNameTest, ListsTwentyNamesAtMost) {
  std::vector<std::string> names;
  for (int i = 0; i < 21; ++i) names.push_back("column_" + std::to_string(i));
  EXPECT_THAT(UnknownName("column", "zzz", names), HasSubstr("column_19, ..."));
}

TEST(QuotedTest, KeepsPrintableText) {
  EXPECT_EQ(Quoted("price"), "\"price\"");
  EXPECT_EQ(Quoted("pr\xc3\xafx \xf0\x9f\x98\x80"), "\"pr\xc3\xafx \xf0\x9f\x98\x80\"");
}

TEST(QuotedTest, EscapesWhatCouldConfuse) {
  EXPECT_EQ(Quoted("say \"hi\"\\"), "\"say \\\"hi\\\"\\\\\"");
  EXPECT_EQ(Quoted(std::string_view("a\0b\n\x1b[31m\x7f", 10)), "\"a\\x00b\\x0a\\x1b[31m\\x7f\"");
}

TEST(QuotedTest, ReplacesInvalidUtf8) {
  constexpr char kReplacement[] = "\xef\xbf\xbd";
  EXPECT_EQ(Quoted("\xff"), std::string("\"") + kReplacement + "\"");
  EXPECT_EQ(Quoted("\xc3"), std::string("\"") + kReplacement + "\"");  // Cut short.
  EXPECT_EQ(Quoted("\xc0\x80"),
            std::string("\"") + kReplacement + kReplacement + "\"");  // Overlong.
  EXPECT_EQ(Quoted("\xed\xa0\x80"),
            std::string("\"") + kReplacement + kReplacement + kReplacement + "\"");  // Surrogate.
}

TEST(QuotedTest, CutsAfter64BytesBetweenCharacters) {
  EXPECT_EQ(Quoted(std::string(64, 'x')), '"' + std::string(64, 'x') + '"');
  EXPECT_EQ(Quoted(std::string(65, 'x')), '"' + std::string(64, 'x') + "...\"");
  EXPECT_EQ(Quoted(std::string(63, 'x') + "\xc3\xa9"), '"' + std::string(63, 'x') + "...\"");
}

}  // namespace
}  // namespace fitd
