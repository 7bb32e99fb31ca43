#include "server/rpc/request_interceptor.h"

#include <string>
#include <vector>

#include "httplib.h"
#include "tests/server/rpc/rpc_fixture.h"

namespace fitd {
namespace {

using testing::HasSubstr;

class RequestInterceptorTest : public RpcTest {
 protected:
  RequestInterceptorTest() { server_.config().set_http_listen("127.0.0.1:0"); }

  // Calls count a moment after the client has its answer.
  testing::AssertionResult MetricsSay(const std::string& line) {
    std::string text;
    for (int i = 0; i < 1000; ++i) {
      text = httplib::Client("127.0.0.1", server_.http_port()).Get("/metrics")->body;
      if (text.find(line) != text.npos) return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << "no " << line << " in\n" << text;
  }
};

TEST_F(RequestInterceptorTest, UnaryCallsAndStreamsAreCountedByTheirCodes) {
  v1::GetModelRequest request;
  request.set_name("none");
  v1::GetModelResponse response;
  EXPECT_THAT(Call(*models_, &v1::ModelService::Stub::GetModel, request, response),
              HasCode(grpc::StatusCode::NOT_FOUND));
  std::vector<v1::JobEvent> events;
  FITD_ASSERT_CALL_OK(Watch(StartFit(2), 0, events));
  EXPECT_TRUE(MetricsSay(
      R"(fitd_requests_total{code="NOT_FOUND",method="fitd.v1.ModelService/GetModel"} 1)"));
  EXPECT_TRUE(
      MetricsSay(R"(fitd_requests_total{code="OK",method="fitd.v1.JobService/WatchJob"} 1)"));
  EXPECT_TRUE(MetricsSay(
      R"(fitd_requests_total{code="OK",method="fitd.v1.DatasetService/UploadDataset"} 1)"));
}

TEST_F(RequestInterceptorTest, StreamThatItsClientLeavesIsCancelled) {
  const std::string id = StartFit(1'000'000);
  grpc::ClientContext context;
  v1::WatchJobRequest request;
  request.set_id(id);
  const auto reader = jobs_->WatchJob(&context, request);
  v1::WatchJobResponse response;
  ASSERT_TRUE(reader->Read(&response));
  context.TryCancel();
  reader->Finish();
  EXPECT_TRUE(MetricsSay(
      R"(fitd_requests_total{code="CANCELLED",method="fitd.v1.JobService/WatchJob"} 1)"));
}

TEST_F(RequestInterceptorTest, StateIsServedBesideThem) {
  EXPECT_TRUE(MetricsSay("fitd_jobs{state=\"queued\"} 0"));
  const auto ready = httplib::Client("127.0.0.1", server_.http_port()).Get("/readyz");
  EXPECT_EQ(ready->status, 200);
}

}  // namespace
}  // namespace fitd
