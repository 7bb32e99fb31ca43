#include "client/cli/job_commands.h"

#include <fmt/format.h>

#include "client/cli/command.h"
#include "client/cli/flag_faults.h"
#include "client/cli/follow_job.h"
#include "client/cli/format.h"
#include "client/cli/job_view.h"
#include "client/cli/table.h"
#include "client/cli/training_facts.h"
#include "client/errors.h"
#include "client/names.h"
#include "client/reflection.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

struct IdFlags {
  std::string id;
};

absl::StatusOr<v1::Job> GetJob(client::Client& client, const std::string& id) {
  v1::GetJobRequest request;
  request.set_id(id);
  FITD_ASSIGN_OR_RETURN(v1::GetJobResponse response, client.GetJob(request));
  return std::move(*response.mutable_job());
}

std::string VersionName(const v1::Job& job) {
  return job.version() == 0 ? "-" : fmt::format("{}@{}", job.spec().model(), job.version());
}

struct ListFlags {
  std::string model;
  std::vector<std::string> states;
};

absl::Status List(Cli& cli, const ListFlags& flags, FlagFaults& faults) {
  v1::ListJobsRequest request;
  request.set_model(flags.model);
  const auto& states = *v1::JobState_descriptor();
  for (const std::string& name : flags.states) {
    const auto* state = client::FindEnumValue(states, name);
    if (state == nullptr) {
      faults.Add("--state", client::UnknownName("state", name, client::EnumNames(states)));
    } else {
      request.add_states(static_cast<v1::JobState>(state->number()));
    }
  }
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  if (!faults.empty()) return faults.With(client->ListJobs(request).status());
  FITD_ASSIGN_OR_RETURN(const auto all,
                        (AllPages<v1::ListJobsResponse, v1::ListJobsRequest>(
                            request, [&](const auto& page) { return client->ListJobs(page); })));
  cli.PrintList(all, all.jobs(), [&] {
    Table table({"id", "model", "data", "state", "epoch", "metrics", "version", "created"});
    for (const v1::Job& job : all.jobs()) {
      std::string state = FormatState(job.state());
      if (job.queue_position() > 0) state += fmt::format(" ({} in line)", job.queue_position());
      if (job.has_estimated_wait())
        state += fmt::format(", about {}", FormatSeconds(Seconds(job.estimated_wait())));
      std::string model = job.spec().model();
      if (job.trial() > 0) model += fmt::format(", trial {}", job.trial());
      table.AddRow({job.id(), model, job.spec().dataset(), state,
                    fmt::format("{}/{}", job.progress().epoch(), job.spec().training().epochs()),
                    FormatMetrics(job.progress().metrics()), VersionName(job),
                    FormatTime(job.create_time())});
    }
    return table.empty() ? "No jobs. Start one with: fitctl fit\n" : table.ToString();
  });
  return absl::OkStatus();
}

std::string JobText(const v1::Job& job) {
  const v1::FitSpec& spec = job.spec();
  const v1::TrainingSpec& training = spec.training();
  Table facts;
  facts.AddRow({"state", FormatState(job.state())});
  if (job.queue_position() > 0) {
    facts.AddRow(
        {"waiting", PlaceText(job.queue_position(), job.waiting_for(),
                              job.has_estimated_wait() ? &job.estimated_wait() : nullptr)});
  }
  if (job.has_failure()) facts.AddRow({"failure", FormatFailure(job.failure())});
  facts.AddRow({"model", spec.model()});
  if (job.trial() != 0)
    facts.AddRow({"trial", fmt::format("{} of search {}", job.trial(), job.search())});
  facts.AddRow({"stored", VersionName(job)});
  if (spec.verify_version() != 0)
    facts.AddRow({"verifies", fmt::format("{}@{}", spec.model(), spec.verify_version())});
  facts.AddRow({"data set", spec.dataset()});
  if (!spec.validation_dataset().empty())
    facts.AddRow({"validation data", spec.validation_dataset()});
  if (training.validation_split() > 0)
    facts.AddRow({"validation split", FormatNumber(training.validation_split())});
  if (training.has_fold()) {
    facts.AddRow(
        {"fold", fmt::format("{} of {}", training.fold().index(), training.fold().count())});
  }
  if (spec.initial_version() != 0)
    facts.AddRow({"starts from", fmt::format("{}@{}", spec.model(), spec.initial_version())});
  if (job.training_rows() > 0) {
    facts.AddRow(
        {"rows", fmt::format("{} to train, {} to validate", FormatCount(job.training_rows()),
                             FormatCount(job.validation_rows()))});
  }
  facts.AddRow({"parameters", FormatCount(job.trainable_parameters())});
  if (job.memory_bytes() > 0) facts.AddRow({"memory", FormatBytes(job.memory_bytes())});
  AddTrainingFacts(training, facts);
  facts.AddRow({"epoch", fmt::format("{}/{}", job.progress().epoch(), training.epochs())});
  if (!job.progress().metrics().empty())
    facts.AddRow({"last metrics", FormatMetrics(job.progress().metrics())});
  facts.AddRow({"created", FormatTime(job.create_time())});
  facts.AddRow({"started", FormatTime(job.start_time())});
  facts.AddRow({"ended", FormatTime(job.end_time())});
  if (job.restarts() > 0) facts.AddRow({"restarts", std::to_string(job.restarts())});
  if (job.crashes() > 0) {
    facts.AddRow({"daemons that died",
                  fmt::format("{} of {} allowed", job.crashes(), spec.resources().max_restarts())});
  }
  return fmt::format("Job {}\n\n{}", client::Printable(job.id()), facts.ToString("  "));
}

