#include "server/predict/evaluation.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class EvaluationTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File("data")));
    FITD_ASSERT_OK(daemon_->models.Create(DenseModel("m", 2, {4, 2})));
    FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", TwoClusters(40), "kind"));
    FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "narrow", "x,kind\n1,low\n2,high\n", "kind"));
    daemon_->scheduler.Start();
    FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", 60)));
    FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  }

  absl::StatusOr<v1::EvaluateResponse> Evaluate(const std::string& model,
                                                const std::string& dataset) {
    v1::EvaluateRequest request;
    request.set_model(model);
    request.set_dataset(dataset);
    return daemon_->evaluation.Run(request, [this] { return cancelled_; });
  }

  bool cancelled_ = false;
  TempDir temp_;
  std::unique_ptr<UseCases> daemon_;
};

TEST_F(EvaluationTest, EndsWhenItIsCancelled) {
  cancelled_ = true;
  EXPECT_THAT(Evaluate("m", "d"), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(EvaluationTest, GivesMetricsAndConfusionOfTheVersion) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::EvaluateResponse response, Evaluate("m", "d"));
  EXPECT_EQ(response.model(), "m");
  EXPECT_EQ(response.version(), 1);
  EXPECT_EQ(response.rows(), 40);
  EXPECT_THAT(response.confusion().label_names(), ElementsAre("high", "low"));
  EXPECT_THAT(response.confusion().counts(), ElementsAre(20, 0, 0, 20));
  EXPECT_EQ(response.metrics(0).name(), "loss");
}

TEST_F(EvaluationTest, UnknownNamesAreNotFoundAndBadOnesInvalid) {
  EXPECT_THAT(Evaluate("n", "d"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("model")));
  EXPECT_THAT(Evaluate("m", "e"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("data set")));
  EXPECT_THAT(Evaluate("m", "../d"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("dataset")));
}

TEST_F(EvaluationTest, ChecksARequestAlone) {
  v1::EvaluateRequest request;
  request.set_model("m");
  request.set_dataset("d");
  request.set_validate_only(true);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::EvaluateResponse response,
                            daemon_->evaluation.Run(request, [] { return false; }));
  EXPECT_EQ(response.ByteSizeLong(), 0U);
  request.set_dataset("e");
  EXPECT_THAT(daemon_->evaluation.Run(request, [] { return false; }),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("data set")));
}

TEST_F(EvaluationTest, NamesAllFaultsAtOnce) {
  v1::EvaluateRequest request;
  request.set_model("m");
  request.set_dataset("narrow");
  request.set_rows(v1::ROW_SELECTION_TRAINING);
  request.add_metrics()->mutable_auc()->set_num_thresholds(1);
  EXPECT_THAT(daemon_->evaluation.Run(request, [] { return false; }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("metrics[0].auc.num_thresholds: is 1"),
                             HasSubstr("lacks column \"y\""), HasSubstr("rows"))));
  request.set_dataset("e");
  EXPECT_THAT(daemon_->evaluation.Run(request, [] { return false; }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("metrics[0].auc.num_thresholds: is 1"),
                             HasSubstr("dataset: unknown data set"))));
}

TEST_F(EvaluationTest, DataWithoutAColumnOfThePipelineAreRefused) {
  EXPECT_THAT(Evaluate("m", "narrow"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("y")));
}

}  // namespace
}  // namespace fitd
