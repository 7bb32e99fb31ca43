#include "server/rpc/services.h"

#include <future>
#include <memory>
#include <set>
#include <string>

#include "fitd/v1/evaluation_service.grpc.pb.h"
#include "fitd/v1/prediction_service.grpc.pb.h"
#include "fitd/v1/server_service.grpc.pb.h"
#include "fmt/format.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/proto_buffer_writer.h"
#include "tests/server/rpc/rpc_fixture.h"

namespace fitd {
namespace {

using testing::ElementsAre;

// The status of a call of any kind with an empty request, by its path.
grpc::Status CallWithNothing(grpc::GenericStub& stub, const std::string& path) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  grpc::CompletionQueue queue;
  const auto wait = [&] {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return ok;
  };
  const auto call = stub.PrepareCall(&context, path, &queue);
  call->StartCall(nullptr);
  wait();
  const grpc::Slice nothing;
  call->Write(grpc::ByteBuffer(&nothing, 1), nullptr);
  wait();
  call->WritesDone(nullptr);
  wait();
  grpc::ByteBuffer response;
  do {
    call->Read(&response, nullptr);
  } while (wait());
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
  return status;
}

TEST_F(RpcTest, EveryMethodOfEveryServiceIsImplemented) {
  grpc::GenericStub stub(server_.channel());
  int methods = 0;
  for (const char* file :
       {"fitd/v1/model", "fitd/v1/dataset", "fitd/v1/job", "fitd/v1/search", "fitd/v1/evaluation",
        "fitd/v1/prediction", "fitd/v1/server", "inference/grpc"}) {
    const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
        fmt::format("{}_service.proto", file));
    for (int i = 0; i < descriptor->service(0)->method_count(); ++i, ++methods) {
      const auto* method = descriptor->service(0)->method(i);
      const grpc::Status status = CallWithNothing(
          stub, fmt::format("/{}/{}", descriptor->service(0)->full_name(), method->name()));
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method->full_name();
      EXPECT_NE(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << method->full_name();
      EXPECT_NE(status.error_code(), grpc::StatusCode::INTERNAL) << method->full_name();
    }
  }
  EXPECT_GE(methods, 44);
}

TEST_F(RpcTest, HealthKnowsEveryServiceByName) {
  const auto health = grpc::health::v1::Health::NewStub(server_.channel());
  for (const char* name :
       {"", "fitd.v1.ModelService", "fitd.v1.DatasetService", "fitd.v1.JobService",
        "fitd.v1.SearchService", "fitd.v1.EvaluationService", "fitd.v1.PredictionService",
        "fitd.v1.ServerService", "inference.GRPCInferenceService"}) {
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(name);
    grpc::health::v1::HealthCheckResponse response;
    FITD_ASSERT_CALL_OK(Call(*health, &grpc::health::v1::Health::Stub::Check, request, response))
        << name;
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING) << name;
  }
}

TEST_F(RpcTest, ServerInfoCountsJobs) {
  StartFit(1'000'000);
  const auto stub = v1::ServerService::NewStub(server_.channel());
  v1::GetServerInfoResponse info;
  FITD_ASSERT_CALL_OK(
      Call(*stub, &v1::ServerService::Stub::GetServerInfo, v1::GetServerInfoRequest(), info));
  EXPECT_EQ(info.queued_jobs() + info.running_jobs(), 1);
  EXPECT_EQ(info.limits().max_predict_rows(), 65536);
  EXPECT_EQ(info.families_size(), 9);
}

