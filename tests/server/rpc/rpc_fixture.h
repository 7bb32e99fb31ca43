// A daemon with a model "m" and a data set "d" of two clusters, and stubs to talk to it.

#ifndef FITD_TESTS_SERVER_RPC_RPC_FIXTURE_H_
#define FITD_TESTS_SERVER_RPC_RPC_FIXTURE_H_

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "fitd/v1/dataset_service.grpc.pb.h"
#include "fitd/v1/job_service.grpc.pb.h"
#include "fitd/v1/model_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_server.h"
#include "tests/testing/use_cases.h"

namespace grpc {

inline void PrintTo(const Status& status, std::ostream* out) {
  *out << status.error_code() << " " << status.error_message();
}

}  // namespace grpc

namespace fitd {

MATCHER_P(HasCode, code, "") { return arg.error_code() == code; }
MATCHER_P2(HasCode, code, text, "") {
  return arg.error_code() == code && testing::Value(arg.error_message(), testing::HasSubstr(text));
}
#define FITD_ASSERT_CALL_OK(call) ASSERT_THAT((call), HasCode(grpc::StatusCode::OK))

class RpcTest : public testing::Test {
 protected:
  void SetUp() override {
    FITD_ASSERT_OK(server_.Start());
    Connect();
    v1::CreateModelResponse created;
    FITD_ASSERT_CALL_OK(
        Call(*models_, &v1::ModelService::Stub::CreateModel, DenseModel("m", 2, {4, 2}), created));
    v1::UploadDatasetResponse uploaded;
    FITD_ASSERT_CALL_OK(
        Upload({WithHeader(CsvHeader("d", "kind")), WithChunk(TwoClusters(40))}, uploaded));
  }

  void Connect() {
    const auto channel = server_.channel();
    models_ = v1::ModelService::NewStub(channel);
    datasets_ = v1::DatasetService::NewStub(channel);
    jobs_ = v1::JobService::NewStub(channel);
  }

  void Restart() {
    server_.Stop();
    FITD_ASSERT_OK(server_.Start());
    Connect();
  }

  template <typename Stub, typename Method, typename Request, typename Response>
  static grpc::Status Call(Stub& stub, Method method, const Request& request, Response& response) {
    grpc::ClientContext context;
    return (stub.*method)(&context, request, &response);
  }

  static v1::UploadDatasetRequest WithHeader(const v1::UploadHeader& header) {
    v1::UploadDatasetRequest request;
    *request.mutable_header() = header;
    return request;
  }

  static v1::UploadDatasetRequest WithChunk(const std::string& data) {
    v1::UploadDatasetRequest request;
    request.mutable_chunk()->set_data(data);
    return request;
  }

  grpc::Status Upload(const std::vector<v1::UploadDatasetRequest>& parts,
                      v1::UploadDatasetResponse& response) {
    grpc::ClientContext context;
    const auto writer = datasets_->UploadDataset(&context, &response);
    for (const v1::UploadDatasetRequest& part : parts) {
      if (!writer->Write(part)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }

  std::string StartFit(int64_t epochs) {
    v1::StartFitResponse response;
    EXPECT_THAT(
        Call(*jobs_, &v1::JobService::Stub::StartFit, ClassifierFit("m", "d", epochs), response),
        HasCode(grpc::StatusCode::OK));
    return response.job().id();
  }

  grpc::Status Cancel(const std::string& id) {
    v1::CancelJobRequest request;
    request.set_id(id);
    v1::CancelJobResponse response;
    return Call(*jobs_, &v1::JobService::Stub::CancelJob, request, response);
  }

  // Every event from `from` on.
  grpc::Status Watch(const std::string& id, int64_t from, std::vector<v1::JobEvent>& events) {
    v1::WatchJobRequest request;
    request.set_id(id);
    request.set_from_event(from);
    grpc::ClientContext context;
    const auto reader = jobs_->WatchJob(&context, request);
    v1::WatchJobResponse response;
    while (reader->Read(&response)) events.push_back(response.event());
    return reader->Finish();
  }

  TestServer server_;
  std::unique_ptr<v1::ModelService::Stub> models_;
  std::unique_ptr<v1::DatasetService::Stub> datasets_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
};

}  // namespace fitd

#endif  // FITD_TESTS_SERVER_RPC_RPC_FIXTURE_H_
