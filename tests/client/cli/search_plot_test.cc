#include "client/cli/search_plot.h"

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace fitd::cli {
namespace {

using testing::HasSubstr;

v1::Search Search() {
  v1::Search search;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "name: 's' spec { objective { metric: 'val_accuracy' mode: MONITOR_MODE_MAX } space {"
      "axes { path: 'rate' real { low: 0.001 high: 1 log: true } }"
      "axes { path: 'kind' choice { choices { value: 'a' } choices { value: 'b' } } } } }",
      &search));
  return search;
}

void Add(const std::string& rate, const std::string& kind, std::optional<double> score,
         Trials& trials) {
  v1::SearchTrial& trial = trials.emplace_back();
  trial.set_number(static_cast<int64_t>(trials.size()));
  for (const auto& [path, value] : {std::pair("rate", rate), std::pair("kind", kind)}) {
    trial.add_parameters()->set_path(path);
    trial.mutable_parameters()->rbegin()->set_value(value);
  }
  if (score) trial.set_score(*score);
}

// Eight trials whose score follows the kind, or the rate.
Trials ByKind() {
  Trials trials;
  for (int i = 0; i < 8; ++i) {
    const bool a = i % 2 == 0;
    Add(std::to_string(0.001 * (i + 1)), a ? "a" : "b", (a ? 0.5 : 0.9) + 0.001 * i, trials);
  }
  return trials;
}
Trials ByRate() {
  Trials trials;
  for (int i = 0; i < 8; ++i)
    Add(std::to_string(0.001 * (i + 1)), i % 2 == 0 ? "a" : "b", 0.1 * i, trials);
  return trials;
}

TEST(SearchPlotTest, TheAxisThatDecidesIsImportant) {
  EXPECT_GT(Importance(Search(), ByKind(), "kind").value(), 0.7);
  EXPECT_LT(Importance(Search(), ByKind(), "rate").value(), 0.3);
  EXPECT_GT(Importance(Search(), ByRate(), "rate").value(), 0.8);
  EXPECT_LT(Importance(Search(), ByRate(), "kind").value(), 0.3);
}

// A hand calculation: ranks 0 to 3, groups (0, 1) and (2, 3): total 5, between 4, within 1 of 2
// degrees of freedom.
TEST(SearchPlotTest, ImportanceIsEpsilonSquared) {
  Trials trials;
  Add("0.1", "a", 1, trials);
  Add("0.1", "a", 2, trials);
  Add("0.1", "b", 3, trials);
  Add("0.1", "b", 4, trials);
  EXPECT_DOUBLE_EQ(Importance(Search(), trials, "kind").value(), (4 - 0.5) / 5);
}

TEST(SearchPlotTest, TooFewTrialsTellNothing) {
  Trials trials;
  EXPECT_FALSE(Importance(Search(), trials, "kind").has_value());
  Add("0.1", "a", 1, trials);
  Add("0.2", "b", 2, trials);
  EXPECT_FALSE(Importance(Search(), trials, "kind").has_value());
  Add("0.2", "b", std::nullopt, trials);
  EXPECT_FALSE(Importance(Search(), trials, "kind").has_value());
}

// Ranks 0, 1, 2.5 and 2.5 where less is better, the last two of trials that failed: groups (0, 1)
// and (2.5, 2.5): mean 1.5, total 4.5, between 4, within 0.5 of 2 degrees of freedom.
TEST(SearchPlotTest, ATrialThatFailedCountsAsTheWorst) {
  v1::Search search = Search();
  search.mutable_spec()->mutable_objective()->set_mode(v1::MONITOR_MODE_MIN);
  Trials trials;
  Add("0.1", "a", 1, trials);
  Add("0.1", "a", 2, trials);
  for (int i = 0; i < 2; ++i) {
    Add("0.1", "b", std::nullopt, trials);
    trials.back().set_state(v1::JOB_STATE_FAILED);
  }
  EXPECT_DOUBLE_EQ(Importance(search, trials, "kind").value(), (4 - 0.25) / 4.5);
  const std::string text = PlotText(search, trials);
  EXPECT_THAT(text, HasSubstr("kind, importance 0.83"));
  EXPECT_THAT(text, testing::Not(HasSubstr("inf")));
  EXPECT_EQ(PlotText(search, {trials[2], trials[3]}), "No trial has a score yet.\n");
  // Where more is better, they are below the others.
  Add("0.1", "b", -5, trials);
  EXPECT_GT(Importance(Search(), trials, "kind").value(), 0.5);
}

