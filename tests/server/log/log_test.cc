#include "server/log/log.h"

#include <cmath>

#include "gtest/gtest.h"

namespace fitd {
namespace {

TEST(LogTest, JsonFieldsAreTyped) {
  EXPECT_EQ(
      FormatLogLine("done", {{"job", "fit-1"}, {"steps", int64_t{4}}, {"seconds", 0.5}}, true),
      R"("event":"done","job":"fit-1","steps":4,"seconds":0.5)");
  EXPECT_EQ(FormatLogLine("done", {{"seconds", std::nan("")}}, true),
            R"("event":"done","seconds":null)");
}

TEST(LogTest, TextQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(FormatLogLine("done", {{"job", "fit-1"}, {"error", "no space"}}, false),
            R"(done job=fit-1 error="no space")");
}

TEST(LogTest, ValuesCannotForgeALine) {
  const std::string evil = "a\"\n{\"level\":\"error\"}\x1b[31m\xff";
  for (const bool json : {true, false}) {
    const std::string line = FormatLogLine("e", {{"name", evil}}, json);
    EXPECT_EQ(line.find_first_of("\n\x1b\xff"), line.npos);
  }
  EXPECT_EQ(FormatLogLine("e", {{"name", "a\"b"}}, true), R"("event":"e","name":"a\"b")");
}

}  // namespace
}  // namespace fitd
