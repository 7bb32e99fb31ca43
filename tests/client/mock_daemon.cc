#include "tests/client/mock_daemon.h"

namespace fitd::client {
namespace {

template <typename Mock, typename Stub>
Mock& Put(std::unique_ptr<Stub>& place) {
  auto mock = std::make_unique<testing::StrictMock<Mock>>();
  Mock& reference = *mock;
  place = std::move(mock);
  return reference;
}

}  // namespace

// Here alone, since it takes a compiler most of a minute: no test makes a mock of all methods.
MockDaemon::MockDaemon()
    : models(Put<v1::MockModelServiceStub>(stubs_->models)),
      datasets(Put<v1::MockDatasetServiceStub>(stubs_->datasets)),
      jobs(Put<v1::MockJobServiceStub>(stubs_->jobs)),
      searches(Put<v1::MockSearchServiceStub>(stubs_->searches)),
      evaluations(Put<v1::MockEvaluationServiceStub>(stubs_->evaluations)),
      predictions(Put<v1::MockPredictionServiceStub>(stubs_->predictions)),
      server(Put<v1::MockServerServiceStub>(stubs_->server)),
      health(Put<grpc::health::v1::MockHealthStub>(stubs_->health)) {}

}  // namespace fitd::client
