#include "core/search/search_space.h"

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "tests/core/search/search_testing.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using Values = SearchSpace::Values;

SearchSpace Space(const std::string& axes) {
  return SearchSpace(Resolved("algorithm { random { trials: 1 } } space { " + axes + "}").space());
}

std::vector<std::string> Points(const SearchSpace& space, Values values) {
  std::vector<std::string> points;
  for (int64_t i = 0; i < space.Size(values); ++i) points.push_back(Text(space.Point(values, i)));
  return points;
}

constexpr char kOptimizers[] =
    "axes { path: 'optimizer' choice {"
    "  choices { value: 'sgd' axes { path: 'training.optimizer.sgd.momentum'"
    "                                choice { choices { value: '0' } choices { value: '0.9' } } } }"
    "  choices { value: 'adam' } } }"
    "axes { path: 'batch_size' integer { low: 8 high: 9 } }";

TEST(SearchSpaceTest, TheLastAxisIsTheFastestAndConditionsCountWhereTheyHold) {
  EXPECT_THAT(Points(Space(kOptimizers), Values::kGrid),
              ElementsAre("optimizer=sgd training.optimizer.sgd.momentum=0 batch_size=8",
                          "optimizer=sgd training.optimizer.sgd.momentum=0 batch_size=9",
                          "optimizer=sgd training.optimizer.sgd.momentum=0.9 batch_size=8",
                          "optimizer=sgd training.optimizer.sgd.momentum=0.9 batch_size=9",
                          "optimizer=adam batch_size=8", "optimizer=adam batch_size=9"));
}

TEST(SearchSpaceTest, ParametersArePutIntoTheFieldsOfTheirAxes) {
  const SearchSpace space =
      Space(std::string(kOptimizers) + "axes { path: 'units' integer { low: 5 high: 5 } }");
  std::vector<std::string> fields;
  for (const FieldValue& value : space.FieldValues(space.Point(Values::kGrid, 3)))
    fields.push_back(value.field + "=" + value.value);
  EXPECT_THAT(fields, ElementsAre("training.optimizer=sgd", "training.optimizer.sgd.momentum=0.9",
                                  "training.batch_size=9", "model.layers[0].dense.units=5",
                                  "model.layers[2].dense.units=5"));
}

TEST(SearchSpaceTest, RangesAreEvenInNumbersOrInLogarithms) {
  EXPECT_THAT(
      Points(
          Space("axes { path: 'learning_rate' real { low: 1e-4 high: 0.1 log: true count: 4 } }"),
          Values::kGrid),
      ElementsAre("learning_rate=0.0001", "learning_rate=0.001", "learning_rate=0.01",
                  "learning_rate=0.1"));
  EXPECT_THAT(
      Points(Space("axes { path: 'momentum' real { low: 0 high: 0.9 count: 3 } }"), Values::kGrid),
      ElementsAre("momentum=0", "momentum=0.45", "momentum=0.9"));
  EXPECT_THAT(
      Points(Space("axes { path: 'units' integer { low: 16 high: 1024 log: true count: 4 } }"),
             Values::kGrid),
      ElementsAre("units=16", "units=64", "units=256", "units=1024"));
  // Those that round to the same number count once.
  EXPECT_THAT(
      Points(Space("axes { path: 'units' integer { low: 1 high: 3 count: 7 } }"), Values::kGrid),
      ElementsAre("units=1", "units=2", "units=3"));
}

TEST(SearchSpaceTest, AllValuesAreTheWholeNumbersAndCountlessRealOnes) {
  const SearchSpace space = Space("axes { path: 'units' integer { low: 1 high: 6 count: 2 } }");
  EXPECT_EQ(space.Size(Values::kGrid), 2);
  EXPECT_EQ(space.Size(Values::kAll), 6);
  EXPECT_EQ(Text(space.Point(Values::kAll, 4)), "units=5");
  const SearchSpace countless = Space(
      "axes { path: 'momentum' real { low: 0 high: 0.9 } }"
      "axes { path: 'units' integer { low: 1 high: 6 } }");
  EXPECT_EQ(countless.Size(Values::kAll), std::numeric_limits<int64_t>::max());
}

