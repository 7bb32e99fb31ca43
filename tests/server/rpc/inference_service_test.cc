#include <memory>
#include <string>
#include <vector>

#include "fitd/v1/prediction_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "inference/grpc_service.grpc.pb.h"
#include "tests/server/rpc/rpc_fixture.h"

namespace fitd {
namespace {

using Stub = inference::GRPCInferenceService::Stub;

class InferenceServiceTest : public RpcTest {
 protected:
  void SetUp() override {
    RpcTest::SetUp();
    std::vector<v1::JobEvent> events;
    FITD_ASSERT_CALL_OK(Watch(StartFit(1), 0, events));
    stub_ = inference::GRPCInferenceService::NewStub(server_.channel());
  }

  static inference::ModelInferRequest Request(const std::string& model, const std::string& id) {
    inference::ModelInferRequest request;
    request.set_model_name(model);
    request.set_id(id);
    auto& input = *request.add_inputs();
    input.set_name("input");
    input.set_datatype("FP32");
    input.add_shape(1);
    input.add_shape(2);
    input.mutable_contents()->add_fp32_contents(1);
    input.mutable_contents()->add_fp32_contents(-1);
    return request;
  }

  std::unique_ptr<Stub> stub_;
};

TEST_F(InferenceServiceTest, ServerLivesAndIsReady) {
  inference::ServerLiveResponse live;
  FITD_ASSERT_CALL_OK(Call(*stub_, &Stub::ServerLive, inference::ServerLiveRequest(), live));
  EXPECT_TRUE(live.live());
  inference::ServerReadyResponse ready;
  FITD_ASSERT_CALL_OK(Call(*stub_, &Stub::ServerReady, inference::ServerReadyRequest(), ready));
  EXPECT_TRUE(ready.ready());
  inference::ServerMetadataResponse metadata;
  FITD_ASSERT_CALL_OK(
      Call(*stub_, &Stub::ServerMetadata, inference::ServerMetadataRequest(), metadata));
  EXPECT_EQ(metadata.name(), "fitd");
}

TEST_F(InferenceServiceTest, CallsReachTheUseCases) {
  inference::ModelInferResponse response;
  FITD_ASSERT_CALL_OK(Call(*stub_, &Stub::ModelInfer, Request("m", "1"), response));
  EXPECT_EQ(response.outputs_size(), 2);
  EXPECT_THAT(Call(*stub_, &Stub::ModelInfer, Request("n", "1"), response),
              HasCode(grpc::StatusCode::NOT_FOUND, "'n' is not found"));
  inference::ModelReadyRequest ready;
  ready.set_name("n");
  inference::ModelReadyResponse answer;
  FITD_ASSERT_CALL_OK(Call(*stub_, &Stub::ModelReady, ready, answer));
  EXPECT_FALSE(answer.ready());
}

// In both services. The first answer may say when to ask again.
TEST_F(InferenceServiceTest, RunningJobAnswers) {
  const std::string id = StartFit(1'000'000);
  const auto prediction = v1::PredictionService::NewStub(server_.channel());
  v1::PredictRequest request;
  request.set_model("job:" + id);
  request.mutable_tensor()->set_dtype(v1::DATA_TYPE_FLOAT32);
  request.mutable_tensor()->mutable_shape()->Add(1);
  request.mutable_tensor()->mutable_shape()->Add(2);
  request.mutable_tensor()->set_data(std::string(2 * sizeof(float), '\0'));
  v1::PredictResponse predicted;
  grpc::Status status;
  do {
    status = Call(*prediction, &v1::PredictionService::Stub::Predict, request, predicted);
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      google::rpc::Status details;
      ASSERT_TRUE(details.ParseFromString(status.error_details()));
      ASSERT_EQ(details.details_size(), 1);
      EXPECT_TRUE(details.details(0).Is<google::rpc::RetryInfo>());
    }
  } while (status.error_code() == grpc::StatusCode::UNAVAILABLE);
  FITD_ASSERT_CALL_OK(status);
  EXPECT_EQ(predicted.job_id(), id);
  EXPECT_GT(predicted.epoch(), 0);

  inference::ModelInferResponse inferred;
  FITD_ASSERT_CALL_OK(Call(*stub_, &Stub::ModelInfer, Request("job:" + id, "1"), inferred));
  EXPECT_EQ(inferred.model_name(), "job:" + id);
  EXPECT_EQ(inferred.model_version().rfind("epoch-", 0), 0U) << inferred.model_version();
}

TEST_F(InferenceServiceTest, StreamGoesOnAfterAnError) {
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  for (const char* model : {"m", "n", "m"}) {
    ASSERT_TRUE(stream->Write(Request(model, std::string("of ") + model)));
  }
  stream->WritesDone();
  inference::ModelStreamInferResponse response;
  for (const bool found : {true, false, true}) {
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.error_message().empty(), found) << response.error_message();
    EXPECT_EQ(response.infer_response().id(), found ? "of m" : "of n");
    EXPECT_EQ(response.infer_response().outputs_size(), found ? 2 : 0);
  }
  EXPECT_FALSE(stream->Read(&response));
  FITD_ASSERT_CALL_OK(stream->Finish());
}

TEST_F(InferenceServiceTest, StreamEndsAtAnErrorIfAskedTo) {
  grpc::ClientContext context;
  context.AddMetadata("triton_grpc_error", "true");
  const auto stream = stub_->ModelStreamInfer(&context);
  ASSERT_TRUE(stream->Write(Request("n", "1")));
  inference::ModelStreamInferResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(stream->Finish(), HasCode(grpc::StatusCode::NOT_FOUND, "'n' is not found"));
}

TEST_F(InferenceServiceTest, CompressedMessagesAreRefused) {
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  inference::ModelInferResponse response;
  EXPECT_THAT(stub_->ModelInfer(&context, Request("m", "1"), &response),
              HasCode(grpc::StatusCode::UNIMPLEMENTED, "'gzip' is disabled"));
}

}  // namespace
}  // namespace fitd
