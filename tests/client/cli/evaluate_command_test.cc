#include "client/cli/evaluate_command.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

namespace fitd::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::EvaluateResponse Response(const std::string& text) {
  v1::EvaluateResponse response;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &response));
  return response;
}

TEST(EvaluationTextTest, ShowsMetricsMatrixAndClasses) {
  const v1::EvaluateResponse response = Response(
      "model: 'iris' version: 2 rows: 30 metrics { name: 'loss' value: 0.125 } metrics { name: "
      "'accuracy' value: 0.9 }"
      "confusion { label_names: ['setosa', 'virginica'] counts: [10, 0, 3, 17] }"
      "classes { label: 'setosa' precision: 0.769 recall: 1 f1: 0.87 support: 10 }"
      "classes { label: 'virginica' recall: 0.85 support: 20 }");
  EXPECT_EQ(EvaluationText(response, "flowers", 80),
            "iris@2 on 30 rows of flowers\n"
            "\n"
            "  loss      0.1250\n"
            "  accuracy  0.9000\n"
            "\n"
            "Confusion matrix (down: true, across: predicted)\n"
            "\n"
            "             setosa  virginica\n"
            "  setosa         10          .\n"
            "  virginica       3         17\n"
            "\n"
            "  class      precision  recall     f1  rows\n"
            "  setosa         0.769   1.000  0.870    10\n"
            "  virginica          -   0.850      -    20\n");
}

TEST(EvaluationTextTest, NamesTheEpochOfARunningJob) {
  EXPECT_EQ(EvaluationText(Response("model: 'm' job_id: 'fit-7' epoch: 12 rows: 30"), "d", 80),
            "m, epoch 12 of job fit-7, on 30 rows of d\n\n");
}

TEST(EvaluationTextTest, ListsConfusionsWhereTheMatrixIsTooWide) {
  v1::EvaluateResponse response = Response("model: 'm' version: 1 rows: 9");
  constexpr int kClasses = 60;
  for (int i = 0; i < kClasses; ++i)
    response.mutable_confusion()->add_label_names("class " + std::to_string(i));
  for (int i = 0; i < kClasses * kClasses; ++i) response.mutable_confusion()->add_counts(0);
  response.mutable_confusion()->set_counts(3 * kClasses + 5, 7);
  const std::string text = EvaluationText(response, "d", 80);
  EXPECT_THAT(text, Not(HasSubstr("Confusion matrix")));
  EXPECT_THAT(text, HasSubstr("  true     predicted  rows\n  class 3  class 5       7\n"));
}

TEST(EvaluationTextTest, DistrustsAMatrixThatIsNotSquare) {
  EXPECT_THAT(
      EvaluationText(Response("confusion { label_names: ['a', 'b'] counts: [1] }"), "d", 80),
      Not(HasSubstr("onfusion")));
}

}  // namespace
}  // namespace fitd::cli
