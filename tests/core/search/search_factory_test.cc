#include "core/search/search_factory.h"

#include "core/base/kinds.h"
#include "tests/core/search/search_testing.h"

namespace fitd {
namespace {

TEST(SearchFactoryTest, MakesEveryKindAndEachPlansItsTrials) {
  for (const std::string& kind : KindNames(*v1::SearchAlgorithmSpec::descriptor())) {
    auto spec = ParseText<v1::SearchSpec>(
        "algorithm { " + kind +
        " {} } space { axes { path: 'units' integer { low: 1 high: 9 } } }");
    v1::TrialSpec base = Base();
    base.mutable_training()->set_epochs(9);
    *spec.mutable_training() = base.training();
    if (spec.algorithm().has_random()) spec.mutable_algorithm()->mutable_random()->set_trials(9);
    if (spec.algorithm().has_halving()) spec.mutable_algorithm()->mutable_halving()->set_trials(9);
    if (spec.algorithm().has_asynchronous_halving())
      spec.mutable_algorithm()->mutable_asynchronous_halving()->set_trials(9);
    if (spec.algorithm().has_tpe()) spec.mutable_algorithm()->mutable_tpe()->set_trials(9);
    Violations violations;
    ResolveSearch(base, "spec", spec, violations);
    ASSERT_TRUE(violations.empty()) << kind << ": " << violations.ToStatus();
    const SearchSpace space(spec.space());
    const auto algorithm = MakeSearchAlgorithm(spec, space);
    ASSERT_NE(algorithm, nullptr) << kind;
    EXPECT_EQ(algorithm->planned_trials(), 9) << kind;
    EXPECT_EQ(algorithm->Next({}, 1).size(), 1) << kind;
  }
}

}  // namespace
}  // namespace fitd
