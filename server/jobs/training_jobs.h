// What JobService does, without gRPC.

#ifndef FITD_SERVER_JOBS_TRAINING_JOBS_H_
#define FITD_SERVER_JOBS_TRAINING_JOBS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "core/base/status.h"
#include "fitd/v1/job_service.pb.h"
#include "server/jobs/fit_check.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/scheduler.h"
#include "server/jobs/stream_source.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Thread-safe. The codes are those of the service's comments.
class TrainingJobs {
 public:
  // `max_memory_bytes`: a fit that needs more is refused.
  TrainingJobs(Store& store, Tables& tables, JobFeeds& feeds, Scheduler& scheduler,
               int64_t max_memory_bytes)
      : store_(store),
        feeds_(feeds),
        scheduler_(scheduler),
        check_(tables, scheduler, {.max_memory_bytes = max_memory_bytes}) {
    store_.ListenToEvents(
        [this](int64_t job, const v1::JobEvent& event) { feeds_.KeepEvent(job, event); });
  }
  ~TrainingJobs() { store_.ListenToEvents(nullptr); }

  absl::StatusOr<v1::StartFitResponse> StartFit(const v1::StartFitRequest& request);
  absl::StatusOr<v1::GetJobResponse> Get(const v1::GetJobRequest& request);
  absl::StatusOr<v1::ListJobsResponse> List(const v1::ListJobsRequest& request);
  absl::StatusOr<v1::CancelJobResponse> Cancel(const v1::CancelJobRequest& request);
  absl::StatusOr<v1::PauseJobResponse> Pause(const v1::PauseJobRequest& request);
  absl::StatusOr<v1::ResumeJobResponse> Resume(const v1::ResumeJobRequest& request);
  absl::StatusOr<v1::DeleteJobResponse> Delete(const v1::DeleteJobRequest& request);
  // `wake` is called, on any thread, when there may be more to read. The source must not outlive
  // this object.
  absl::StatusOr<std::unique_ptr<StreamSource<v1::WatchJobResponse>>> Watch(
      const v1::WatchJobRequest& request, std::function<void()> wake);

 private:
  template <typename Response, typename Request>
  absl::StatusOr<Response> Steer(const Request& request, const char* event, JobOrder order);
  // What is known of it beyond the store. `load` was taken before the transaction.
  void AddNews(Transaction& transaction, const QueueLoad& load, v1::Job& job);
  absl::StatusOr<std::optional<v1::JobProgress>> FindPlace(int64_t number);

  Store& store_;
  JobFeeds& feeds_;
  Scheduler& scheduler_;
  const FitCheck check_;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_TRAINING_JOBS_H_
