#include "core/search/halving_search.h"

#include <optional>
#include <random>
#include <string>

#include "tests/core/search/search_testing.h"

namespace fitd {
namespace {

constexpr char kSpace[] =
    "space { axes { path: 'momentum' real { low: 0 high: 0.9 } } }"
    "objective { mode: MONITOR_MODE_MAX }";

v1::SearchSpec Spec(const std::string& algorithm, int64_t epochs, const std::string& more = "") {
  v1::TrialSpec base = Base();
  base.mutable_training()->set_epochs(epochs);
  auto spec = ParseText<v1::SearchSpec>("algorithm { " + algorithm + " } " + kSpace + more);
  *spec.mutable_training() = base.training();
  Violations violations;
  ResolveSearch(base, "spec", spec, violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return spec;
}

// The larger momentum is the better at any time.
std::optional<double> Momentum(const v1::SearchTrial& trial, int64_t /*epochs*/) {
  return std::stod(trial.parameters(0).value());
}

size_t First(size_t /*waiting*/) { return 0; }

TEST(HalvingSearchTest, OneInFactorGoesOnAtEachRung) {
  const Play play(Spec("halving { trials: 27 }", 9), Momentum, 4, First);
  EXPECT_EQ(play.planned_trials, 27);
  EXPECT_EQ(play.TrialsWith(1), 18);
  EXPECT_EQ(play.TrialsWith(3), 6);
  EXPECT_EQ(play.TrialsWith(9), 3);
  EXPECT_EQ(play.Epochs(), 18 + 18 + 27);
  EXPECT_EQ(play.planned_epochs, play.Epochs());
}

TEST(HalvingSearchTest, TheBestGoOn) {
  const Play play(Spec("halving { trials: 27 }", 9), Momentum, 4, First);
  double best_left = 0;
  double worst_finished = 1;
  for (const v1::SearchTrial& trial : play.trials) {
    const double score = *Momentum(trial, 1);
    if (trial.epochs() == 9) worst_finished = std::min(worst_finished, score);
    if (trial.epochs() != 9) best_left = std::max(best_left, score);
  }
  EXPECT_GT(worst_finished, best_left);
}

TEST(HalvingSearchTest, LowerIsBetterWhenTheObjectiveSaysSo) {
  v1::SearchSpec spec = Spec("halving { trials: 9 }", 3);
  spec.mutable_objective()->set_mode(v1::MONITOR_MODE_MIN);
  const Play play(spec, Momentum, 4, First);
  for (const v1::SearchTrial& trial : play.trials) {
    if (trial.epochs() != 3) continue;
    for (const v1::SearchTrial& other : play.trials) {
      if (other.epochs() == 1) {
        EXPECT_LT(*Momentum(trial, 3), *Momentum(other, 1));
      }
    }
  }
}

TEST(HalvingSearchTest, OneAtLeastIsTrainedToItsEnd) {
  const Play play(Spec("halving { trials: 2 }", 81), Momentum, 4, First);
  EXPECT_EQ(play.TrialsWith(81), 1);
}

TEST(HalvingSearchTest, TrialsWithoutAScoreStayBehind) {
  const auto some = [](const v1::SearchTrial& trial, int64_t epochs) -> std::optional<double> {
    if (trial.number() % 2 == 0) return std::nullopt;
    return Momentum(trial, epochs);
  };
  const Play play(Spec("halving { trials: 9 }", 3), some, 4, First);
  EXPECT_EQ(play.TrialsWith(3), 3);
  for (const v1::SearchTrial& trial : play.trials) {
    if (trial.number() % 2 == 0) {
      EXPECT_EQ(trial.epochs(), 1);
    }
  }
}

TEST(HalvingSearchTest, ATrialThatEndedByItselfKeepsItsPlace) {
  v1::SearchSpec spec = Spec("halving { trials: 3 }", 3);
  const SearchSpace space(spec.space());
  const auto algorithm = MakeSearchAlgorithm(spec, space);
  std::vector<v1::SearchTrial> trials(3);
  for (const TrialStep& step : algorithm->Next({}, 3)) {
    v1::SearchTrial& trial = trials[static_cast<size_t>(step.trial - 1)];
    trial.set_number(step.trial);
    trial.set_granted_epochs(step.epochs);
    trial.set_state(v1::JOB_STATE_PAUSED);
    trial.add_rungs()->set_epochs(1);
    trial.mutable_rungs(0)->set_score(0.5);
    *trial.mutable_parameters() = {step.parameters.begin(), step.parameters.end()};
  }
  trials[1].clear_rungs();
  trials[1].set_state(v1::JOB_STATE_SUCCEEDED);
  trials[1].set_score(0.9);
  EXPECT_TRUE(algorithm->Next(trials, 3).empty());
}

TEST(HalvingSearchTest, TheOrderInWhichTrialsEndChangesNothing) {
  const v1::SearchSpec spec = Spec("halving { trials: 27 seed: 5 }", 9);
  const std::string table = Play(spec, Momentum, 1, First).Table();
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::minstd_rand random(seed);
    const auto any = [&](size_t waiting) { return random() % waiting; };
    EXPECT_EQ(Play(spec, Momentum, 1 + seed, any).Table(), table);
  }
}

TEST(HalvingSearchTest, HyperbandHasTheBracketsOfThePaper) {
  // Table 1 of Li et al. 2018: 81 epochs, a factor of 3.
  const Play play(Spec("hyperband {}", 81), Momentum, 8, First);
  EXPECT_EQ(play.planned_trials, 81 + 34 + 15 + 8 + 5);
  EXPECT_EQ(static_cast<int64_t>(play.trials.size()), play.planned_trials);
  EXPECT_EQ(play.planned_epochs, play.Epochs());
  // At its end: 1 + 1 + 1 + 2 + 5.
  EXPECT_EQ(play.TrialsWith(81), 10);
}

TEST(HalvingSearchTest, TheOrderChangesNothingWithinABudgetEither) {
  for (const int64_t epochs : {27, 81, 100, 150, 200, 356, 400}) {
    const v1::SearchSpec spec =
        Spec("hyperband { seed: 5 }", 27, "budget { epochs: " + std::to_string(epochs) + " }");
    const Play one(spec, Momentum, 1, First);
    EXPECT_LE(one.Epochs(), epochs);
    for (unsigned seed = 0; seed < 20; ++seed) {
      std::minstd_rand random(seed);
      const auto any = [&](size_t waiting) { return random() % waiting; };
      EXPECT_EQ(Play(spec, Momentum, 1 + 3 * seed, any).Table(), one.Table()) << epochs;
    }
  }
}

TEST(HalvingSearchTest, HalvesAsManyTrialsAsTheBudgetPaysFor) {
  const Play five(Spec("halving { trials: 27 }", 27, "budget { trials: 5 }"), Momentum, 8, First);
  EXPECT_EQ(five.planned_trials, 5);
  EXPECT_EQ(five.TrialsWith(1), 4);
  EXPECT_EQ(five.TrialsWith(27), 1);
  EXPECT_EQ(five.planned_epochs, five.Epochs());
  const Play paid(Spec("halving { trials: 27 }", 27, "budget { epochs: 41 }"), Momentum, 8, First);
  EXPECT_EQ(paid.planned_trials, 11);
  EXPECT_EQ(paid.planned_epochs, 11 + 3 * 2 + 1 * 6 + 1 * 18);
  EXPECT_EQ(paid.planned_epochs, paid.Epochs());
  const v1::SearchSpec folds =
      Spec("halving { trials: 27 }", 27, "budget { epochs: 83 } cross_validation { folds: 2 }");
  EXPECT_EQ(Play(folds, Momentum, 8, First).Table(), paid.Table());
}

TEST(HalvingSearchTest, TheLastBracketOfABudgetIsWholeToo) {
  // The first two brackets have 9 and 5 trials.
  const Play trials(Spec("hyperband {}", 9, "budget { trials: 12 }"), Momentum, 8, First);
  EXPECT_EQ(trials.planned_trials, 12);
  EXPECT_EQ(trials.TrialsWith(3), 2 + 2);  // Of three that begin with 3 epochs, one goes on.
  EXPECT_EQ(trials.TrialsWith(9), 1 + 1);
  EXPECT_EQ(trials.planned_epochs, trials.Epochs());
}

TEST(HalvingSearchTest, ABudgetThatPaysForNoTrialLeavesOne) {
  const Play play(Spec("hyperband {}", 9, "budget { epochs: 8 }"), Momentum, 8, First);
  EXPECT_EQ(play.planned_trials, 1);
}

TEST(HalvingSearchTest, ASmallSpaceEndsHyperbandEarly) {
  v1::SearchSpec spec = Spec("hyperband {}", 9);
  spec.mutable_space()->mutable_axes(0)->set_path("units");
  spec.mutable_space()->mutable_axes(0)->mutable_integer()->set_low(1);
  spec.mutable_space()->mutable_axes(0)->mutable_integer()->set_high(7);
  v1::TrialSpec base = Base();
  *base.mutable_training() = spec.training();
  Violations violations;
  ResolveSearch(base, "spec", spec, violations);
  ASSERT_TRUE(violations.empty()) << violations.ToStatus();
  const Play play(spec, Momentum, 8, First);
  EXPECT_EQ(play.trials.size(), 7);
  EXPECT_GE(play.TrialsWith(9), 1);
}

TEST(HalvingSearchTest, ANarrowRangeEndsWithWhatItHolds) {
  v1::SearchSpec spec = Spec("halving { trials: 90 }", 9);
  spec.mutable_space()->mutable_axes(0)->mutable_real()->set_low(0.5);
  spec.mutable_space()->mutable_axes(0)->mutable_real()->set_high(0.500005);
  const Play play(spec, Momentum, 100, First);
  EXPECT_LE(play.trials.size(), 6);
  EXPECT_GE(play.TrialsWith(9), 1);
}

}  // namespace
}  // namespace fitd
