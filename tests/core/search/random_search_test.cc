#include "core/search/random_search.h"

#include <set>
#include <string>

#include "tests/core/search/search_testing.h"

namespace fitd {
namespace {

std::vector<std::string> Trials(const std::string& random, const std::string& axes) {
  const v1::SearchSpec spec =
      Resolved("algorithm { random { " + random + "} } space { " + axes + "}");
  const Play play(spec, [](const auto&, int64_t) { return 1; }, 2, [](size_t) { return 0; });
  EXPECT_EQ(static_cast<int64_t>(play.trials.size()), play.planned_trials);
  std::vector<std::string> texts;
  for (const v1::SearchTrial& trial : play.trials)
    texts.push_back(Text({trial.parameters().begin(), trial.parameters().end()}));
  return texts;
}

constexpr char kReal[] = "axes { path: 'momentum' real { low: 0 high: 0.9 } }";
constexpr char kTen[] = "axes { path: 'units' integer { low: 1 high: 10 } }";

TEST(RandomSearchTest, TheSeedDecidesAll) {
  EXPECT_EQ(Trials("trials: 5 seed: 3", kReal), Trials("trials: 5 seed: 3", kReal));
  EXPECT_NE(Trials("trials: 5 seed: 3", kReal), Trials("trials: 5 seed: 4", kReal));
}

TEST(RandomSearchTest, MoreTrialsBeginWithTheSame) {
  auto more = Trials("trials: 20 seed: 3", kReal);
  more.resize(5);
  EXPECT_EQ(more, Trials("trials: 5 seed: 3", kReal));
}

TEST(RandomSearchTest, NoTwoTrialsAreAlike) {
  const auto trials = Trials("trials: 9", kTen);
  EXPECT_EQ(trials.size(), 9);
  EXPECT_EQ(std::set<std::string>(trials.begin(), trials.end()).size(), 9);
}

TEST(RandomSearchTest, EndsWhereANarrowRangeHoldsNoMore) {
  const Play play(
      Resolved("algorithm { random { trials: 100 } } space { axes { path: 'momentum' real { low: "
               "0.1 high: 0.100002 } } }"),
      [](const auto&, int64_t) { return 1; }, 2, [](size_t) { return 0; });
  EXPECT_EQ(play.trials.size(), 3);
}

TEST(RandomSearchTest, TakesAllPointsWhereThereAreNoMore) {
  const auto trials = Trials("trials: 50", kTen);
  EXPECT_EQ(trials.size(), 10);
  EXPECT_EQ(trials.front(), "units=1");
}

}  // namespace
}  // namespace fitd
