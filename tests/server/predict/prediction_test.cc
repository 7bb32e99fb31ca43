#include "server/predict/prediction.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

class PredictionTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File("data")));
    FITD_ASSERT_OK(daemon_->models.Create(DenseModel("m", 2, {4, 2})));
    FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", TwoClusters(40), "kind"));
    daemon_->scheduler.Start();
  }

  void Train(int64_t epochs) {
    FITD_ASSERT_OK_AND_ASSIGN(const auto response,
                              daemon_->jobs.StartFit(ClassifierFit("m", "d", epochs)));
    FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, response.job().id()));
    ASSERT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.failure().message();
  }

  static v1::PredictRequest Rows(const std::vector<std::pair<double, double>>& points) {
    v1::PredictRequest request;
    request.set_model("m");
    v1::RowBatch& batch = *request.mutable_rows();
    batch.add_columns("x");
    batch.add_columns("y");
    for (const auto& [x, y] : points) {
      v1::Row& row = *batch.add_rows();
      row.add_values()->set_number(x);
      row.add_values()->set_number(y);
    }
    return request;
  }

  static v1::PredictRequest TensorOf(const std::vector<int64_t>& shape,
                                     const std::vector<float>& values) {
    v1::PredictRequest request;
    request.set_model("m");
    v1::Tensor& tensor = *request.mutable_tensor();
    tensor.set_dtype(v1::DATA_TYPE_FLOAT32);
    *tensor.mutable_shape() = {shape.begin(), shape.end()};
    tensor.set_data(values.data(), values.size() * sizeof(float));
    return request;
  }

  absl::StatusOr<v1::PredictResponse> Predict(const v1::PredictRequest& request) {
    return fitd::Predict(daemon_->prediction, request, [this] { return cancelled_; });
  }

  bool cancelled_ = false;
  TempDir temp_;
  std::unique_ptr<UseCases> daemon_;
};

TEST_F(PredictionTest, EndsWhenItIsCancelled) {
  Train(1);
  cancelled_ = true;
  EXPECT_THAT(Predict(Rows({{-1, -1}})), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(PredictionTest, RowsGetScoresLabelsAndTopK) {
  Train(60);
  v1::PredictRequest request = Rows({{-1, -1}, {1, 1}});
  request.set_top_k(2);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PredictResponse response, Predict(request));
  EXPECT_EQ(response.version(), 1);
  EXPECT_EQ(response.outputs(), 2);
  EXPECT_THAT(response.labels(), ElementsAre("low", "high"));
  ASSERT_EQ(response.scores_size(), 4);
  EXPECT_THAT(response.scores(0) + response.scores(1), FloatNear(1, 1e-5));
  ASSERT_EQ(response.top_k_size(), 2);
  EXPECT_EQ(response.top_k(0).labels(0).label(), "low");
  EXPECT_EQ(response.top_k(0).labels(1).label(), "high");
  EXPECT_GT(response.top_k(0).labels(0).score(), response.top_k(0).labels(1).score());
}

TEST_F(PredictionTest, RowAloneGetsTheSameBitsAsInABatch) {
  Train(1);
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i < 33; ++i) points.emplace_back(i * 0.1, 1 - i * 0.3);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PredictResponse all, Predict(Rows(points)));
  for (int i = 0; i < 33; ++i) {
    FITD_ASSERT_OK_AND_ASSIGN(const v1::PredictResponse one, Predict(Rows({points[i]})));
    EXPECT_EQ(one.scores(0), all.scores(2 * i));
  }
}

