#include "server/jobs/training_jobs.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/names.h"
#include "core/base/violations.h"
#include "core/tensor/shape.h"
#include "fmt/format.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/job_state.h"
#include "server/jobs/job_watch.h"
#include "server/jobs/paging.h"
#include "server/jobs/request.h"
#include "server/jobs/time.h"
#include "server/log/log.h"
#include "server/store/model_reference.h"

namespace fitd {
namespace {

absl::StatusOr<v1::Job> FindJob(Transaction& transaction, const std::string& id) {
  const std::optional<int64_t> number = JobNumber(id);
  std::optional<v1::Job> job = number ? transaction.jobs.Find(*number) : std::nullopt;
  if (!job) return UnknownJob(id);
  return *std::move(job);
}

absl::Status CheckJobId(const std::string& id) {
  Violations violations;
  CheckId("id", id, violations);
  return violations.ToStatus();
}

// NOT_FOUND if neither a model nor a job has the name; a model that was deleted leaves jobs. An
// empty name stands for all.
absl::Status CheckModelOfJobs(Transaction& transaction, const std::string& name) {
  if (name.empty() || transaction.models.Find(name)) return absl::OkStatus();
  const JobTable::Filter of_model{.model = name};
  const bool any = !transaction.jobs.List(std::numeric_limits<int64_t>::max(), 1, of_model).empty();
  return any ? absl::OkStatus() : UnknownModel(transaction, name);
}

}  // namespace

absl::StatusOr<v1::StartFitResponse> TrainingJobs::StartFit(const v1::StartFitRequest& request) {
  Violations violations;
  CheckFitSpec(request.spec(), violations);
  CheckRequestId("request_id", request.request_id(), violations);

  const auto start = [&](Transaction& transaction) -> absl::StatusOr<v1::StartFitResponse> {
    v1::StartFitResponse response;
    FITD_ASSIGN_OR_RETURN(*response.mutable_job(),
                          check_.Check(transaction, request.spec(), nullptr, violations));
    if (request.validate_only()) return response;
    FITD_RETURN_IF_ERROR(store_.directory().CheckFreeSpace());
    Enqueue(transaction, *response.mutable_job());
    return response;
  };
  absl::StatusOr<v1::StartFitResponse> response = request.validate_only()
                                                      ? store_.InTransaction(start)
                                                      : OncePerRequestId(store_, request, start);
  if (response.ok() && !request.validate_only()) {
    Log(LogLevel::kInfo, "job_queued",
        {{"job", response->job().id()},
         {"model", request.spec().model()},
         {"dataset", response->job().spec().dataset()}});
    scheduler_.JobQueued();
  }
  return response;
}

absl::StatusOr<v1::GetJobResponse> TrainingJobs::Get(const v1::GetJobRequest& request) {
  FITD_RETURN_IF_ERROR(CheckJobId(request.id()));
  v1::GetJobResponse response;
  const QueueLoad load = scheduler_.Load();
  FITD_ASSIGN_OR_RETURN(
      *response.mutable_job(),
      store_.InTransaction([&](Transaction& transaction) -> absl::StatusOr<v1::Job> {
        FITD_ASSIGN_OR_RETURN(v1::Job job, FindJob(transaction, request.id()));
        AddNews(transaction, load, job);
        return job;
      }));
  return response;
}

absl::StatusOr<v1::ListJobsResponse> TrainingJobs::List(const v1::ListJobsRequest& request) {
  Violations violations;
  JobTable::Filter filter{.model = request.model()};
  std::string scope = fmt::format("jobs of {} in", request.model());
  for (int i = 0; i < request.states_size(); ++i) {
    const v1::JobState state = request.states(i);
    if (!v1::JobState_IsValid(state) || state == v1::JOB_STATE_UNSPECIFIED) {
      violations.Add(IndexedPath("states", static_cast<size_t>(i)),
                     fmt::format("is {}; allowed: a JobState", static_cast<int>(state)));
      continue;
    }
    filter.states.push_back(state);
    scope += " " + StateName(state);
  }
  if (!request.model().empty()) CheckId("model", request.model(), violations);
  const Page page = ResolvePage(request.page_size(), request.page_token(), scope, violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());

  int64_t before = std::numeric_limits<int64_t>::max();
  std::from_chars(page.cursor.data(), page.cursor.data() + page.cursor.size(), before);
  const QueueLoad load = scheduler_.Load();
  FITD_ASSIGN_OR_RETURN(
      std::vector<v1::Job> jobs,
      store_.InTransaction([&](Transaction& transaction) -> absl::StatusOr<std::vector<v1::Job>> {
        std::vector<v1::Job> found = transaction.jobs.List(before, page.size + 1, filter);
        absl::Status known;
        if (found.empty()) known = CheckModelOfJobs(transaction, request.model());
        if (!known.ok()) return known;
        for (v1::Job& job : found) AddNews(transaction, load, job);
        return found;
      }));
  v1::ListJobsResponse response;
  PageRoom room(page);
  for (v1::Job& job : jobs) {
    if (!room.Take(job)) {
      const std::string& last = response.jobs().rbegin()->id();
      response.set_next_page_token(MakePageToken(scope, std::to_string(JobNumber(last).value())));
      break;
    }
    *response.add_jobs() = std::move(job);
  }
  return response;
}

template <typename Response, typename Request>
absl::StatusOr<Response> TrainingJobs::Steer(const Request& request, const char* event,
                                             JobOrder order) {
  FITD_RETURN_IF_ERROR(CheckJobId(request.id()));
  absl::StatusOr<Response> response =
      OncePerRequestId(store_, request, [&](Transaction& transaction) -> absl::StatusOr<Response> {
        FITD_ASSIGN_OR_RETURN(v1::Job job, FindJob(transaction, request.id()));
        FITD_RETURN_IF_ERROR(fitd::Steer(transaction, job, order));
        Response steered;
        *steered.mutable_job() = std::move(job);
        return steered;
      });
  if (response.ok()) {
    feeds_.EventsStored(JobNumber(request.id()).value());
    Log(LogLevel::kInfo, event, {{"job", request.id()}});
  }
  return response;
}

absl::StatusOr<v1::CancelJobResponse> TrainingJobs::Cancel(const v1::CancelJobRequest& request) {
  auto response = Steer<v1::CancelJobResponse>(request, "job_cancel_asked", JobOrder::kCancel);
  if (response.ok()) scheduler_.StopJob(JobNumber(request.id()).value());
  return response;
}

absl::StatusOr<v1::PauseJobResponse> TrainingJobs::Pause(const v1::PauseJobRequest& request) {
  auto response = Steer<v1::PauseJobResponse>(request, "job_pause_asked", JobOrder::kPause);
  if (response.ok()) scheduler_.StopJob(JobNumber(request.id()).value());
  return response;
}

absl::StatusOr<v1::ResumeJobResponse> TrainingJobs::Resume(const v1::ResumeJobRequest& request) {
  auto response = Steer<v1::ResumeJobResponse>(request, "job_resume_asked", JobOrder::kResume);
  if (response.ok()) scheduler_.JobQueued();
  return response;
}

absl::StatusOr<v1::DeleteJobResponse> TrainingJobs::Delete(const v1::DeleteJobRequest& request) {
  FITD_RETURN_IF_ERROR(CheckJobId(request.id()));
  return OncePerRequestId(
      store_, request, [&](Transaction& transaction) -> absl::StatusOr<v1::DeleteJobResponse> {
        FITD_ASSIGN_OR_RETURN(const v1::Job job, FindJob(transaction, request.id()));
        if (!IsFinal(job.state())) {
          return FailedPrecondition(
              fmt::format("job {} is {}; cancel it first", job.id(), StateName(job.state())));
        }
        transaction.jobs.Delete(JobNumber(job.id()).value());
        return v1::DeleteJobResponse();
      });
}

absl::StatusOr<std::unique_ptr<StreamSource<v1::WatchJobResponse>>> TrainingJobs::Watch(
    const v1::WatchJobRequest& request, std::function<void()> wake) {
  FITD_RETURN_IF_ERROR(CheckJobId(request.id()));
  FITD_ASSIGN_OR_RETURN(const v1::Job job, store_.InTransaction([&](Transaction& transaction) {
    return FindJob(transaction, request.id());
  }));
  if (request.from_event() < 0 || request.from_event() > job.last_event() + 1) {
    Violations violations;
    violations.Add("from_event", fmt::format("is {}; allowed: 0 to {}", request.from_event(),
                                             job.last_event() + 1));
    return violations.ToStatus();
  }
  const int64_t number = JobNumber(job.id()).value();
  return std::make_unique<JobWatch>(
      store_, feeds_,
      JobWatch::Options{.job = number,
                        .state = job.state(),
                        .from_event = std::max<int64_t>(request.from_event(), 1),
                        .progress = request.progress(),
                        .find_place = [this, number] { return FindPlace(number); }},
      std::move(wake));
}

void TrainingJobs::AddNews(Transaction& transaction, const QueueLoad& load, v1::Job& job) {
  if (IsFinal(job.state())) return;
  if (job.state() == v1::JOB_STATE_QUEUED) {
    // Those further back do not start when the running jobs end.
    const int64_t position = job.queue_position();
    const bool near = position <= load.workers;
    const Waiting waiting = WhatItWaitsFor(
        {.position = position,
         .memory = job.memory_bytes(),
         .memory_to_here = near ? transaction.jobs.QueuedMemory(position) : kSaturated},
        load);
    job.set_waiting_for(waiting.reason);
    if (waiting.time) *job.mutable_estimated_wait() = ToDuration(*waiting.time);
  } else if (auto newest = feeds_.NewestProgress(JobNumber(job.id()).value())) {
    *job.mutable_progress() = std::move(newest->progress);
  }
}

absl::StatusOr<std::optional<v1::JobProgress>> TrainingJobs::FindPlace(int64_t number) {
  using Place = std::optional<v1::JobProgress>;
  const QueueLoad load = scheduler_.Load();
  return store_.InTransaction([&](Transaction& transaction) -> absl::StatusOr<Place> {
    std::optional<v1::Job> job = transaction.jobs.Find(number);
    if (!job || job->state() != v1::JOB_STATE_QUEUED) return Place();
    AddNews(transaction, load, *job);
    v1::JobProgress place = job->progress();
    place.set_queue_position(job->queue_position());
    place.set_waiting_for(job->waiting_for());
    if (job->has_estimated_wait()) *place.mutable_estimated_wait() = job->estimated_wait();
    return Place(std::move(place));
  });
}

}  // namespace fitd
