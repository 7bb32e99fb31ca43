// The gRPC services: thin adapters from calls to use cases. What each refers to must outlive it.

#ifndef FITD_SERVER_RPC_SERVICES_H_
#define FITD_SERVER_RPC_SERVICES_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "grpcpp/impl/service_type.h"
#include "server/jobs/datasets.h"
#include "server/jobs/maintenance.h"
#include "server/jobs/models.h"
#include "server/jobs/searches.h"
#include "server/jobs/server_info.h"
#include "server/jobs/training_jobs.h"
#include "server/predict/evaluation.h"
#include "server/predict/inference.h"
#include "server/predict/prediction.h"
#include "server/rpc/thread_pool.h"

namespace fitd {

struct NamedService {
  std::string name;  // "fitd.v1.ModelService"
  std::unique_ptr<grpc::Service> service;
};

// `upload_pool` is for reading what was uploaded, `watch_pool` for watchers. An upload ends when
// nothing comes for `upload_idle`; 0 waits for ever.
NamedService MakeModelService(Models& models, ThreadPool& pool);
NamedService MakeDatasetService(Datasets& datasets, ThreadPool& pool, ThreadPool& upload_pool,
                                std::chrono::microseconds upload_idle);
NamedService MakeJobService(TrainingJobs& jobs, ThreadPool& pool, ThreadPool& watch_pool,
                            int max_watchers);
NamedService MakeSearchService(Searches& searches, ThreadPool& pool);
NamedService MakeEvaluationService(Evaluation& evaluation, ThreadPool& pool);
NamedService MakePredictionService(Prediction& prediction);
// `pool` is for all but predictions.
NamedService MakeInferenceService(Inference& inference, ThreadPool& pool,
                                  const std::atomic<bool>& stopping);
// `maintenance_pool` is for what reads all that is stored.
NamedService MakeServerService(ServerInfo& info, Maintenance& maintenance, ThreadPool& pool,
                               ThreadPool& maintenance_pool);

}  // namespace fitd

#endif  // FITD_SERVER_RPC_SERVICES_H_
