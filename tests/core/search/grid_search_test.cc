#include "core/search/grid_search.h"

#include <set>
#include <string>

#include "tests/core/search/search_testing.h"

namespace fitd {
namespace {

TEST(GridSearchTest, VisitsEveryPointOnce) {
  const SearchSpace space(Resolved("algorithm { grid {} } space {"
                                   "axes { path: 'batch_size' integer { low: 1 high: 3 } }"
                                   "axes { path: 'units' integer { low: 4 high: 5 } } }")
                              .space());
  const GridSearch search(/*epochs=*/2, space);
  EXPECT_EQ(search.planned_trials(), 6);
  EXPECT_EQ(search.planned_epochs(), 12);
  std::vector<TrialStep> steps = search.Next({}, 4);
  ASSERT_EQ(steps.size(), 4);
  EXPECT_EQ(Text(steps[1].parameters), "batch_size=1 units=5");
  for (TrialStep& step : search.Next(std::vector<v1::SearchTrial>(4), 4)) steps.push_back(step);
  std::set<std::string> points;
  for (const TrialStep& step : steps) {
    points.insert(Text(step.parameters));
    EXPECT_EQ(step.epochs, 0);
  }
  EXPECT_EQ(points.size(), 6);
}

}  // namespace
}  // namespace fitd
