#include <functional>
#include <utility>

#include "fitd/v1/job_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"
#include "server/rpc/watch_reactor.h"

namespace fitd {
namespace {

class JobServiceRpc final : public v1::JobService::CallbackService {
 public:
  JobServiceRpc(TrainingJobs& jobs, ThreadPool& pool) : jobs_(jobs), pool_(pool) {}

  grpc::ServerUnaryReactor* StartFit(grpc::CallbackServerContext* context,
                                     const v1::StartFitRequest* request,
                                     v1::StartFitResponse* response) override {
    return Reply(context, pool_, [this, request] { return jobs_.StartFit(*request); }, response);
  }

  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request,
                                   v1::GetJobResponse* response) override {
    return Reply(context, pool_, [this, request] { return jobs_.Get(*request); }, response);
  }

  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override {
    return Reply(context, pool_, [this, request] { return jobs_.List(*request); }, response);
  }

  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request,
                                      v1::CancelJobResponse* response) override {
    return Reply(context, pool_, [this, request] { return jobs_.Cancel(*request); }, response);
  }

  grpc::ServerUnaryReactor* PauseJob(grpc::CallbackServerContext* context,
                                     const v1::PauseJobRequest* request,
                                     v1::PauseJobResponse* response) override {
    return Reply(context, pool_, [this, request] { return jobs_.Pause(*request); }, response);
  }

  grpc::ServerUnaryReactor* ResumeJob(grpc::CallbackServerContext* context,
                                      const v1::ResumeJobRequest* request,
                                      v1::ResumeJobResponse* response) override {
    return Reply(context, pool_, [this, request] { return jobs_.Resume(*request); }, response);
  }

  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const v1::DeleteJobRequest* request,
                                      v1::DeleteJobResponse* response) override {
    return Reply(context, pool_, [this, request] { return jobs_.Delete(*request); }, response);
  }

  grpc::ServerWriteReactor<v1::WatchJobResponse>* WatchJob(
      grpc::CallbackServerContext*, const v1::WatchJobRequest* request) override {
    return WatchReactor<v1::WatchJobResponse>::Start(
        pool_, [this, request = *request](std::function<void()> wake) {
          return jobs_.Watch(request, std::move(wake));
        });
  }

 private:
  TrainingJobs& jobs_;
  ThreadPool& pool_;
};

}  // namespace

NamedService MakeJobService(TrainingJobs& jobs, ThreadPool& pool) {
  return {v1::JobService::service_full_name(), std::make_unique<JobServiceRpc>(jobs, pool)};
}

}  // namespace fitd
