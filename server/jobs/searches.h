// What SearchService does, without gRPC.

#ifndef FITD_SERVER_JOBS_SEARCHES_H_
#define FITD_SERVER_JOBS_SEARCHES_H_

#include <cstdint>
#include <limits>
#include <string>

#include "core/base/status.h"
#include "core/base/violations.h"
#include "fitd/v1/search_service.pb.h"
#include "server/jobs/fit_check.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/scheduler.h"
#include "server/jobs/trial_maker.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Thread-safe. The codes are those of the service's comments.
class Searches {
 public:
  struct Options {
    int workers = 1;
    int max_stacked_trials = 1;  // See Scheduler::Options.
    int64_t max_memory_bytes = 0;
    int64_t max_parameters = std::numeric_limits<int64_t>::max();
  };
  Searches(Store& store, Tables& tables, JobFeeds& feeds, Scheduler& scheduler,
           const Options& options);

  absl::StatusOr<v1::StartSearchResponse> Start(const v1::StartSearchRequest& request);
  absl::StatusOr<v1::GetSearchResponse> Get(const v1::GetSearchRequest& request);
  absl::StatusOr<v1::ListSearchesResponse> List(const v1::ListSearchesRequest& request);
  absl::StatusOr<v1::PauseSearchResponse> Pause(const v1::PauseSearchRequest& request);
  absl::StatusOr<v1::ResumeSearchResponse> Resume(const v1::ResumeSearchRequest& request);
  absl::StatusOr<v1::CancelSearchResponse> Cancel(const v1::CancelSearchRequest& request);
  absl::StatusOr<v1::DeleteSearchResponse> Delete(const v1::DeleteSearchRequest& request);
  absl::StatusOr<v1::ListTrialsResponse> ListTrials(const v1::ListTrialsRequest& request);

  // See TrialMaker.
  void Run() { maker_.Run(); }
  void Stop() { maker_.Stop(); }

 private:
  absl::StatusOr<v1::Search> Check(Transaction& transaction, const v1::StartSearchRequest& request,
                                   Violations& violations);
  template <typename Response, typename Request>
  absl::StatusOr<Response> Order(const Request& request, JobOrder order);
  void AddNews(Transaction& transaction, v1::SearchTrial& trial);

  Store& store_;
  JobFeeds& feeds_;
  Scheduler& scheduler_;
  const FitCheck check_;
  const Options options_;
  TrialMaker maker_;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_SEARCHES_H_
