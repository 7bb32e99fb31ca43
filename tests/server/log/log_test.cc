#include "server/log/log.h"

#include <cmath>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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

class Scope final : public LogScope {
 public:
  explicit Scope(std::string call) : call_(std::move(call)) {}
  std::vector<LogField> Fields() const override { return {{"call", call_}}; }

 private:
  const std::string call_;
};

TEST(LogTest, LinesOfAThreadSayWhatItsInnermostScopeSays) {
  const Scope outer("1");
  {
    const Scope inner("2");
    EXPECT_EQ(FormatLogLine("done", {{"job", "fit-1"}}, true),
              R"("event":"done","job":"fit-1","call":"2")");
    std::thread([] { EXPECT_EQ(FormatLogLine("done", {}, false), "done"); }).join();
  }
  EXPECT_EQ(FormatLogLine("done", {}, false), "done call=1");
}

}  // namespace
}  // namespace fitd
