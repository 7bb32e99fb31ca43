#include "core/search/tpe_search.h"

#include <cmath>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "tests/core/search/search_testing.h"

namespace fitd {
namespace {

constexpr char kSpace[] =
    "axes { path: 'momentum' real { low: 0 high: 0.9 } }"
    "axes { path: 'learning_rate' real { low: 1e-6 high: 1 log: true } }"
    "axes { path: 'units' integer { low: 1 high: 64 } }"
    "axes { path: 'activation' choice { choices { value: 'relu' } choices { value: 'tanh' }"
    "       choices { value: 'elu' axes { path: 'batch_size' integer { low: 1 high: 64 } } } } }";

v1::SearchSpec Spec(const std::string& algorithm, const std::string& space = kSpace) {
  return Resolved("algorithm { " + algorithm +
                  " } objective { mode: MONITOR_MODE_MIN } training { epochs: 1 } space { " +
                  space + " }");
}

// Least at momentum 0.6, learning rate 1e-2, 20 units, elu with a batch size of 10.
std::optional<double> Distance(const v1::SearchTrial& trial, int64_t /*epochs*/) {
  const auto number = [&](int axis) { return std::stod(trial.parameters(axis).value()); };
  double sum = std::pow(number(0) - 0.6, 2) + std::pow((std::log10(number(1)) + 2) / 6, 2) +
               std::pow((number(2) - 20) / 64, 2);
  if (trial.parameters_size() == 4) return sum + 0.5;
  return sum + std::pow((number(4) - 10) / 64, 2);
}

size_t First(size_t /*waiting*/) { return 0; }

double Best(const Play& play) {
  double best = 1e9;
  for (const v1::SearchTrial& trial : play.trials) best = std::min(best, trial.score());
  return best;
}

TEST(TpeSearchTest, EndsFarBelowRandomSearch) {
  double tpe = 0;
  double random = 0;
  for (int seed = 0; seed < 10; ++seed) {
    const std::string trials = "trials: 60 seed: " + std::to_string(seed);
    tpe += Best(Play(Spec("tpe { " + trials + " }"), Distance, 2, First));
    random += Best(Play(Spec("random { " + trials + " }"), Distance, 2, First));
  }
  EXPECT_LT(tpe, random / 3);
}

TEST(TpeSearchTest, MaximisesToo) {
  v1::SearchSpec spec = Spec("tpe { trials: 60 }");
  spec.mutable_objective()->set_mode(v1::MONITOR_MODE_MAX);
  const auto negative = [](const v1::SearchTrial& trial, int64_t epochs) {
    return std::optional(-*Distance(trial, epochs));
  };
  const Play max(spec, negative, 2, First);
  const Play min(Spec("tpe { trials: 60 }"), Distance, 2, First);
  for (size_t i = 0; i < 60; ++i)
    EXPECT_EQ(max.trials[i].parameters(0).value(), min.trials[i].parameters(0).value());
}

TEST(TpeSearchTest, BeginsLikeRandomSearch) {
  const Play tpe(Spec("tpe { trials: 12 seed: 4 startup_trials: 6 }"), Distance, 2, First);
  const Play random(Spec("random { trials: 12 seed: 4 }"), Distance, 2, First);
  ASSERT_EQ(tpe.trials.size(), 12);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(tpe.trials[i].score(), random.trials[i].score());
  EXPECT_NE(tpe.trials[6].score(), random.trials[6].score());
}

TEST(TpeSearchTest, TheOrderInWhichTrialsEndChangesNothing) {
  const v1::SearchSpec spec = Spec("tpe { trials: 40 seed: 5 }");
  const std::string table = Play(spec, Distance, 1, First).Table();
  for (unsigned seed = 0; seed < 10; ++seed) {
    std::minstd_rand random(seed);
    const auto any = [&](size_t waiting) { return random() % waiting; };
    EXPECT_EQ(Play(spec, Distance, 1 + seed, any).Table(), table);
  }
}

TEST(TpeSearchTest, SeesAllButTheNewest) {
  v1::SearchSpec spec = Spec("tpe { trials: 40 startup_trials: 5 parallelism: 3 }");
  const SearchSpace space(spec.space());
  const auto algorithm = MakeSearchAlgorithm(spec, space);
  std::vector<v1::SearchTrial> trials;
  for (const TrialStep& step : algorithm->Next({}, 5)) {
    v1::SearchTrial& trial = trials.emplace_back();
    trial.set_number(step.trial);
    *trial.mutable_parameters() = {step.parameters.begin(), step.parameters.end()};
  }
  EXPECT_TRUE(algorithm->Next(trials, 10).empty());
  for (size_t i = 0; i < 3; ++i) trials[i].set_state(v1::JOB_STATE_FAILED);
  EXPECT_EQ(algorithm->Next(trials, 10).size(), 1);
  for (size_t i = 3; i < 5; ++i) trials[i].set_state(v1::JOB_STATE_FAILED);
  EXPECT_EQ(algorithm->Next(trials, 10).size(), 3);
}

TEST(TpeSearchTest, NoTwoTrialsAreAlike) {
  const Play play(
      Spec("tpe { trials: 40 }", "axes { path: 'units' integer { low: 1 high: 42 } }"),
      [](const auto&, int64_t) { return 1; }, 2, First);
  std::set<std::string> values;
  for (const v1::SearchTrial& trial : play.trials) values.insert(trial.parameters(0).value());
  EXPECT_EQ(values.size(), 40);
}

TEST(TpeSearchTest, TakesAllPointsWhereThereAreNoMore) {
  const Play play(
      Spec("tpe { trials: 40 }", "axes { path: 'units' integer { low: 1 high: 15 } }"),
      [](const auto&, int64_t) { return 1; }, 2, First);
  EXPECT_EQ(play.trials.size(), 15);
}

TEST(TpeSearchTest, GoesOnWhereNoTrialHasAScore) {
  const auto none = [](const v1::SearchTrial&, int64_t) { return std::optional<double>(); };
  EXPECT_EQ(Play(Spec("tpe { trials: 30 }"), none, 2, First).trials.size(), 30);
}

}  // namespace
}  // namespace fitd