TEST_F(RpcTest, TrainedModelIsServedAndEvaluated) {
  std::vector<v1::JobEvent> events;
  FITD_ASSERT_CALL_OK(Watch(StartFit(60), 0, events));
  ASSERT_EQ(events.back().state_change().state(), v1::JOB_STATE_SUCCEEDED);

  const auto evaluation = v1::EvaluationService::NewStub(server_.channel());
  v1::EvaluateRequest evaluate;
  evaluate.set_model("m");
  evaluate.set_dataset("d");
  v1::EvaluateResponse evaluated;
  FITD_ASSERT_CALL_OK(
      Call(*evaluation, &v1::EvaluationService::Stub::Evaluate, evaluate, evaluated));
  EXPECT_EQ(evaluated.rows(), 40);

  const auto prediction = v1::PredictionService::NewStub(server_.channel());
  v1::PredictStreamRequest request;
  request.mutable_request()->set_model("m@1");
  v1::RowBatch& rows = *request.mutable_request()->mutable_rows();
  rows.add_columns("y");
  rows.add_columns("x");
  grpc::ClientContext context;
  const auto stream = prediction->PredictStream(&context);
  std::vector<std::string> labels;
  for (const double place : {-1, 1, -1}) {
    rows.clear_rows();
    v1::Row& row = *rows.add_rows();
    row.add_values()->set_number(place);
    row.add_values()->set_number(place);
    ASSERT_TRUE(stream->Write(request));
    v1::PredictStreamResponse response;
    ASSERT_TRUE(stream->Read(&response));
    labels.push_back(response.response().labels(0));
  }
  EXPECT_THAT(labels, ElementsAre("low", "high", "low"));
  // A wrong request ends the stream with its error.
  request.mutable_request()->set_top_k(9);
  ASSERT_TRUE(stream->Write(request));
  v1::PredictStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(stream->Finish(), HasCode(grpc::StatusCode::INVALID_ARGUMENT, "top_k"));
}

TEST_F(RpcTest, EveryViolationIsInTheStatusDetails) {
  v1::CreateModelRequest request = DenseModel("Bad", 2, {-1, -2});
  v1::CreateModelResponse response;
  const grpc::Status status =
      Call(*models_, &v1::ModelService::Stub::CreateModel, request, response);
  ASSERT_THAT(status, HasCode(grpc::StatusCode::INVALID_ARGUMENT));
  google::rpc::Status details;
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_TRUE(details.details(0).UnpackTo(&bad_request));
  std::set<std::string> fields;
  for (const auto& violation : bad_request.field_violations()) fields.insert(violation.field());
  EXPECT_THAT(fields, testing::IsSupersetOf(
                          {"name", "spec.layers[0].dense.units", "spec.layers[1].dense.units"}));
}

// Failure case 59: an error about a name of 1 MB arrives, with its true code.
TEST_F(RpcTest, HugeNamesAreNotEchoed) {
  v1::GetModelRequest request;
  request.set_name(std::string(1 << 20, 'x'));
  v1::GetModelResponse response;
  const grpc::Status status = Call(*models_, &v1::ModelService::Stub::GetModel, request, response);
  EXPECT_THAT(status, HasCode(grpc::StatusCode::INVALID_ARGUMENT, "name"));
  EXPECT_LE(status.error_message().size(), 1024u);
}

TEST_F(RpcTest, ManyViolationsStillArrive) {
  v1::CreateModelRequest request = DenseModel("many", 2, std::vector<int64_t>(500, -1));
  v1::CreateModelResponse response;
  EXPECT_THAT(Call(*models_, &v1::ModelService::Stub::CreateModel, request, response),
              HasCode(grpc::StatusCode::INVALID_ARGUMENT, "units"));
}

// Failure case 41 at the surface.
TEST_F(RpcTest, MemoryBombsAreRefusedQuickly) {
  v1::CreateModelResponse response;
  EXPECT_THAT(Call(*models_, &v1::ModelService::Stub::CreateModel,
                   DenseModel("bomb", (int64_t{1} << 31) - 1, {(int64_t{1} << 31) - 1}), response),
              HasCode(grpc::StatusCode::INVALID_ARGUMENT));
  v1::StartFitRequest fit = ClassifierFit("m", "d", INT64_MAX);
  fit.mutable_spec()->mutable_training()->set_batch_size(int64_t{1} << 40);
  v1::StartFitResponse started;
  EXPECT_THAT(Call(*jobs_, &v1::JobService::Stub::StartFit, fit, started),
              HasCode(grpc::StatusCode::INVALID_ARGUMENT, "spec.training.batch_size"));
}

