#include "server/rpc/call_scope.h"

#include <sstream>
#include <string>
#include <vector>

#include "fitd/v1/server_service.grpc.pb.h"
#include "tests/server/rpc/rpc_fixture.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class CallScopeTest : public RpcTest {
 protected:
  CallScopeTest() {
    ConfigureLog("info", "text");
    testing::internal::CaptureStderr();
  }
  ~CallScopeTest() override {
    ConfigureLog("error", "text");
    if (!read_) testing::internal::GetCapturedStderr();
  }

  // The lines of an event that were logged.
  std::vector<std::string> Lines(const std::string& event) {
    if (!read_) log_ = testing::internal::GetCapturedStderr();
    read_ = true;
    std::vector<std::string> lines;
    std::istringstream log(log_);
    for (std::string line; std::getline(log, line);)
      if (line.find(" " + event + " ") != line.npos) lines.push_back(line);
    return lines;
  }

 private:
  bool read_ = false;
  std::string log_;
};

TEST_F(CallScopeTest, LinesOfACallNameItsMethodPeerAndRequestId) {
  v1::CreateModelRequest request = DenseModel("n", 2, {4, 2});
  request.set_request_id("create-n");
  v1::CreateModelResponse response;
  FITD_ASSERT_CALL_OK(Call(*models_, &v1::ModelService::Stub::CreateModel, request, response));
  const std::vector<std::string> lines = Lines("model_created");
  ASSERT_EQ(lines.size(), 2);
  EXPECT_THAT(lines[0], AllOf(HasSubstr(" model=m "),
                              HasSubstr(" method=fitd.v1.ModelService/CreateModel peer=ipv4:"),
                              Not(HasSubstr("request_id"))));
  EXPECT_THAT(lines[1], AllOf(HasSubstr(" model=n "),
                              HasSubstr(" method=fitd.v1.ModelService/CreateModel peer=ipv4:"),
                              EndsWith(" request_id=create-n")));
}

TEST_F(CallScopeTest, UploadGoesByItsHeader) {
  v1::UploadHeader header = CsvHeader("e", "kind");
  header.set_request_id("upload-e");
  v1::UploadDatasetResponse response;
  FITD_ASSERT_CALL_OK(
      Upload({WithHeader(header), WithChunk(TwoClusters(8)), WithChunk("")}, response));
  const std::vector<std::string> lines = Lines("dataset_ingested");
  ASSERT_EQ(lines.size(), 2);
  EXPECT_THAT(lines[1], AllOf(HasSubstr(" dataset=e "),
                              HasSubstr(" method=fitd.v1.DatasetService/UploadDataset peer=ipv4:"),
                              EndsWith(" request_id=upload-e")));
}

TEST_F(CallScopeTest, LinesOfAJobAreOfNoCall) {
  std::vector<v1::JobEvent> events;
  FITD_ASSERT_CALL_OK(Watch(StartFit(2), 0, events));
  const std::vector<std::string> queued = Lines("job_queued");
  const std::vector<std::string> started = Lines("job_started");
  ASSERT_EQ(queued.size(), 1);
  ASSERT_EQ(started.size(), 1);
  EXPECT_THAT(queued[0], HasSubstr(" job=fit-1 "));
  EXPECT_THAT(queued[0], HasSubstr(" method=fitd.v1.JobService/StartFit "));
  EXPECT_THAT(started[0], AllOf(HasSubstr(" job=fit-1 "), Not(HasSubstr("method="))));
}

TEST_F(CallScopeTest, StreamsOfTheDaemonHaveThemToo) {
  const auto server = v1::ServerService::NewStub(server_.channel());
  grpc::ClientContext context;
  const auto reader = server->CheckStore(&context, {});
  for (v1::CheckStoreResponse response; reader->Read(&response);) {
  }
  FITD_ASSERT_CALL_OK(reader->Finish());
  const std::vector<std::string> lines = Lines("store_checked");
  ASSERT_EQ(lines.size(), 1);
  EXPECT_THAT(lines[0], HasSubstr(" method=fitd.v1.ServerService/CheckStore peer=ipv4:"));
}

}  // namespace
}  // namespace fitd
