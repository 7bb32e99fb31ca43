#include <functional>
#include <memory>
#include <utility>

#include "fitd/v1/job_service.grpc.pb.h"
#include "server/rpc/reply.h"
#include "server/rpc/services.h"
#include "server/rpc/watch_reactor.h"
#include "server/rpc/watcher_slots.h"

namespace fitd {
namespace {

// One connection's share: below what HTTP/2 lets it have in streams, so that there is room for
// other calls and the next watcher is told instead of kept waiting.
constexpr int kWatchersPerConnection = 1000;

using WatchResponse = v1::WatchJobResponse;

// Holds the watcher's slot as long as its source.
class SlottedSource final : public StreamSource<WatchResponse> {
 public:
  SlottedSource(std::shared_ptr<WatcherSlots::Slot> slot,
                std::unique_ptr<StreamSource<WatchResponse>> source)
      : slot_(std::move(slot)), source_(std::move(source)) {}
  absl::StatusOr<Streamed> Next(WatchResponse& response) override {
    return source_->Next(response);
  }

 private:
  const std::shared_ptr<WatcherSlots::Slot> slot_;
  const std::unique_ptr<StreamSource<WatchResponse>> source_;
};

class JobServiceRpc final : public v1::JobService::CallbackService {
 public:
  JobServiceRpc(TrainingJobs& jobs, ThreadPool& pool, ThreadPool& watch_pool, int max_watchers)
      : jobs_(jobs),
        pool_(pool),
        watch_pool_(watch_pool),
        slots_({.all = max_watchers, .per_connection = kWatchersPerConnection}) {}

  grpc::ServerUnaryReactor* StartFit(grpc::CallbackServerContext* context,
                                     const v1::StartFitRequest* request,
                                     v1::StartFitResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return jobs_.StartFit(*request); }, response);
  }

  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request,
                                   v1::GetJobResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return jobs_.Get(*request); }, response);
  }

  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return jobs_.List(*request); }, response);
  }

  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request,
                                      v1::CancelJobResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return jobs_.Cancel(*request); }, response);
  }

  grpc::ServerUnaryReactor* PauseJob(grpc::CallbackServerContext* context,
                                     const v1::PauseJobRequest* request,
                                     v1::PauseJobResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return jobs_.Pause(*request); }, response);
  }

  grpc::ServerUnaryReactor* ResumeJob(grpc::CallbackServerContext* context,
                                      const v1::ResumeJobRequest* request,
                                      v1::ResumeJobResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return jobs_.Resume(*request); }, response);
  }

  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const v1::DeleteJobRequest* request,
                                      v1::DeleteJobResponse* response) override {
    return Reply(
        context, pool_, request, [this, request] { return jobs_.Delete(*request); }, response);
  }

  grpc::ServerWriteReactor<WatchResponse>* WatchJob(grpc::CallbackServerContext* context,
                                                    const v1::WatchJobRequest* request) override {
    absl::StatusOr<std::unique_ptr<WatcherSlots::Slot>> slot = slots_.Take(context->peer());
    if (!slot.ok()) return WatchReactor<WatchResponse>::Refuse(slot.status());
    std::shared_ptr<WatcherSlots::Slot> held = *std::move(slot);
    return WatchReactor<WatchResponse>::Start(
        context, watch_pool_,
        [this, request = *request, held = std::move(held)](std::function<void()> wake) mutable
            -> absl::StatusOr<WatchReactor<WatchResponse>::Source> {
          FITD_ASSIGN_OR_RETURN(auto source, jobs_.Watch(request, std::move(wake)));
          return std::make_unique<SlottedSource>(std::move(held), std::move(source));
        });
  }

 private:
  TrainingJobs& jobs_;
  ThreadPool& pool_;
  ThreadPool& watch_pool_;
  WatcherSlots slots_;
};

}  // namespace

NamedService MakeJobService(TrainingJobs& jobs, ThreadPool& pool, ThreadPool& watch_pool,
                            int max_watchers) {
  return {v1::JobService::service_full_name(),
          std::make_unique<JobServiceRpc>(jobs, pool, watch_pool, max_watchers)};
}

}  // namespace fitd
