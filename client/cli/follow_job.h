// Following a job to its end, as `fit` and `job watch` do, and looking back, as `job events` does.

#ifndef FITD_CLIENT_CLI_FOLLOW_JOB_H_
#define FITD_CLIENT_CLI_FOLLOW_JOB_H_

#include "absl/status/status.h"
#include "client/cli/cli.h"
#include "fitd/v1/job.pb.h"

namespace fitd::cli {

// Says that the job was started, and follows it unless `detach`.
absl::Status ReportStart(Cli& cli, const v1::Job& job, bool detach);

// Shows the job's events and progress until its end. JSON: the job as it ended; JSON lines: each
// event, then the job. A job that did not succeed gives a JobFailedError.
absl::Status FollowJob(Cli& cli, const v1::Job& job);

// Waits for the job's end without a word before; then as FollowJob.
absl::Status AwaitJob(Cli& cli, const std::string& id);

// Prints the events that the job has now: a table; JSON: an array; JSON lines: one a line.
absl::Status PrintEvents(Cli& cli, const v1::Job& job);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_FOLLOW_JOB_H_
