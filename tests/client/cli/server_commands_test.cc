#include "client/cli/server_commands.h"

#include <filesystem>
#include <utility>

#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using client::Answer;
using client::Stream;
using testing::AllOf;
using testing::HasSubstr;
using testing::Return;
using testing::StartsWith;

using ServerCommandsTest = FitctlTest;

TEST_F(ServerCommandsTest, ShowsTheServer) {
  EXPECT_CALL(daemon_->server, GetServerInfo)
      .WillOnce(Answer(Proto<v1::GetServerInfoResponse>(
          "version: '0.1.0' isa: 'x86-64-v3' cores: 2 families { name: 'layer' kinds { name: "
          "'dropout' parameters { name: 'rate' type: 'float' } } common_parameters { name: 'name' "
          "type: 'string' } }")));
  EXPECT_EQ(Run({"server", "info"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("x86-64-v3"),
                          HasSubstr("layer\n  dropout  rate: float\n  (each)   name: string\n")));
}

TEST_F(ServerCommandsTest, HealthIsTheExitStatus) {
  const std::pair<grpc::health::v1::HealthCheckResponse::ServingStatus, int> cases[] = {
      {grpc::health::v1::HealthCheckResponse::SERVING, kExitOk},
      {grpc::health::v1::HealthCheckResponse::NOT_SERVING, kExitUnreachable}};
  for (const auto& [answer, status] : cases) {
    daemon_.emplace();
    grpc::health::v1::HealthCheckResponse response;
    response.set_status(answer);
    EXPECT_CALL(daemon_->health, Check).WillOnce(Answer(response));
    EXPECT_EQ(Run({"server", "health"}), status);
  }
  EXPECT_THAT(err_, HasSubstr("the daemon does not serve"));
}

constexpr char kSummary[] = "summary { files: 12 bytes: 3400000 }";

TEST_F(ServerCommandsTest, SaysThatAStoreIsSound) {
  EXPECT_CALL(daemon_->server, CheckStoreRaw)
      .WillOnce(Return(Stream<v1::CheckStoreResponse>({Proto<v1::CheckStoreResponse>(kSummary)})));
  EXPECT_EQ(Run({"server", "fsck"}), kExitOk);
  EXPECT_EQ(out_, "Checked the database and 12 files of 3.4 MB: 0 findings\n");
}

TEST_F(ServerCommandsTest, NamesWhatACheckFindsAndExitsWith7) {
  EXPECT_CALL(daemon_->server, CheckStoreRaw)
      .WillOnce(Return(Stream<v1::CheckStoreResponse>(
          {Proto<v1::CheckStoreResponse>("finding { object: 'job fit-3' fault: "
                                         "STORE_FAULT_NO_OWNER message: 'is RUNNING' }"),
           Proto<v1::CheckStoreResponse>("summary { findings: 1 files: 1 bytes: 1 }")})));
  EXPECT_EQ(Run({"server", "fsck"}), kExitDamaged);
  EXPECT_THAT(out_, StartsWith("job fit-3: no owner: is RUNNING\nChecked "));
}

TEST_F(ServerCommandsTest, CheckThatBreaksOffIsNotTakenForASoundStore) {
  EXPECT_CALL(daemon_->server, CheckStoreRaw).WillOnce(Return(Stream<v1::CheckStoreResponse>({})));
  EXPECT_EQ(Run({"server", "fsck"}), kExitOther);
}

TEST_F(ServerCommandsTest, WritesABackup) {
  EXPECT_CALL(daemon_->server, BackupStoreRaw)
      .WillOnce(Return(Stream<v1::BackupStoreResponse>(
          {Proto<v1::BackupStoreResponse>("file { name: 'fitd.db' size: 3 }"),
           Proto<v1::BackupStoreResponse>("data: 'abc'"),
           Proto<v1::BackupStoreResponse>(
               "end_of_file { sha256: "
               "'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' }"),
           Proto<v1::BackupStoreResponse>("summary { files: 1 bytes: 3 }")})));
  EXPECT_EQ(Run({"server", "backup", dir_.File("b")}), kExitOk) << err_;
  EXPECT_EQ(out_, "Wrote 1 file of 3 B to " + dir_.File("b") + "\n");
  EXPECT_TRUE(std::filesystem::exists(dir_.File("b/fitd.db")));
}

TEST_F(ServerCommandsTest, BackupThatBreaksOffIsNotThere) {
  EXPECT_CALL(daemon_->server, BackupStoreRaw)
      .WillOnce(Return(Stream<v1::BackupStoreResponse>(
          {Proto<v1::BackupStoreResponse>("file { name: 'fitd.db' size: 3 }")},
          grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"))));
  EXPECT_EQ(Run({"server", "backup", dir_.File("b")}), kExitUnreachable);
  EXPECT_FALSE(std::filesystem::exists(dir_.File("b")));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("b.partial")));
}

}  // namespace
}  // namespace fitd::cli
