#include "core/train/fit_warnings.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/train/fit_fixture.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FitWarningsTest : public FitFixture {
 protected:
  std::vector<std::string> Warnings(const std::string& model, const Data& data,
                                    const std::string& training, const Data& validation = {}) {
    Run(Input(model, data, training, validation));
    return observer_.warnings;
  }
};

const std::string kModel = "input_shape: 1 layers { dense { units: 3 activation { softmax {} } } }";
const std::string kTraining = "loss { sparse_categorical_crossentropy {} } batch_size: 2 ";

TEST_F(FitWarningsTest, SaysNothingOfAGoodFit) {
  EXPECT_THAT(Warnings(kModel, Csv("a,y\n1,u\n2,v\n3,w\n"), kTraining), IsEmpty());
}

TEST_F(FitWarningsTest, TellsABatchThatIsLargerThanTheData) {
  EXPECT_THAT(
      Warnings(kModel, Csv("a,y\n1,u\n2,v\n3,w\n"), kTraining + "batch_size: 4"),
      ElementsAre("batch_size is 4, which is more than 3 training rows: each epoch is one step"));
}

TEST_F(FitWarningsTest, TellsASingleClass) {
  EXPECT_THAT(Warnings(kModel, Csv("a,y\n1,u\n2,u\n3,u\n"), kTraining),
              ElementsAre("all training rows are of class \"u\": there is nothing to tell apart"));
}

TEST_F(FitWarningsTest, TellsOutputsThatNoLabelStandsFor) {
  const std::vector<std::string> warnings = {
      "the model has 3 outputs, but the data has 2 labels: the other outputs stand for nothing"};
  EXPECT_EQ(Warnings(kModel, Csv("a,y\n1,u\n2,v\n3,v\n"), kTraining), warnings);
  observer_.warnings.clear();
  EXPECT_EQ(Warnings(kModel, Csv("a,y\n1,0\n2,1\n3,1\n"), kTraining), warnings);
}

TEST_F(FitWarningsTest, TellsClassesThatOnlyOneSideHas) {
  const Data zero_one = Csv("a,y\n1,0\n2,1\n3,1\n");
  const Data one_two = Csv("a,y\n1,1\n2,2\n3,2\n");
  EXPECT_THAT(Warnings(kModel, zero_one, kTraining, one_two),
              ElementsAre("validation rows are of classes that no training row has: \"2\"",
                          "no validation row is of class \"0\""));
}

TEST_F(FitWarningsTest, TellsColumnsThatNeverChange) {
  EXPECT_THAT(Warnings("input_shape: 2 layers { dense { units: 3 activation { softmax {} } } }",
                       Csv("a,b,y\n1,7,u\n2,7,v\n3,7,w\n"), kTraining),
              ElementsAre("columns that never change say nothing: \"b\""));
  EXPECT_THAT(Warnings(kDigitsModel, Digits(), kClassification),
              Contains(AllOf(HasSubstr("columns that never change say nothing: \"pixel_0_0\""))));
}

TEST_F(FitWarningsTest, TellsATargetThatNeverChanges) {
  EXPECT_THAT(Warnings("input_shape: 1 layers { dense { units: 1 } }", Csv("a,y\n1,7.5\n2,7.5\n"),
                       "loss { mean_squared_error {} } batch_size: 2"),
              ElementsAre("the target never changes: \"y\""));
}

TEST_F(FitWarningsTest, TellsOutputsThatTheLossMisreads) {
  const Data data = Csv("a,y\n1,u\n2,v\n4,w\n");
  EXPECT_THAT(Warnings("input_shape: 1 layers { dense { units: 3 } }", data, kTraining),
              ElementsAre("the loss takes outputs for probabilities, but the model ends in linear: "
                          "end it in softmax or "
                          "set from_logits"));
  observer_.warnings.clear();
  EXPECT_THAT(
      Warnings(kModel, data,
               "loss { sparse_categorical_crossentropy { from_logits: true } } batch_size: 2"),
      ElementsAre("the loss takes outputs for logits, but the model ends in softmax: leave out one "
                  "of the two"));
}

TEST_F(FitWarningsTest, TellsOutputsThatAreNoProbabilities) {
  EXPECT_THAT(
      Warnings("input_shape: 1 layers { dense { units: 3 activation { relu {} } } }",
               Csv("a,y\n1,u\n2,v\n4,w\n"), kTraining),
      ElementsAre("the loss takes outputs for probabilities, but the model ends in relu: end "
                  "it in softmax"));
}

TEST_F(FitWarningsTest, TellsTargetsThatOutputsDoNotReach) {
  const std::string sigmoid =
      "input_shape: 1 layers { dense { units: 1 activation { sigmoid {} } } }";
  const std::string training = "loss { mean_squared_error {} } batch_size: 2";
  EXPECT_THAT(
      Warnings(sigmoid, Csv("a,y\n1,7.5\n2,9\n"), training),
      ElementsAre("targets go from 7.5 to 9, which outputs of sigmoid do not reach: end the "
                  "model in linear"));
  observer_.warnings.clear();
  EXPECT_THAT(Warnings(sigmoid, Csv("a,y\n1,0.5\n2,1\n"), training), IsEmpty());
}

}  // namespace
}  // namespace fitd