absl::Status Show(Cli& cli, const IdFlags& flags) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::Job job, GetJob(*client, flags.id));
  cli.Print(job, [&] { return JobText(job); });
  return absl::OkStatus();
}

absl::Status Watch(Cli& cli, const IdFlags& flags) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::Job job, GetJob(*client, flags.id));
  return FollowJob(cli, job);
}

absl::Status Events(Cli& cli, const IdFlags& flags) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::Job job, GetJob(*client, flags.id));
  return PrintEvents(cli, job);
}

// Cancelling and pausing act within a mini-batch: soon enough to wait for, so that what comes next
// finds the job so. Ends when the job leaves the state `passing`.
absl::Status AwaitLeaving(client::Client& client, v1::JobState passing, const v1::Job& job) {
  if (job.state() != passing) return absl::OkStatus();
  v1::WatchJobRequest watch;
  watch.set_id(job.id());
  watch.set_from_event(job.last_event() + 1);
  return client.WatchJob(watch, [&](const v1::WatchJobResponse& message) {
    const v1::JobEvent& event = message.event();
    return !event.has_state_change() || event.state_change().state() == passing;
  });
}

absl::Status Cancel(Cli& cli, const IdFlags& flags) {
  v1::CancelJobRequest request;
  request.set_id(flags.id);
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::CancelJobResponse response, client->CancelJob(request));
  FITD_RETURN_IF_ERROR(AwaitLeaving(*client, v1::JOB_STATE_CANCELLING, response.job()));
  FITD_ASSIGN_OR_RETURN(const v1::Job job, GetJob(*client, flags.id));
  cli.Print(job, [&] {
    return fmt::format("Job {} is {}{}\n", flags.id, FormatState(job.state()),
                       job.version() == 0 ? "" : "; stored " + VersionName(job));
  });
  return absl::OkStatus();
}

// What lets a paused job go on.
std::string NextStep(const v1::Job& job, const std::string& id) {
  const bool held = job.granted_epochs() > 0 && job.progress().epoch() >= job.granted_epochs();
  return held ? fmt::format("Search {} goes on with it", job.search())
              : "Go on with: fitctl job resume " + id;
}

absl::Status Pause(Cli& cli, const IdFlags& flags) {
  v1::PauseJobRequest request;
  request.set_id(flags.id);
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::PauseJobResponse response, client->PauseJob(request));
  FITD_RETURN_IF_ERROR(AwaitLeaving(*client, v1::JOB_STATE_PAUSING, response.job()));
  FITD_ASSIGN_OR_RETURN(const v1::Job job, GetJob(*client, flags.id));
  cli.Print(job, [&] {
    const bool paused = job.state() == v1::JOB_STATE_PAUSED;
    return fmt::format("Job {0} is {1}{2}\n", flags.id, FormatState(job.state()),
                       paused ? ". " + NextStep(job, flags.id) : "");
  });
  return absl::OkStatus();
}

