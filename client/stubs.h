// The connections behind a client; tests put fakes in their place. Heavy to include: it pulls in
// gRPC.

#ifndef FITD_CLIENT_STUBS_H_
#define FITD_CLIENT_STUBS_H_

#include <memory>

#include "client/fitd_client.h"
#include "fitd/v1/dataset_service.grpc.pb.h"
#include "fitd/v1/evaluation_service.grpc.pb.h"
#include "fitd/v1/job_service.grpc.pb.h"
#include "fitd/v1/model_service.grpc.pb.h"
#include "fitd/v1/prediction_service.grpc.pb.h"
#include "fitd/v1/search_service.grpc.pb.h"
#include "fitd/v1/server_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace fitd::client {

struct Client::Stubs {
  std::unique_ptr<v1::ModelService::StubInterface> models;
  std::unique_ptr<v1::DatasetService::StubInterface> datasets;
  std::unique_ptr<v1::JobService::StubInterface> jobs;
  std::unique_ptr<v1::SearchService::StubInterface> searches;
  std::unique_ptr<v1::EvaluationService::StubInterface> evaluations;
  std::unique_ptr<v1::PredictionService::StubInterface> predictions;
  std::unique_ptr<v1::ServerService::StubInterface> server;
  std::unique_ptr<grpc::health::v1::Health::StubInterface> health;
};

}  // namespace fitd::client

#endif  // FITD_CLIENT_STUBS_H_
