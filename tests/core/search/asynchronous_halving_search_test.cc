#include "core/search/asynchronous_halving_search.h"

#include <cmath>
#include <optional>
#include <random>
#include <string>

#include "tests/core/search/search_testing.h"

namespace fitd {
namespace {

v1::SearchSpec Spec(const std::string& halving, int64_t epochs) {
  v1::TrialSpec base = Base();
  base.mutable_training()->set_epochs(epochs);
  auto spec = ParseText<v1::SearchSpec>("algorithm { asynchronous_halving { " + halving +
                                        " } } objective { mode: MONITOR_MODE_MAX }"
                                        "space { axes { path: 'momentum' real { high: 0.9 } } }");
  *spec.mutable_training() = base.training();
  Violations violations;
  ResolveSearch(base, "spec", spec, violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return spec;
}

// Noisy at first, then the momentum.
std::optional<double> Score(const v1::SearchTrial& trial, int64_t epochs) {
  const auto number = static_cast<double>(trial.number());
  return std::stod(trial.parameters(0).value()) +
         0.3 * std::sin(17 * number) / static_cast<double>(epochs);
}

size_t First(size_t /*waiting*/) { return 0; }

TEST(AsynchronousHalvingSearchTest, MostTrialsEndEarly) {
  const Play play(Spec("trials: 81", 27), Score, 4, First);
  EXPECT_EQ(play.planned_trials, 81);
  EXPECT_EQ(play.trials.size(), 81);
  EXPECT_GE(play.TrialsWith(27), 3);
  EXPECT_LT(play.Epochs(), 81 * 27 / 4);
}

TEST(AsynchronousHalvingSearchTest, PromotesBeforeTheRungIsFull) {
  const v1::SearchSpec spec = Spec("trials: 1000 parallelism: 1", 3);
  const SearchSpace space(spec.space());
  const auto algorithm = MakeSearchAlgorithm(spec, space);
  std::vector<v1::SearchTrial> trials(3);
  for (int64_t i = 0; i < 3; ++i) {
    v1::SearchTrial& trial = trials[static_cast<size_t>(i)];
    trial.set_number(i + 1);
    trial.set_granted_epochs(1);
    trial.add_rungs()->set_epochs(1);
    trial.mutable_rungs(0)->set_score(i == 1 ? 0.9 : 0.1);
  }
  const std::vector<TrialStep> steps = algorithm->Next(trials, 1);
  ASSERT_EQ(steps.size(), 1);
  EXPECT_EQ(steps[0].trial, 2);
  EXPECT_EQ(steps[0].epochs, 0);
}

TEST(AsynchronousHalvingSearchTest, SoManyStepsWaitAtOnce) {
  const v1::SearchSpec spec = Spec("trials: 1000 parallelism: 5", 9);
  const SearchSpace space(spec.space());
  EXPECT_EQ(MakeSearchAlgorithm(spec, space)->Next({}, 100).size(), 5);
}

TEST(AsynchronousHalvingSearchTest, TheOrderInWhichTrialsEndChangesNothing) {
  v1::SearchSpec spec = Spec("trials: 60 seed: 9 parallelism: 6", 9);
  for (const int64_t budget : {0, 10, 50, 100}) {
    spec.mutable_budget()->set_epochs(budget);
    const std::string table = Play(spec, Score, 1, First).Table();
    for (unsigned seed = 0; seed < 20; ++seed) {
      std::minstd_rand random(seed);
      const auto any = [&](size_t waiting) { return random() % waiting; };
      EXPECT_EQ(Play(spec, Score, 1 + seed, any).Table(), table) << budget;
    }
  }
}

TEST(AsynchronousHalvingSearchTest, OneAtLeastIsTrainedToItsEnd) {
  for (const char* halving : {"trials: 1", "trials: 2", "trials: 8"}) {
    const Play play(Spec(halving, 81), Score, 4, First);
    EXPECT_EQ(play.TrialsWith(81), 1) << halving;
  }
}

TEST(AsynchronousHalvingSearchTest, ThePlanCountsTheOneThatIsTrainedToItsEnd) {
  EXPECT_EQ(Play(Spec("trials: 1", 81), Score, 4, First).planned_epochs, 81);
  const Play two(Spec("trials: 2", 81), Score, 4, First);
  EXPECT_EQ(two.planned_epochs, 82);
  EXPECT_EQ(two.Epochs(), 82);
}

TEST(AsynchronousHalvingSearchTest, TrialsWithinTheBudgetGoOn) {
  v1::SearchSpec spec = Spec("trials: 81", 27);
  spec.mutable_budget()->set_trials(12);
  const Play play(spec, Score, 4, First);
  EXPECT_EQ(play.planned_trials, 12);
  EXPECT_EQ(play.trials.size(), 12);
  EXPECT_EQ(play.TrialsWith(27), 1);
}

TEST(AsynchronousHalvingSearchTest, EndsWhenNoTrialHasAScore) {
  const auto none = [](const v1::SearchTrial&, int64_t) { return std::optional<double>(); };
  const Play play(Spec("trials: 12", 9), none, 4, First);
  EXPECT_EQ(play.TrialsWith(1), 12);
}

}  // namespace
}  // namespace fitd
