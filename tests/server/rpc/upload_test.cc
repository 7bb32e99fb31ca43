// DatasetService.UploadDataset over the wire. The protocol's faults are in dataset_upload_test.cc.

#include <filesystem>
#include <string>

#include "core/base/sha256.h"
#include "tests/server/rpc/rpc_fixture.h"

namespace fitd {
namespace {

using UploadTest = RpcTest;

TEST_F(UploadTest, KnownContentIsAnsweredBeforeTheChunksAreSent) {
  v1::UploadHeader header = CsvHeader("again", "kind");
  header.set_sha256(Sha256Hex(TwoClusters(40)));
  v1::UploadDatasetResponse response;
  grpc::ClientContext context;
  const auto writer = datasets_->UploadDataset(&context, &response);
  ASSERT_TRUE(writer->Write(WithHeader(header)));
  // The answer comes without WritesDone.
  FITD_ASSERT_CALL_OK(writer->Finish());
  EXPECT_EQ(response.dataset().name(), "again");
  EXPECT_EQ(response.dataset().rows(), 40);
}

TEST_F(UploadTest, FaultEndsTheStream) {
  v1::UploadDatasetResponse response;
  EXPECT_THAT(Upload({WithChunk("x")}, response),
              HasCode(grpc::StatusCode::INVALID_ARGUMENT, "header"));
  EXPECT_THAT(Upload({WithHeader(CsvHeader("e", "nope")), WithChunk(TwoClusters(4))}, response),
              HasCode(grpc::StatusCode::INVALID_ARGUMENT, "nope"));
}

TEST_F(UploadTest, ClientThatGoesAwayLeavesNothing) {
  {
    v1::UploadDatasetResponse response;
    grpc::ClientContext context;
    const auto writer = datasets_->UploadDataset(&context, &response);
    ASSERT_TRUE(writer->Write(WithHeader(CsvHeader("gone", "kind"))));
    ASSERT_TRUE(writer->Write(WithChunk(TwoClusters(10))));
    context.TryCancel();
    EXPECT_THAT(writer->Finish(), HasCode(grpc::StatusCode::CANCELLED));
  }
  const std::string folder = server_.data_dir() + "/tmp";
  server_.Stop();  // Waits for the call to be over on its side too.
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  FITD_ASSERT_OK(server_.Start());
  Connect();
  v1::GetDatasetRequest request;
  request.set_name("gone");
  v1::GetDatasetResponse response;
  EXPECT_THAT(Call(*datasets_, &v1::DatasetService::Stub::GetDataset, request, response),
              HasCode(grpc::StatusCode::NOT_FOUND));
}

TEST_F(UploadTest, UploadThatStallsIsDropped) {
  server_.config().set_upload_idle_seconds(0.05);
  Restart();
  v1::UploadDatasetResponse response;
  grpc::ClientContext context;
  const auto writer = datasets_->UploadDataset(&context, &response);
  ASSERT_TRUE(writer->Write(WithHeader(CsvHeader("stalled", "kind"))));
  // Neither more nor WritesDone.
  EXPECT_THAT(writer->Finish(), HasCode(grpc::StatusCode::DEADLINE_EXCEEDED, "for 0.05 s"));
  EXPECT_TRUE(std::filesystem::is_empty(server_.data_dir() + "/tmp"));
}

TEST_F(UploadTest, UploadsOfManyChunksArriveWhole) {
  const std::string csv = TwoClusters(200'000);
  std::vector<v1::UploadDatasetRequest> parts = {WithHeader(CsvHeader("large", "kind"))};
  for (size_t begin = 0; begin < csv.size(); begin += 100'000)
    parts.push_back(WithChunk(csv.substr(begin, 100'000)));
  v1::UploadDatasetResponse response;
  FITD_ASSERT_CALL_OK(Upload(parts, response));
  EXPECT_EQ(response.dataset().rows(), 200'000);
}

}  // namespace
}  // namespace fitd
