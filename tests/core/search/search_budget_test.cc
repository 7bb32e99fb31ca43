#include "core/search/search_budget.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Trials of 5 epochs, or as an axis says.
v1::SearchSpec Spec(const std::string& budget, const std::string& more = "") {
  return ParseText<v1::SearchSpec>("training { epochs: 5 } budget { " + budget +
                                   " } space { axes { path: 'e' fields: "
                                   "'training.epochs' integer { low: 1 high: 100 } } } " +
                                   more);
}

Parameters Epochs(int64_t epochs) {
  v1::TrialParameter parameter;
  parameter.set_path("e");
  parameter.set_value(std::to_string(epochs));
  return {parameter};
}

v1::SearchTrial Made(int64_t number, int64_t granted, const Parameters& parameters = Epochs(5)) {
  v1::SearchTrial trial;
  trial.set_number(number);
  trial.set_granted_epochs(granted);
  *trial.mutable_parameters() = {parameters.begin(), parameters.end()};
  return trial;
}

std::vector<int64_t> Left(const v1::SearchSpec& spec, const std::vector<v1::SearchTrial>& trials,
                          const std::vector<TrialStep>& steps) {
  std::vector<int64_t> left;
  for (const TrialStep& step : WithinBudget(spec, trials, steps)) left.push_back(step.trial);
  return left;
}

// A trial to its end, or as far as it is granted.
TrialStep Step(int64_t trial, int64_t epochs = 0, const Parameters& parameters = Epochs(5)) {
  return {.trial = trial, .parameters = parameters, .epochs = epochs};
}

const std::vector<TrialStep> kThreeNew = {Step(3), Step(4), Step(5)};
const std::vector<v1::SearchTrial> kTwoMade = {Made(1, 0), Made(2, 0)};

TEST(SearchBudgetTest, WithoutOneEverythingIsLeft) {
  EXPECT_THAT(Left(Spec(""), kTwoMade, kThreeNew), ElementsAre(3, 4, 5));
  EXPECT_THAT(Left(Spec("seconds: 1"), kTwoMade, kThreeNew), ElementsAre(3, 4, 5));
}

TEST(SearchBudgetTest, BoundsTrials) {
  EXPECT_THAT(Left(Spec("trials: 4"), kTwoMade, kThreeNew), ElementsAre(3, 4));
  EXPECT_THAT(Left(Spec("trials: 2"), kTwoMade, kThreeNew), IsEmpty());
  // More epochs for a trial that is there are none more.
  EXPECT_THAT(Left(Spec("trials: 2"), kTwoMade, {Step(1, 9), Step(3)}), ElementsAre(1));
}

TEST(SearchBudgetTest, BoundsEpochsOfAllTrials) {
  EXPECT_THAT(Left(Spec("epochs: 20"), kTwoMade, kThreeNew), ElementsAre(3, 4));
  EXPECT_THAT(Left(Spec("epochs: 19"), kTwoMade, kThreeNew), ElementsAre(3));
  EXPECT_THAT(Left(Spec("epochs: 40", "cross_validation { folds: 2 }"), kTwoMade, kThreeNew),
              ElementsAre(3, 4));
}

TEST(SearchBudgetTest, CountsWhatTrialsMayTrain) {
  const std::vector<v1::SearchTrial> made = {Made(1, 0, Epochs(10)), Made(2, 0, Epochs(1))};
  EXPECT_THAT(Left(Spec("epochs: 19"), made, {Step(3, 0, Epochs(8)), Step(4, 0, Epochs(1))}),
              ElementsAre(3));
  // The first that is too much ends it, though a later one would fit: what is made stays a
  // sequence.
  EXPECT_THAT(Left(Spec("epochs: 19"), made, {Step(3, 0, Epochs(9)), Step(4, 0, Epochs(1))}),
              IsEmpty());
}

TEST(SearchBudgetTest, CountsTheEpochsThatAreGrantedAnew) {
  const std::vector<v1::SearchTrial> made = {Made(1, 1), Made(2, 1)};
  // To 3 epochs, and to the end.
  EXPECT_THAT(Left(Spec("epochs: 8"), made, {Step(1, 3), Step(2)}), ElementsAre(1, 2));
  EXPECT_THAT(Left(Spec("epochs: 7"), made, {Step(1, 3), Step(2)}), ElementsAre(1));
}

TEST(SearchBudgetTest, KnowsWhatASearchNeedsToBegin) {
  EXPECT_EQ(LeastEpochs(Spec(""), Step(1, 0, Epochs(7))), 7);
  EXPECT_EQ(LeastEpochs(Spec("", "cross_validation { folds: 2 }"), Step(1, 3)), 6);
  EXPECT_EQ(LeastEpochs(Spec("", "algorithm { asynchronous_halving {} }"), Step(1, 3)), 3);
  // To the end, or no trial of the bracket is begun.
  EXPECT_EQ(LeastEpochs(Spec("", "algorithm { halving {} }"), Step(1, 3)), 5);
}

TEST(SearchBudgetTest, ChecksItsNumbers) {
  const auto faults = [](const std::string& budget) {
    Violations violations;
    CheckBudget("spec", Spec(budget), violations);
    return std::string(violations.ToStatus().message());
  };
  EXPECT_EQ(faults("trials: 10000 epochs: 1 seconds: 0.5"), "");
  const std::string all = faults("trials: -1 epochs: -1 seconds: nan");
  EXPECT_THAT(all, HasSubstr("spec.budget.trials: is -1; allowed: 1 to 10,000"));
  EXPECT_THAT(all, HasSubstr("spec.budget.epochs: is -1; allowed: 1 to 2^53"));
  EXPECT_THAT(all, HasSubstr("spec.budget.seconds: is nan; allowed: 0 to 31,536,000"));
}

}  // namespace
}  // namespace fitd
