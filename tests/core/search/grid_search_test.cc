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
  const GridSearch search(space);
  EXPECT_EQ(search.planned_trials(), 6);
  std::vector<Parameters> made;
  std::set<std::string> points;
  while (const auto next = search.Next(made)) {
    points.insert(Text(*next));
    made.push_back(*next);
  }
  EXPECT_EQ(made.size(), 6);
  EXPECT_EQ(points.size(), 6);
  EXPECT_EQ(Text(made[1]), "batch_size=1 units=5");
}

}  // namespace
}  // namespace fitd
