// A job's events from some number on, as a stream; between them its progress, if wanted.

#ifndef FITD_SERVER_JOBS_JOB_WATCH_H_
#define FITD_SERVER_JOBS_JOB_WATCH_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "fitd/v1/job_service.pb.h"
#include "server/jobs/job_feeds.h"
#include "server/jobs/stream_source.h"
#include "server/store/store.h"

namespace fitd {

// A cursor over the events: those that the feed holds, else those in the store. What it has in
// memory is bounded, however slow its reader.
class JobWatch final : public StreamSource<v1::WatchJobResponse> {
 public:
  struct Options {
    int64_t job = 0;
    v1::JobState state = v1::JOB_STATE_UNSPECIFIED;  // Its newest.
    int64_t from_event = 1;
    bool progress = false;
    // Where the job stands in the queue; nothing when it is not in it any more.
    std::function<absl::StatusOr<std::optional<v1::JobProgress>>()> find_place;
  };
  JobWatch(Store& store, JobFeeds& feeds, const Options& options, std::function<void()> wake);

  absl::StatusOr<Streamed> Next(v1::WatchJobResponse& response) override;

 private:
  absl::Status ReadEvents();
  void SendEvent(const v1::JobEvent& event, v1::WatchJobResponse& response);
  // Whether there is news between events.
  absl::StatusOr<bool> SendProgress(const JobFeeds::View& view, v1::WatchJobResponse& response);
  absl::StatusOr<bool> SendPlace(const JobFeeds::View& view, v1::WatchJobResponse& response);

  Store& store_;
  JobFeeds& feeds_;
  const Options options_;
  int64_t next_event_;
  v1::JobState state_;                   // After the events sent.
  int64_t revision_ = -1;                // Of the feed when the store was last read.
  int64_t progress_number_ = 0;          // Of the newest progress sent.
  int64_t queue_revision_ = 0;           // When the place was last looked at.
  int64_t place_number_ = 0;             // Of the newest place sent.
  bool final_ = false;                   // No event comes after those read.
  std::vector<v1::JobEvent> events_;     // From the store, the next one last.
  JobFeeds::Subscription subscription_;  // Last: its wake-ups may come at once.
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_JOB_WATCH_H_