absl::Status Resume(Cli& cli, const IdFlags& flags) {
  v1::ResumeJobRequest request;
  request.set_id(flags.id);
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::ResumeJobResponse response, client->ResumeJob(request));
  cli.Print(response.job(), [&] {
    return fmt::format("Job {} is {}\n", flags.id, FormatState(response.job().state()));
  });
  return absl::OkStatus();
}

struct WaitFlags {
  std::vector<std::string> ids;
};

// Nobody waits for hours to hear of an id that means nothing.
absl::Status CheckJobs(Cli& cli, const std::vector<std::string>& ids) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  std::vector<client::FieldViolation> faults;
  bool all_unknown = true;
  for (const std::string& id : ids) {
    const absl::Status status = GetJob(*client, id).status();
    if (status.ok()) continue;
    if (!absl::IsNotFound(status) && !absl::IsInvalidArgument(status)) return status;
    all_unknown = all_unknown && absl::IsNotFound(status);
    faults.push_back({"", std::string(status.message())});
  }
  return client::Faults(
      all_unknown ? absl::StatusCode::kNotFound : absl::StatusCode::kInvalidArgument, faults);
}

// The first that did not succeed decides, but all are waited for.
absl::Status Wait(Cli& cli, const WaitFlags& flags) {
  FITD_RETURN_IF_ERROR(CheckJobs(cli, flags.ids));
  absl::Status result;
  for (const std::string& id : flags.ids) {
    const absl::Status status = AwaitJob(cli, id);
    if (result.ok()) result = status;
  }
  return result;
}

absl::Status Delete(Cli& cli, const IdFlags& flags) {
  v1::DeleteJobRequest request;
  request.set_id(flags.id);
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::DeleteJobResponse response, client->DeleteJob(request));
  cli.Print(response, [&] { return fmt::format("Deleted job {}\n", flags.id); });
  return absl::OkStatus();
}

void AddIdCommand(CLI::App& group, Cli& cli, const std::string& name,
                  const std::string& description, const std::string& examples,
                  absl::Status (*run)(Cli&, const IdFlags&)) {
  auto [command, flags] = AddCommand<IdFlags>(group, cli, name, description, examples, run);
  AddArgument(*command, "JOB", flags->id, "The job's id, e.g. fit-3")->required();
}

}  // namespace

void AddJobCommands(CLI::App& fitctl, Cli& cli) {
  CLI::App* group = AddGroup(fitctl, "job", "Follow and manage fits",
                             "  fitctl job list\n  fitctl job watch fit-3");
  {
    auto [command, flags] =
        AddCommand<ListFlags>(*group, cli, "list", "List the jobs, newest first",
                              "  fitctl job list\n"
                              "  fitctl job list --state running,queued --model mnist",
                              List);
    command->add_option("--model", flags->model, "Only jobs of this model");
    command->add_option("--state", flags->states, "Only jobs in these states")->delimiter(',');
  }
  AddIdCommand(*group, cli, "show", "Show a job: what it does, how far it is, what went wrong",
               "  fitctl job show fit-3\n"
               "  fitctl job show fit-3 --output json",
               Show);
  AddIdCommand(*group, cli, "watch", "Follow a job to its end; replays what happened before",
               "  fitctl job watch fit-3\n"
               "  fitctl job watch fit-3 --output jsonl",
               Watch);
  AddIdCommand(*group, cli, "events", "Print what has happened to a job so far",
               "  fitctl job events fit-3\n"
               "  fitctl job events fit-3 --output jsonl",
               Events);
  AddIdCommand(*group, cli, "cancel", "Stop a job; its best state is kept as a version",
               "  fitctl job cancel fit-3", Cancel);
  AddIdCommand(*group, cli, "pause", "Stop a job for a while; all of its state is kept",
               "  fitctl job pause fit-3", Pause);
  AddIdCommand(*group, cli, "resume", "Let a paused job go on from where it was",
               "  fitctl job resume fit-3", Resume);
  {
    auto [command, flags] = AddCommand<WaitFlags>(
        *group, cli, "wait", "Wait for jobs to end; the exit code is 5 unless all succeed",
        "  fitctl job wait fit-3 fit-4", Wait);
    AddArgument(*command, "JOB", flags->ids, "The jobs' ids")->required();
  }
  AddIdCommand(*group, cli, "delete", "Delete a finished job and its events; its version stays",
               "  fitctl job delete fit-3", Delete);
}

}  // namespace fitd::cli