TEST(SearchPlotTest, SaysThatItTellsMainEffectsAlone) {
  EXPECT_THAT(PlotText(Search(), ByRate()), HasSubstr("main effects"));
}

TEST(SearchPlotTest, TellsOtherProgramsTheSame) {
  Trials trials = ByRate();
  Add("1", "a", std::nullopt, trials);
  trials.back().set_state(v1::JOB_STATE_FAILED);
  const auto fields = PlotData(Search(), trials).fields();
  EXPECT_EQ(fields.at("search").string_value(), "s");
  EXPECT_EQ(fields.at("objective").string_value(), "val_accuracy");
  const auto& axes = fields.at("axes").list_value();
  ASSERT_EQ(axes.values_size(), 2);
  const auto& rate = axes.values(0).struct_value().fields();
  EXPECT_EQ(rate.at("name").string_value(), "rate");
  EXPECT_TRUE(rate.at("log").bool_value());
  EXPECT_DOUBLE_EQ(rate.at("importance").number_value(),
                   Importance(Search(), trials, "rate").value());
  const auto& points = rate.at("points").list_value();
  ASSERT_EQ(points.values_size(), 9);
  EXPECT_EQ(points.values(1).struct_value().fields().at("trial").number_value(), 2);
  EXPECT_EQ(points.values(1).struct_value().fields().at("value").number_value(), 0.002);
  EXPECT_EQ(points.values(1).struct_value().fields().at("score").number_value(), 0.1);
  EXPECT_TRUE(points.values(8).struct_value().fields().at("score").has_null_value());
  const auto& kind = axes.values(1).struct_value().fields();
  EXPECT_EQ(
      kind.at("points").list_value().values(1).struct_value().fields().at("value").string_value(),
      "b");
  const auto none = PlotData(Search(), {}).fields();
  EXPECT_TRUE(none.at("axes")
                  .list_value()
                  .values(0)
                  .struct_value()
                  .fields()
                  .at("importance")
                  .has_null_value());
}

TEST(SearchPlotTest, DrawsTheMostImportantAxisFirst) {
  Trials trials = ByRate();
  Add("1", "a", std::nullopt, trials);
  const std::string text = PlotText(Search(), trials);
  EXPECT_LT(text.find("rate (logarithmic), importance 0."), text.find("kind, importance 0."));
  // The best rate is at the right, the worst at the left.
  EXPECT_THAT(text, HasSubstr("  0.7000 |" + std::string(59, ' ') + "*\n"));
  EXPECT_THAT(text, HasSubstr("\n  0.0000 |*\n"));
  EXPECT_THAT(text, HasSubstr("\n          0.001000" + std::string(44, ' ') + "0.008000\n"));
  EXPECT_THAT(text, HasSubstr(std::string(24, ' ') + "a" + std::string(29, ' ') + "b\n"));
}

TEST(SearchPlotTest, EqualScoresAreOneLine) {
  Trials trials;
  Add("0.5", "a", 1, trials);
  Add("0.5", "a", 1, trials);
  EXPECT_THAT(PlotText(Search(), trials), HasSubstr("importance unknown"));
  EXPECT_THAT(PlotText(Search(), trials), HasSubstr("#"));
}

TEST(SearchPlotTest, SaysThatThereIsNothingToDraw) {
  EXPECT_EQ(PlotText(Search(), {}), "No trial has a score yet.\n");
}

}  // namespace
}  // namespace fitd::cli
