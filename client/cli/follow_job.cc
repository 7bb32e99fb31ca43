#include "client/cli/follow_job.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "client/cli/exit_code.h"
#include "client/cli/format.h"
#include "client/cli/interrupt.h"
#include "client/cli/job_view.h"
#include "client/cli/table.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

std::string Outcome(const v1::Job& job) {
  const v1::FitSpec& spec = job.spec();
  if (job.version() != 0) return fmt::format("Stored {}@{}\n", spec.model(), job.version());
  if (spec.verify_version() == 0 || job.state() != v1::JOB_STATE_SUCCEEDED) return "";
  return fmt::format("REPRODUCED {}@{}\n", spec.model(), spec.verify_version());
}

// Prints what a job has come to; an error unless it succeeded.
absl::Status ReportEnd(Cli& cli, client::Client& client, const std::string& id) {
  v1::GetJobRequest get;
  get.set_id(id);
  FITD_ASSIGN_OR_RETURN(const v1::GetJobResponse response, client.GetJob(get));
  const v1::Job& ended = response.job();
  cli.Print(ended, [&] { return Outcome(ended); });
  switch (ended.state()) {
    case v1::JOB_STATE_SUCCEEDED:
      return absl::OkStatus();
    case v1::JOB_STATE_FAILED:
      return JobFailedError(
          fmt::format("job {} failed: {}", ended.id(), FormatFailure(ended.failure())));
    case v1::JOB_STATE_CANCELLED:
      return JobFailedError(fmt::format("job {} was cancelled", ended.id()));
    default:
      return absl::UnavailableError(fmt::format("the watch of job {} ended while it is {}",
                                                ended.id(), FormatState(ended.state())));
  }
}

}  // namespace

absl::Status ReportStart(Cli& cli, const v1::Job& job, bool detach) {
  if (detach) {
    cli.Print(job, [&] {
      return fmt::format("Started job {0}. Follow it with: fitctl job watch {0}\n", job.id());
    });
    return absl::OkStatus();
  }
  if (cli.output == OutputFormat::kTable)
    cli.env.out << fmt::format("Started job {}\n", job.id()) << std::flush;
  return FollowJob(cli, job);
}

absl::Status FollowJob(Cli& cli, const v1::Job& job) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  v1::WatchJobRequest request;
  request.set_id(job.id());
  request.set_progress(cli.output == OutputFormat::kTable && cli.env.terminal.interactive);
  JobView view(cli.env.terminal, job.spec().training().epochs());
  {
    const InterruptNotice notice(
        fmt::format("Job {0} goes on. Rejoin it with: fitctl job watch {0}", job.id()));
    const absl::Status watched =
        client->WatchJob(request, [&](const v1::WatchJobResponse& message) {
          if (cli.output == OutputFormat::kTable) cli.env.out << view.Show(message) << std::flush;
          if (cli.output == OutputFormat::kJsonl) cli.PrintJson(message.event());
          return true;
        });
    if (cli.output == OutputFormat::kTable) cli.env.out << view.Clear() << std::flush;
    FITD_RETURN_IF_ERROR(watched);
  }

  return ReportEnd(cli, *client, job.id());
}

absl::Status AwaitJob(Cli& cli, const std::string& id) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  v1::WatchJobRequest request;
  request.set_id(id);
  {
    const InterruptNotice notice(
        fmt::format("Job {0} goes on. Rejoin it with: fitctl job watch {0}", id));
    FITD_RETURN_IF_ERROR(
        client->WatchJob(request, [](const v1::WatchJobResponse&) { return true; }));
  }
  return ReportEnd(cli, *client, id);
}

absl::Status PrintEvents(Cli& cli, const v1::Job& job) {
  std::vector<v1::JobEvent> events;
  if (job.last_event() > 0) {
    FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
    v1::WatchJobRequest request;
    request.set_id(job.id());
    FITD_RETURN_IF_ERROR(client->WatchJob(request, [&](const v1::WatchJobResponse& message) {
      if (message.has_event()) events.push_back(message.event());
      return events.empty() || events.back().number() < job.last_event();
    }));
  }
  if (cli.output == OutputFormat::kTable) {
    JobView view(cli.env.terminal, job.spec().training().epochs());
    Table table({"event", "time", "what happened"});
    for (const v1::JobEvent& event : events) {
      table.AddRow({std::to_string(event.number()), FormatTime(event.time()), view.Line(event)});
    }
    cli.env.out << table.ToString();
  } else if (cli.output == OutputFormat::kJsonl) {
    for (const v1::JobEvent& event : events) cli.PrintJson(event);
  } else {
    std::string array;
    for (const v1::JobEvent& event : events)
      array += (array.empty() ? "" : ",") + ToJson(event, /*pretty=*/true);
    cli.env.out << "[" << array << "]\n";
  }
  return absl::OkStatus();
}

}  // namespace fitd::cli