TEST(SearchSpaceTest, DrawsFollowFromTheSeedAndTheTrialAlone) {
  const SearchSpace space = Space(kOptimizers);
  EXPECT_EQ(Text(space.Draw(7, 3, 0)), Text(space.Draw(7, 3, 0)));
  std::set<std::string> seeds;
  std::set<std::string> trials;
  std::set<std::string> attempts;
  for (int i = 0; i < 50; ++i) {
    seeds.insert(Text(space.Draw(i, 0, 0)));
    trials.insert(Text(space.Draw(7, i, 0)));
    attempts.insert(Text(space.Draw(7, 0, i)));
  }
  EXPECT_EQ(seeds.size(), 6);
  EXPECT_EQ(trials.size(), 6);
  EXPECT_EQ(attempts.size(), 6);
}

TEST(SearchSpaceTest, AnAxisDrawsTheSameWhateverIsChosenBeforeIt) {
  // The draw of batch_size is that of a space in which the choice brings an axis for both values.
  const SearchSpace one = Space(kOptimizers);
  const SearchSpace both = Space(
      "axes { path: 'optimizer' choice {"
      "  choices { value: 'adam' axes { path: 'training.optimizer.adam.beta_1'"
      "                                 real { low: 0.5 high: 0.9 } } }"
      "  choices { value: 'sgd' } } }"
      "axes { path: 'batch_size' integer { low: 8 high: 9 } }");
  for (int trial = 0; trial < 20; ++trial) {
    EXPECT_EQ(one.Draw(1, trial, 0).back().value(), both.Draw(1, trial, 0).back().value());
  }
}

TEST(SearchSpaceTest, DrawsAreEvenInNumbersOrInLogarithms) {
  const SearchSpace space = Space(
      "axes { path: 'learning_rate' real { low: 1e-4 high: 1 log: true } }"
      "axes { path: 'momentum' real { low: 0 high: 1 } }"
      "axes { path: 'units' integer { low: 1 high: 4 } }");
  constexpr int kDraws = 4000;
  int small_rates = 0;
  int small_momenta = 0;
  std::map<std::string, int> units;
  for (int trial = 0; trial < kDraws; ++trial) {
    const Parameters drawn = space.Draw(1, trial, 0);
    const double rate = std::stod(drawn[0].value());
    EXPECT_GE(rate, 1e-4);
    EXPECT_LE(rate, 1);
    small_rates += rate < 1e-2 ? 1 : 0;
    small_momenta += std::stod(drawn[1].value()) < 0.25 ? 1 : 0;
    ++units[drawn[2].value()];
  }
  EXPECT_NEAR(small_rates, kDraws / 2, 120);
  EXPECT_NEAR(small_momenta, kDraws / 4, 120);
  ASSERT_EQ(units.size(), 4);
  for (const auto& [value, count] : units) EXPECT_NEAR(count, kDraws / 4, 120) << value;
}

TEST(SearchSpaceTest, DrawnNumbersAreShortToWrite) { EXPECT_EQ(RealText(0.123456789), "0.123457"); }

TEST(SearchSpaceTest, SharesLeadBackToTheirPoint) {
  const SearchSpace space(
      Resolved("algorithm { random { trials: 9 } } space {"
               "axes { path: 'activation' choice { choices { value: 'relu' }"
               "       choices { value: 'elu' axes { path: 'momentum' real { high: 0.9 } } } } }"
               "axes { path: 'learning_rate' real { low: 1e-4 high: 1 log: true } }"
               "axes { path: 'units' integer { low: 3 high: 90 log: true } }"
               "axes { path: 'batch_size' integer { low: 1 high: 7 } } }")
          .space());
  for (int64_t trial = 0; trial < 100; ++trial) {
    const Parameters point = space.Draw(1, trial, 0);
    const std::map<uint32_t, double> shares = space.SharesOf(point);
    EXPECT_EQ(shares.size(), point.size());
    EXPECT_EQ(shares.contains(1), point.size() == 5);
    EXPECT_EQ(
        Text(space.PointAt([&](const v1::SearchAxis&, uint32_t axis) { return shares.at(axis); })),
        Text(point));
  }
}

}  // namespace
}  // namespace fitd
