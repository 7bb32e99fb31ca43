// A daemon made of mock stubs, for tests of the client and the CLI.

#ifndef FITD_TESTS_CLIENT_MOCK_DAEMON_H_
#define FITD_TESTS_CLIENT_MOCK_DAEMON_H_

#include <gmock/gmock.h>
#include <grpcpp/test/mock_stream.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/errors.h"
#include "client/fitd_client.h"
#include "client/stubs.h"
#include "fitd/v1/dataset_service_mock.grpc.pb.h"
#include "fitd/v1/evaluation_service_mock.grpc.pb.h"
#include "fitd/v1/job_service_mock.grpc.pb.h"
#include "fitd/v1/model_service_mock.grpc.pb.h"
#include "fitd/v1/prediction_service_mock.grpc.pb.h"
#include "fitd/v1/search_service_mock.grpc.pb.h"
#include "fitd/v1/server_service_mock.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health_mock.grpc.pb.h"

namespace fitd::client {

// Set expectations first, then take the client: the mocks live as long as it does.
struct MockDaemon {
  MockDaemon();

  // Pauses between attempts are recorded, not slept.
  std::unique_ptr<Client> TakeClient() {
    Client::Options options;
    options.sleep = [this](absl::Duration pause) { pauses.push_back(pause); };
    return std::make_unique<Client>(std::move(stubs_), options);
  }

  std::vector<absl::Duration> pauses;

 private:
  std::unique_ptr<Client::Stubs> stubs_ = std::make_unique<Client::Stubs>();

 public:
  v1::MockModelServiceStub& models;
  v1::MockDatasetServiceStub& datasets;
  v1::MockJobServiceStub& jobs;
  v1::MockSearchServiceStub& searches;
  v1::MockEvaluationServiceStub& evaluations;
  v1::MockPredictionServiceStub& predictions;
  v1::MockServerServiceStub& server;
  grpc::health::v1::MockHealthStub& health;
};

// Answers a unary call: .WillOnce(Answer(response)).
template <typename Response>
auto Answer(Response response) {
  return testing::DoAll(testing::SetArgPointee<2>(std::move(response)),
                        testing::Return(grpc::Status::OK));
}

// An INVALID_ARGUMENT with these violations: .WillOnce(Return(Refusal(...))).
inline grpc::Status Refusal(const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest bad;
  for (const FieldViolation& violation : violations) {
    auto& added = *bad.add_field_violations();
    added.set_field(violation.field);
    added.set_description(violation.description);
  }
  google::rpc::Status details;
  details.add_details()->PackFrom(bad);
  return {grpc::StatusCode::INVALID_ARGUMENT, "faults", details.SerializeAsString()};
}

// A stream that sends these messages and then ends. Owned by the caller of the mocked method.
template <typename Message>
grpc::ClientReaderInterface<Message>* Stream(const std::vector<Message>& messages,
                                             const grpc::Status& end = grpc::Status::OK) {
  auto* reader = new testing::NiceMock<grpc::testing::MockClientReader<Message>>();
  ON_CALL(*reader, Read)
      .WillByDefault([messages, next = std::make_shared<size_t>(0)](Message* message) {
        if (*next == messages.size()) return false;
        *message = messages[(*next)++];
        return true;
      });
  EXPECT_CALL(*reader, Finish).WillOnce(testing::Return(end));
  return reader;
}

}  // namespace fitd::client

#endif  // FITD_TESTS_CLIENT_MOCK_DAEMON_H_
