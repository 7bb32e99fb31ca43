// What SearchService does, without gRPC, and the making of trials.

#ifndef FITD_SERVER_JOBS_SEARCHES_H_
#define FITD_SERVER_JOBS_SEARCHES_H_

#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/base/violations.h"
#include "core/search/search_algorithm.h"
#include "fitd/v1/search_service.pb.h"
#include "server/jobs/fit_check.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/scheduler.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Trials are made by a thread of this object, a few ahead of the workers: whenever the store says
// that searches changed, and at the start. What a search needs next follows from what is stored
// alone, and is stored in one transaction: a daemon that dies loses and repeats nothing.
//
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
  ~Searches();

  absl::StatusOr<v1::StartSearchResponse> Start(const v1::StartSearchRequest& request);
  absl::StatusOr<v1::GetSearchResponse> Get(const v1::GetSearchRequest& request);
  absl::StatusOr<v1::ListSearchesResponse> List(const v1::ListSearchesRequest& request);
  absl::StatusOr<v1::PauseSearchResponse> Pause(const v1::PauseSearchRequest& request);
  absl::StatusOr<v1::ResumeSearchResponse> Resume(const v1::ResumeSearchRequest& request);
  absl::StatusOr<v1::CancelSearchResponse> Cancel(const v1::CancelSearchRequest& request);
  absl::StatusOr<v1::DeleteSearchResponse> Delete(const v1::DeleteSearchRequest& request);
  absl::StatusOr<v1::ListTrialsResponse> ListTrials(const v1::ListTrialsRequest& request);

  // Lets trials be made from now on; what a former daemon left first.
  void Run();
  // No trial is made any more. Idempotent.
  void Stop();

 private:
  absl::StatusOr<v1::Search> Check(Transaction& transaction, const v1::StartSearchRequest& request,
                                   Violations& violations);
  template <typename Response, typename Request>
  absl::StatusOr<Response> Order(const Request& request, JobOrder order);
  void AddNews(Transaction& transaction, v1::SearchTrial& trial);

  // Jobs that were told something.
  struct Steered {
    std::vector<int64_t> resumed;
    std::vector<int64_t> cancelled;
  };

  void Loop();
  absl::Status Advance();
  absl::Status AdvanceOne(Transaction& transaction, const std::string& name, Steered& steered);
  v1::SearchTrial MakeTrial(Transaction& transaction, const v1::Search& search,
                            const SearchSpace& space, const TrialStep& step);
  absl::Status GrantEpochs(Transaction& transaction, const std::string& search,
                           v1::SearchTrial trial, int64_t epochs, Steered& steered);
  absl::Status CancelTrials(Transaction& transaction, const std::string& search,
                            const std::string& reason, std::vector<v1::SearchTrial>& trials,
                            Steered& steered);

  Store& store_;
  JobFeeds& feeds_;
  Scheduler& scheduler_;
  const FitCheck check_;
  const Options options_;
  Mutex mutex_;
  CondVar changed_;
  bool pending_ ABSL_GUARDED_BY(mutex_) = true;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Until the first search has used up its time. Touched by the thread alone.
  absl::Duration next_look_ = absl::InfiniteDuration();
  std::thread thread_;  // Touched by Run and Stop alone.
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_SEARCHES_H_