TEST_F(PredictionTest, ModelWithoutAVersionIsAPrecondition) {
  EXPECT_THAT(Predict(Rows({{0, 0}})), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(PredictionTest, NewVersionIsServedAtOnceAndOldOnesStay) {
  Train(1);
  EXPECT_EQ(Predict(Rows({{0, 0}}))->version(), 1);
  Train(1);
  EXPECT_EQ(Predict(Rows({{0, 0}}))->version(), 2);
  v1::PredictRequest old = Rows({{0, 0}});
  old.set_model("m@1");
  EXPECT_EQ(Predict(old)->version(), 1);
}

TEST_F(PredictionTest, RecreatedModelIsNotTakenForTheDeletedOne) {
  Train(1);
  FITD_ASSERT_OK(Predict(Rows({{0, 0}})));
  v1::DeleteModelRequest remove;
  remove.set_name("m");
  FITD_ASSERT_OK(daemon_->models.Delete(remove));
  EXPECT_THAT(Predict(Rows({{0, 0}})), StatusIs(absl::StatusCode::kNotFound));
  FITD_ASSERT_OK(daemon_->models.Create(DenseModel("m", 2, {3, 3})));
  Train(1);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PredictResponse response, Predict(Rows({{0, 0}})));
  EXPECT_EQ(response.outputs(), 3);
}

TEST_F(PredictionTest, PredictsWhileTheNextVersionTrains) {
  Train(1);
  FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("m", "d", 2000)));
  std::atomic<bool> done{false};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      int64_t newest = 1;
      while (!done) {
        const auto response = Predict(Rows({{1, 1}}));
        ASSERT_THAT(response, IsOk());
        EXPECT_GE(response->version(), newest);
        newest = response->version();
      }
    });
  }
  FITD_EXPECT_OK(AwaitEnd(daemon_->jobs, "fit-2"));
  done = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(Predict(Rows({{1, 1}}))->version(), 2);
}

// Failure cases 51 to 53 and 63.
TEST_F(PredictionTest, NumberOfRowsIsBounded) {
  Train(1);
  EXPECT_THAT(Predict(Rows({})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rows.rows: is empty")));
  EXPECT_THAT(Predict(TensorOf({0, 2}, {})), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Predict(TensorOf({65537, 2}, {1})),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("65536")));
  FITD_EXPECT_OK(Predict(TensorOf({65536, 2}, std::vector<float>(2 * 65536))));
}

TEST_F(PredictionTest, AnswerThatWouldBeTooLargeIsRefused) {
  FITD_ASSERT_OK(daemon_->models.Create(DenseModel("wide", 2, {100'000})));
  FITD_ASSERT_OK(daemon_->jobs.StartFit(ClassifierFit("wide", "d", 1)));
  FITD_ASSERT_OK(AwaitEnd(daemon_->jobs, "fit-1"));
  v1::PredictRequest request = TensorOf({1000, 2}, std::vector<float>(2000));
  request.set_model("wide");
  EXPECT_THAT(Predict(request),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("100000")));
}

TEST_F(PredictionTest, TensorsThatMakeNoSenseAreRefused) {
  Train(1);
  const int64_t big = int64_t{1} << 60;
  for (const std::vector<int64_t>& shape :
       std::vector<std::vector<int64_t>>{{},
                                         {1, 3},
                                         {-1, 2},
                                         {1, -5},
                                         {16, big + 2},
                                         {4, big + 2},
                                         {65536, 65536, 65536, 65536},
                                         {1, 2, big},
                                         std::vector<int64_t>(100'000, 1)}) {
    EXPECT_THAT(Predict(TensorOf(shape, {1})), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST_F(PredictionTest, MissingInputAndBadTopKAreNamed) {
  Train(1);
  v1::PredictRequest request;
  request.set_model("m");
  EXPECT_THAT(Predict(request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("input: is not set")));
  request = Rows({{0, 0}});
  request.set_top_k(3);
  EXPECT_THAT(Predict(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("top_k: is 3; allowed: 0 to 2")));
}

TEST_F(PredictionTest, OneOutputTellsTwoClassesApart) {
  v1::CreateModelRequest model = DenseModel("b", 2, {1});
  model.mutable_spec()->mutable_layers(0)->mutable_dense()->mutable_activation()->mutable_sigmoid();
  FITD_ASSERT_OK(daemon_->models.Create(model));
  v1::StartFitRequest fit = ClassifierFit("b", "d", 100);
  fit.mutable_spec()->mutable_training()->mutable_loss()->mutable_binary_crossentropy();
  FITD_ASSERT_OK(daemon_->jobs.StartFit(fit));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Job job, AwaitEnd(daemon_->jobs, "fit-1"));
  ASSERT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.failure().message();
  v1::PredictRequest request = Rows({{-1, -1}, {1, 1}});
  request.set_model("b");
  request.set_top_k(2);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::PredictResponse response, Predict(request));
  EXPECT_THAT(response.labels(), ElementsAre("low", "high"));
  EXPECT_EQ(response.scores_size(), 2);
  EXPECT_THAT(response.top_k(0).labels(0).score() + response.top_k(0).labels(1).score(),
              FloatNear(1, 1e-6));
}

}  // namespace
}  // namespace fitd
