// What searches do by themselves.

#ifndef FITD_SERVER_JOBS_TRIAL_MAKER_H_
#define FITD_SERVER_JOBS_TRIAL_MAKER_H_

#include <cstdint>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/search/search_algorithm.h"
#include "core/search/search_space.h"
#include "fitd/v1/search.pb.h"
#include "server/jobs/fit_check.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/scheduler.h"
#include "server/store/store.h"

namespace fitd {

// A thread that makes trials, a few ahead of the workers, grants them epochs, cancels those that
// were outdone and ends searches: whenever the store says that searches changed, when the time of a
// budget is over, and at the start. What a search needs next follows from what is stored alone, and
// is stored in one transaction: a daemon that dies loses and repeats nothing.
class TrialMaker {
 public:
  struct Options {
    int workers = 1;
    int max_stacked_trials = 1;  // See Scheduler::Options.
  };
  // All must outlive it.
  TrialMaker(Store& store, const FitCheck& check, JobFeeds& feeds, Scheduler& scheduler,
             const Options& options);
  ~TrialMaker();

  // Lets trials be made from now on; what a former daemon left first.
  void Run();
  // No trial is made any more. Idempotent.
  void Stop();

 private:
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
                            const std::string& reason, std::span<v1::SearchTrial> trials,
                            Steered& steered);

  Store& store_;
  const FitCheck& check_;
  JobFeeds& feeds_;
  Scheduler& scheduler_;
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

#endif  // FITD_SERVER_JOBS_TRIAL_MAKER_H_
