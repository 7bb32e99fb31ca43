#include "client/fitd_client.h"

#include <gmock/gmock.h>
#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/client/mock_daemon.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd::client {
namespace {

using absl::StatusCode;
using testing::_;
using testing::DoAll;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Property;
using testing::Return;
using testing::SaveArg;
using testing::SetArgPointee;
using testing::SizeIs;

const grpc::Status kUnreachable(grpc::StatusCode::UNAVAILABLE, "connection refused");

v1::WatchJobResponse Event(int64_t number) {
  v1::WatchJobResponse message;
  message.mutable_event()->set_number(number);
  return message;
}

TEST(ClientTest, ReturnsTheResponse) {
  MockDaemon daemon;
  v1::GetModelResponse response;
  response.mutable_model()->set_name("mnist");
  EXPECT_CALL(daemon.models, GetModel).WillOnce(Answer(response));
  EXPECT_EQ(daemon.TakeClient()->GetModel({})->model().name(), "mnist");
}

TEST(ClientTest, TriesAgainWithTheSameRequestIdWhileTheDaemonIsUnreachable) {
  MockDaemon daemon;
  std::vector<std::string> ids;
  const auto remember = [&](auto*, const v1::StartFitRequest& request, auto*) {
    ids.push_back(request.request_id());
  };
  EXPECT_CALL(daemon.jobs, StartFit)
      .WillOnce(DoAll(remember, Return(kUnreachable)))
      .WillOnce(DoAll(remember, Return(kUnreachable)))
      .WillOnce(DoAll(remember, Return(grpc::Status::OK)));
  FITD_EXPECT_OK(daemon.TakeClient()->StartFit({}));
  ASSERT_THAT(ids, SizeIs(3));
  EXPECT_THAT(ids[0], SizeIs(32));
  EXPECT_EQ(ids[1], ids[0]);
  EXPECT_EQ(ids[2], ids[0]);
  EXPECT_THAT(daemon.pauses, ElementsAre(absl::Milliseconds(100), absl::Milliseconds(200)));
}

TEST(ClientTest, KeepsARequestIdThatTheCallerGave) {
  MockDaemon daemon;
  EXPECT_CALL(daemon.jobs, CancelJob(_, Property(&v1::CancelJobRequest::request_id, "mine"), _))
      .WillOnce(Return(grpc::Status::OK));
  v1::CancelJobRequest request;
  request.set_request_id("mine");
  FITD_EXPECT_OK(daemon.TakeClient()->CancelJob(request));
}

TEST(ClientTest, DoesNotRepeatWhatTheDaemonRefused) {
  MockDaemon daemon;
  EXPECT_CALL(daemon.models, DeleteModel)
      .WillOnce(Return(grpc::Status(grpc::StatusCode::NOT_FOUND, "no model \"x\"")));
  EXPECT_THAT(daemon.TakeClient()->DeleteModel({}).status(),
              StatusIs(StatusCode::kNotFound, "no model \"x\""));
}

TEST(ClientTest, GivesUpOnAnUnreachableDaemon) {
  MockDaemon daemon;
  EXPECT_CALL(daemon.server, GetServerInfo).Times(4).WillRepeatedly(Return(kUnreachable));
  EXPECT_THAT(daemon.TakeClient()->GetServerInfo({}).status(),
              StatusIs(StatusCode::kUnavailable, "connection refused"));
}

TEST(ClientTest, RepeatsACallThatAStoppingDaemonCancels) {
  MockDaemon daemon;
  EXPECT_CALL(daemon.server, GetServerInfo)
      .WillOnce(Return(grpc::Status::CANCELLED))
      .WillOnce(Return(grpc::Status::OK));
  FITD_EXPECT_OK(daemon.TakeClient()->GetServerInfo({}));
}

TEST(ClientTest, TakesAWatchUpAgainAfterTheLastEventSeen) {
  MockDaemon daemon;
  EXPECT_CALL(daemon.jobs, WatchJobRaw(_, Property(&v1::WatchJobRequest::from_event, 0)))
      .WillOnce(Return(Stream<v1::WatchJobResponse>({Event(1), Event(2)}, kUnreachable)));
  EXPECT_CALL(daemon.jobs, WatchJobRaw(_, Property(&v1::WatchJobRequest::from_event, 3)))
      .WillOnce(Return(Stream<v1::WatchJobResponse>({}, kUnreachable)))
      .WillOnce(Return(Stream<v1::WatchJobResponse>({Event(3)})));
  std::vector<int64_t> seen;
  FITD_EXPECT_OK(daemon.TakeClient()->WatchJob({}, [&](const v1::WatchJobResponse& message) {
    seen.push_back(message.event().number());
    return true;
  }));
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
}

TEST(ClientTest, EndsAWatchWhenTheCallerHasSeenEnough) {
  MockDaemon daemon;
  auto* reader = new testing::NiceMock<grpc::testing::MockClientReader<v1::WatchJobResponse>>();
  EXPECT_CALL(*reader, Read).WillOnce(DoAll(SetArgPointee<0>(Event(1)), Return(true)));
  EXPECT_CALL(*reader, Finish).WillOnce(Return(grpc::Status::CANCELLED));
  EXPECT_CALL(daemon.jobs, WatchJobRaw).WillOnce(Return(reader));
  FITD_EXPECT_OK(
      daemon.TakeClient()->WatchJob({}, [](const v1::WatchJobResponse&) { return false; }));
}

TEST(ClientTest, DoesNotRepeatAWatchOfAnUnknownJob) {
  MockDaemon daemon;
  EXPECT_CALL(daemon.jobs, WatchJobRaw)
      .WillOnce(
          Return(Stream<v1::WatchJobResponse>({}, grpc::Status(grpc::StatusCode::NOT_FOUND, ""))));
  EXPECT_THAT(daemon.TakeClient()->WatchJob({}, [](const auto&) { return true; }),
              StatusIs(StatusCode::kNotFound));
}

class UploadTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(dir_.File(name), std::ios::binary) << content;
    return dir_.File(name);
  }

  // Records what is written; the write after `most` fails.
  void ExpectUpload(size_t most, const grpc::Status& end) {
    auto* writer =
        new testing::NiceMock<grpc::testing::MockClientWriter<v1::UploadDatasetRequest>>();
    ON_CALL(*writer, Write)
        .WillByDefault([this, most](const v1::UploadDatasetRequest& message, auto) {
          written_.push_back(message);
          return written_.size() <= most;
        });
    EXPECT_CALL(*writer, Finish).WillOnce(Return(end));
    EXPECT_CALL(daemon_.datasets, UploadDatasetRaw).WillOnce(Return(writer));
  }

  static void Ignore(int64_t /*sent*/, int64_t /*total*/) {}

  TempDir dir_;
  MockDaemon daemon_;
  std::vector<v1::UploadDatasetRequest> written_;
};

