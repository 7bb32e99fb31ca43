// A job's events and progress as text: a bar that is redrawn in place on a terminal, a line per
// epoch everywhere.

#ifndef FITD_CLIENT_CLI_JOB_VIEW_H_
#define FITD_CLIENT_CLI_JOB_VIEW_H_

#include <string>

#include "client/cli/environment.h"
#include "fitd/v1/job.pb.h"
#include "fitd/v1/job_service.pb.h"

namespace fitd::cli {

// Turns what a watch sends into what is to be written. Knows no clock and no stream.
class JobView {
 public:
  JobView(const Terminal& terminal, int64_t epochs) : terminal_(terminal), epochs_(epochs) {}

  // Text to write now, perhaps none. A line that stays ends in a line end; a bar does not.
  std::string Show(const v1::WatchJobResponse& message);

  // The event on one line, without a line end.
  std::string Line(const v1::JobEvent& event);

  // Removes the bar, if one is there.
  std::string Clear();

 private:
  std::string ShowProgress(const v1::JobProgress& progress);

  const Terminal terminal_;
  const int64_t epochs_;
  bool bar_shown_ = false;
  double learning_rate_ = 0;  // Of the epoch before.
};

// One line of `width` code points at most: epoch, bar, step, metrics, rate, time left.
std::string ProgressLine(const v1::JobProgress& progress, const Terminal& terminal);

// "position 3, for a free worker, about 2 min": where a queued job stands.
std::string PlaceText(int64_t position, const std::string& waiting_for,
                      const google::protobuf::Duration* estimated_wait);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_JOB_VIEW_H_
