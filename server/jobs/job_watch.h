// A job's events from some number on, as a stream; between them its progress, if wanted.

#ifndef FITD_SERVER_JOBS_JOB_WATCH_H_
#define FITD_SERVER_JOBS_JOB_WATCH_H_

#include <cstdint>
#include <deque>
#include <functional>

#include "fitd/v1/job_service.pb.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/stream_source.h"
#include "server/store/store.h"

namespace fitd {

// A cursor over the stored events: what it holds in memory is bounded, however slow its reader.
class JobWatch final : public StreamSource<v1::WatchJobResponse> {
 public:
  struct Options {
    int64_t job = 0;
    int64_t from_event = 1;
    bool progress = false;
  };
  JobWatch(Store& store, JobFeeds& feeds, const Options& options, std::function<void()> wake);

  absl::StatusOr<Streamed> Next(v1::WatchJobResponse& response) override;

 private:
  absl::Status ReadEvents();

  Store& store_;
  JobFeeds& feeds_;
  const int64_t job_;
  const bool with_progress_;
  int64_t next_event_;
  int64_t revision_ = -1;        // Of the feed when the store was last read.
  int64_t progress_number_ = 0;  // Of the newest progress sent.
  bool final_ = false;           // No event comes after those read.
  std::deque<v1::JobEvent> events_;
  JobFeeds::Subscription subscription_;  // Last: its wake-ups may come at once.
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_JOB_WATCH_H_