TEST_F(UploadTest, SendsTheHeaderWithTheHashAndThenChunks) {
  const std::string first = Write("a", "abc");
  const std::string second = Write("b", std::string((1 << 20) + 5, 'x'));
  ExpectUpload(100, grpc::Status::OK);
  std::vector<int64_t> progress;
  FITD_EXPECT_OK(
      daemon_.TakeClient()->UploadDataset({}, {first, second}, [&](int64_t sent, int64_t total) {
        EXPECT_EQ(total, 3 + (1 << 20) + 5);
        progress.push_back(sent);
      }));
  ASSERT_THAT(written_, SizeIs(4));
  EXPECT_THAT(written_[0].header().sha256(), SizeIs(64));
  EXPECT_EQ(written_[1].chunk().data(), "abc");
  EXPECT_EQ(written_[1].chunk().source(), 0);
  EXPECT_THAT(written_[2].chunk().data(), SizeIs(1 << 20));
  EXPECT_THAT(written_[3].chunk().data(), SizeIs(5));
  EXPECT_EQ(written_[3].chunk().source(), 1);
  EXPECT_THAT(progress, ElementsAre(3, 3 + (1 << 20), 3 + (1 << 20) + 5));
}

TEST_F(UploadTest, AnnouncesTheSha256OfTheBytes) {
  ExpectUpload(100, grpc::Status::OK);
  FITD_EXPECT_OK(
      daemon_.TakeClient()->UploadDataset({}, {Write("a", "a"), Write("b", "bc")}, Ignore));
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(written_[0].header().sha256(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(UploadTest, StopsSendingWhenTheDaemonHasAnswered) {
  ExpectUpload(1, grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "taken"));
  EXPECT_THAT(daemon_.TakeClient()
                  ->UploadDataset({}, {Write("a", std::string(5 << 20, 'x'))}, Ignore)
                  .status(),
              StatusIs(StatusCode::kAlreadyExists, "taken"));
  EXPECT_THAT(written_, SizeIs(2));
}

TEST_F(UploadTest, SaysThatAFileCannotBeReadBeforeCallingTheDaemon) {
  EXPECT_THAT(daemon_.TakeClient()->UploadDataset({}, {dir_.File("none")}, Ignore).status(),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("No such file")));
  EXPECT_THAT(daemon_.pauses, SizeIs(0));
}

class PredictStreamTest : public testing::Test {
 protected:
  using Streams =
      grpc::testing::MockClientReaderWriter<v1::PredictStreamRequest, v1::PredictStreamResponse>;

  // Answers each request with its model's name.
  void ExpectStream(const grpc::Status& end) {
    auto* stream = new testing::NiceMock<Streams>();
    ON_CALL(*stream, Write).WillByDefault([this](const v1::PredictStreamRequest& request, auto) {
      asked_ = request.request().model();
      return true;
    });
    ON_CALL(*stream, Read).WillByDefault([this](v1::PredictStreamResponse* response) {
      if (asked_ == "unreadable") return false;
      response->mutable_response()->set_model(asked_);
      return true;
    });
    EXPECT_CALL(*stream, Finish).WillOnce(Return(end));
    EXPECT_CALL(daemon_.predictions, PredictStreamRaw).WillOnce(Return(stream));
  }

  MockDaemon daemon_;
  std::string asked_;
};

TEST_F(PredictStreamTest, AnswersInOrder) {
  ExpectStream(grpc::Status::OK);
  int asked = 0;
  std::vector<std::string> answers;
  FITD_EXPECT_OK(daemon_.TakeClient()->PredictStream(
      [&](v1::PredictRequest& request) -> absl::StatusOr<bool> {
        request.set_model(std::to_string(++asked));
        return asked <= 3;
      },
      [&](const v1::PredictResponse& response) {
        answers.push_back(response.model());
        return absl::OkStatus();
      }));
  EXPECT_THAT(answers, ElementsAre("1", "2", "3"));
}

TEST_F(PredictStreamTest, RowsWithoutAnAnswerAreAnError) {
  ExpectStream(grpc::Status::OK);
  EXPECT_THAT(daemon_.TakeClient()->PredictStream(
                  [](v1::PredictRequest& request) -> absl::StatusOr<bool> {
                    request.set_model("unreadable");
                    return true;
                  },
                  [](const v1::PredictResponse&) { return absl::OkStatus(); }),
              StatusIs(StatusCode::kInternal, HasSubstr("without an answer")));
}

TEST_F(PredictStreamTest, ReturnsTheErrorOfItsSource) {
  ExpectStream(grpc::Status::CANCELLED);
  EXPECT_THAT(daemon_.TakeClient()->PredictStream(
                  [](v1::PredictRequest&) -> absl::StatusOr<bool> {
                    return absl::InvalidArgumentError("row 3");
                  },
                  [](const v1::PredictResponse&) { return absl::OkStatus(); }),
              StatusIs(StatusCode::kInvalidArgument, "row 3"));
}

}  // namespace
}  // namespace fitd::client