// Failure case 58, small: the limit holds and the daemon goes on.
TEST_F(RpcTest, MessageBeyondTheLimitIsRefused) {
  v1::GetModelRequest request;
  request.set_name(std::string(17 << 20, 'x'));
  v1::GetModelResponse response;
  EXPECT_THAT(Call(*models_, &v1::ModelService::Stub::GetModel, request, response),
              HasCode(grpc::StatusCode::RESOURCE_EXHAUSTED));
  request.set_name("m");
  FITD_ASSERT_CALL_OK(Call(*models_, &v1::ModelService::Stub::GetModel, request, response));
}

// Failure case 60, sizes.
TEST_F(RpcTest, MetadataBeyondEightKibibytesIsRefused) {
  v1::GetModelRequest request;
  request.set_name("m");
  for (const auto& [size, code] : {std::pair(7000, grpc::StatusCode::OK),
                                   std::pair(17000, grpc::StatusCode::RESOURCE_EXHAUSTED)}) {
    grpc::ClientContext context;
    context.AddMetadata("padding", std::string(size, 'x'));
    v1::GetModelResponse response;
    const auto fresh = v1::ModelService::NewStub(server_.channel());
    EXPECT_THAT(fresh->GetModel(&context, request, &response), HasCode(code)) << size;
  }
}

// Failure case 55: nesting beyond protobuf's limit.
TEST_F(RpcTest, MalformedMessagesAreRefused) {
  grpc::GenericStub stub(server_.channel());
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  const grpc::Slice garbage("\xff\xff\xff\xff");
  const grpc::ByteBuffer request(&garbage, 1);
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/fitd.v1.ModelService/GetModel", {}, &request, &response,
                 [&](grpc::Status status) { done.set_value(std::move(status)); });
  const grpc::Status status = done.get_future().get();
  EXPECT_THAT(status, testing::AnyOf(HasCode(grpc::StatusCode::INTERNAL),
                                     HasCode(grpc::StatusCode::UNIMPLEMENTED)));
}

// Failure case 70: deadlines that have passed leave nothing behind but what a retry with the id
// would find.
TEST_F(RpcTest, ExpiredDeadlineIsReportedAndARetryStartsOneJob) {
  v1::StartFitRequest request = ClassifierFit("m", "d", 1);
  request.set_request_id("once");
  v1::StartFitResponse response;
  for (const int milliseconds : {-1, 0, 1}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::milliseconds(milliseconds));
    EXPECT_THAT(jobs_->StartFit(&context, request, &response),
                testing::AnyOf(HasCode(grpc::StatusCode::DEADLINE_EXCEEDED),
                               HasCode(grpc::StatusCode::OK)));
  }
  FITD_ASSERT_CALL_OK(Call(*jobs_, &v1::JobService::Stub::StartFit, request, response));
  v1::ListJobsResponse jobs;
  FITD_ASSERT_CALL_OK(Call(*jobs_, &v1::JobService::Stub::ListJobs, v1::ListJobsRequest(), jobs));
  EXPECT_EQ(jobs.jobs_size(), 1);
}

TEST_F(RpcTest, SecondDaemonOnTheSamePortFails) {
  TestServer other;
  other.config().set_listen(server_.address());
  EXPECT_THAT(other.Start(),
              StatusIs(absl::StatusCode::kInternal, testing::HasSubstr("cannot listen on")));
}

TEST_F(RpcTest, SecondDaemonOnTheSameDirectoryFails) {
  TestServer other;
  other.config().set_data_dir(server_.data_dir());
  EXPECT_THAT(other.Start(),
              StatusIs(absl::StatusCode::kUnavailable, testing::HasSubstr("in use by process")));
}

TEST_F(RpcTest, EverythingSurvivesARestart) {
  std::vector<v1::JobEvent> before;
  FITD_ASSERT_CALL_OK(Watch(StartFit(2), 1, before));
  Restart();
  std::vector<v1::JobEvent> after;
  FITD_ASSERT_CALL_OK(Watch("fit-1", 1, after));
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i)
    EXPECT_EQ(after[i].SerializeAsString(), before[i].SerializeAsString());
}

}  // namespace
}  // namespace fitd
