#include "server/jobs/training_jobs.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/names.h"
#include "core/base/violations.h"
#include "core/nn/resolve_model.h"
#include "core/tensor/shape.h"
#include "core/train/fit_memory.h"
#include "core/train/resolve_training.h"
#include "fmt/format.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/job_state.h"
#include "server/jobs/job_watch.h"
#include "server/jobs/paging.h"
#include "server/jobs/request.h"
#include "server/jobs/time.h"
#include "server/jobs/verification.h"
#include "server/log/log.h"
#include "server/store/model_reference.h"

namespace fitd {
namespace {

constexpr int32_t kMostThreads = 256;
constexpr int32_t kMostPriority = 100;
constexpr int32_t kMostRestarts = 1000;
constexpr int32_t kDefaultRestarts = 5;

// The version's lineage says all but the model and the resources.
void CheckVerification(const v1::FitSpec& spec, Violations& violations) {
  if (spec.verify_version() < 0) {
    violations.Add("spec.verify_version",
                   fmt::format("is {}; allowed: 0 or more", spec.verify_version()));
  }
  const auto check_unset = [&](std::string_view field, bool set) {
    if (set) {
      violations.Add(fmt::format("spec.{}", field),
                     "is set beside spec.verify_version, which says it; allowed: unset");
    }
  };
  check_unset("dataset", !spec.dataset().empty());
  check_unset("validation_dataset", !spec.validation_dataset().empty());
  check_unset("initial_version", spec.initial_version() != 0);
  check_unset("training", spec.has_training());
}

// What needs no look at the store.
void CheckSpec(const v1::FitSpec& spec, Violations& violations) {
  CheckId("spec.model", spec.model(), violations);
  if (spec.verify_version() == 0) {
    CheckId("spec.dataset", spec.dataset(), violations);
  } else {
    CheckVerification(spec, violations);
  }
  if (!spec.validation_dataset().empty()) {
    CheckId("spec.validation_dataset", spec.validation_dataset(), violations);
    if (spec.training().validation_split() != 0) {
      violations.Add("spec.validation_dataset",
                     "is set beside spec.training.validation_split; allowed: one of them");
    }
  }
  if (spec.initial_version() < 0) {
    violations.Add("spec.initial_version",
                   fmt::format("is {}; allowed: 0 or more", spec.initial_version()));
  }
  const v1::ResourceSpec& resources = spec.resources();
  if (resources.threads() < 0 || resources.threads() > kMostThreads) {
    violations.Add("spec.resources.threads",
                   fmt::format("is {}; allowed: 1 to {}, or 0: the daemon chooses",
                               resources.threads(), kMostThreads));
  }
  if (resources.max_restarts() < 0 || resources.max_restarts() > kMostRestarts) {
    violations.Add("spec.resources.max_restarts",
                   fmt::format("is {}; allowed: 0 to {}", resources.max_restarts(), kMostRestarts));
  }
  if (std::abs(int64_t{resources.priority()}) > kMostPriority) {
    violations.Add("spec.resources.priority",
                   fmt::format("is {}; allowed: {} to {}", resources.priority(), -kMostPriority,
                               kMostPriority));
  }
}

absl::Status UnknownJob(std::string_view id) {
  return NotFound(fmt::format("unknown job {}", Quoted(id)));
}

absl::StatusOr<v1::Job> FindJob(Transaction& transaction, const std::string& id) {
  const std::optional<int64_t> number = JobNumber(id);
  std::optional<v1::Job> job = number ? transaction.jobs.Find(*number) : std::nullopt;
  if (!job) return UnknownJob(id);
  return *std::move(job);
}

absl::Status CannotBe(std::string_view what, const v1::Job& job) {
  return FailedPrecondition(
      fmt::format("job {} is {} and cannot be {}", job.id(), StateName(job.state()), what));
}

// What a fit names, where it is there.
struct NamedByFit {
  std::optional<v1::Model> model;
  std::optional<v1::Dataset> dataset;
  std::optional<v1::Dataset> validation;
  std::optional<v1::ModelVersion> initial;
};

NamedByFit FindNamed(Transaction& transaction, const v1::FitSpec& spec, Violations& violations) {
  NamedByFit named;
  const auto find_dataset = [&](const char* field, const std::string& name) {
    std::optional<v1::Dataset> found = transaction.datasets.Find(name);
    if (!found) violations.AddUnknown(field, Message(UnknownDataset(transaction, name)));
    return found;
  };
  if (IsValidId(spec.model())) {
    named.model = transaction.models.Find(spec.model());
    if (!named.model) {
      violations.AddUnknown("spec.model", Message(UnknownModel(transaction, spec.model())));
    }
  }
  if (IsValidId(spec.dataset())) named.dataset = find_dataset("spec.dataset", spec.dataset());
  if (IsValidId(spec.validation_dataset())) {
    named.validation = find_dataset("spec.validation_dataset", spec.validation_dataset());
  }
  if (named.model && spec.initial_version() > 0) {
    named.initial = transaction.models.FindVersion(spec.model(), spec.initial_version());
    if (!named.initial) {
      violations.AddUnknown(
          "spec.initial_version",
          Message(UnknownVersion(transaction, spec.model(), spec.initial_version())));
    }
  }
  return named;
}

// A warm start goes on behind the input pipeline that the weights were trained with.
void KeepPipeline(const v1::ModelVersion& version, v1::PipelineSpec& asked,
                  Violations& violations) {
  const v1::PipelineSpec& kept = version.lineage().training().pipeline();
  const auto check = [&](const char* field, bool given, bool value, bool trained) {
    if (given && value != trained) {
      violations.Add(fmt::format("spec.training.pipeline.{}", field),
                     fmt::format("is {}; version {}, whose weights the fit starts from, was "
                                 "trained with {}",
                                 value, version.version(), trained));
    }
  };
  check("standardize_features", asked.has_standardize_features(), asked.standardize_features(),
        kept.standardize_features());
  check("standardize_targets", asked.has_standardize_targets(), asked.standardize_targets(),
        kept.standardize_targets());
  asked = kept;
}

absl::Status CheckJobId(const std::string& id) {
  Violations violations;
  CheckId("id", id, violations);
  return violations.ToStatus();
}

}  // namespace

// The job as it will be, without an id, and the memory that it may need.
absl::StatusOr<v1::Job> TrainingJobs::CheckFit(Transaction& transaction, v1::FitSpec asked,
                                               Violations& violations, int64_t& memory) {
  if (asked.verify_version() != 0) {
    FITD_RETURN_IF_ERROR(violations.ToStatus());
    FITD_ASSIGN_OR_RETURN(asked, FitToVerify(transaction, asked));
  }
  v1::Job job;
  *job.mutable_spec() = asked;
  v1::ResourceSpec& resources = *job.mutable_spec()->mutable_resources();
  if (!resources.has_max_restarts()) resources.set_max_restarts(kDefaultRestarts);
  v1::TrainingSpec& training = *job.mutable_spec()->mutable_training();

  const NamedByFit named = FindNamed(transaction, asked, violations);
  if (named.initial) {
    KeepPipeline(*named.initial, *training.mutable_pipeline(), violations);
  }
  const bool all_there =
      named.model && named.dataset && (named.validation || asked.validation_dataset().empty());
  if (!all_there) {
    ResolveTrainingOptions("spec.training", training, violations);
    return violations.ToStatus();
  }
  FITD_ASSIGN_OR_RETURN(const auto table, tables_.Open(named.dataset->sha256()));
  std::shared_ptr<const Table> validation_table;
  if (named.validation) {
    FITD_ASSIGN_OR_RETURN(validation_table, tables_.Open(named.validation->sha256()));
  }
  v1::ModelSpec architecture = named.model->spec();
  const ModelShape shape =
      ResolveModel(architecture, std::numeric_limits<int64_t>::max(), "model.spec", violations);
  ResolveTraining(architecture, shape, table->header(),
                  validation_table ? &validation_table->header() : nullptr, "spec.training",
                  training, violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());

  job.set_trainable_parameters(shape.trainable_parameters);
  const FitMemory estimate =
      EstimateFitMemory({.model = architecture,
                         .training = training,
                         .train = table->header(),
                         .validation = validation_table ? &validation_table->header() : nullptr,
                         .warm_start = asked.initial_version() != 0,
                         .threads = scheduler_.MostThreads(job)});
  // Mapped values that do not fit slow a fit down; they do not stop it.
  if (estimate.allocated > max_memory_bytes_) {
    return ResourceExhausted(
        fmt::format("the fit needs {} bytes of memory beside its data; the daemon may use {}",
                    estimate.allocated, max_memory_bytes_));
  }
  memory = estimate.total();
  job.set_memory_bytes(memory);
  job.set_state(v1::JOB_STATE_QUEUED);
  *job.mutable_create_time() = ToTimestamp(transaction.now());
  job.mutable_progress()->set_epochs(training.epochs());
  return job;
}

absl::StatusOr<v1::StartFitResponse> TrainingJobs::StartFit(const v1::StartFitRequest& request) {
  Violations violations;
  CheckSpec(request.spec(), violations);
  CheckRequestId("request_id", request.request_id(), violations);

  const auto start = [&](Transaction& transaction) -> absl::StatusOr<v1::StartFitResponse> {
    v1::StartFitResponse response;
    int64_t memory = 0;
    FITD_ASSIGN_OR_RETURN(*response.mutable_job(),
                          CheckFit(transaction, request.spec(), violations, memory));
    if (request.validate_only()) return response;
    FITD_RETURN_IF_ERROR(store_.directory().CheckFreeSpace());
    transaction.jobs.Insert(*response.mutable_job(), memory);
    const int64_t number = JobNumber(response.job().id()).value();
    v1::JobEvent event;
    *event.mutable_time() = response.job().create_time();
    event.mutable_state_change()->set_state(v1::JOB_STATE_QUEUED);
    transaction.jobs.AppendEvent(number, event);
    *response.mutable_job() = *transaction.jobs.Find(number);
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
absl::StatusOr<Response> TrainingJobs::Steer(
    const Request& request, const char* event,
    absl::FunctionRef<absl::StatusOr<std::optional<v1::JobState>>(const v1::Job&)> next) {
  FITD_RETURN_IF_ERROR(CheckJobId(request.id()));
  absl::StatusOr<Response> response =
      OncePerRequestId(store_, request, [&](Transaction& transaction) -> absl::StatusOr<Response> {
        FITD_ASSIGN_OR_RETURN(v1::Job job, FindJob(transaction, request.id()));
        FITD_ASSIGN_OR_RETURN(const std::optional<v1::JobState> state, next(job));
        if (state) {
          v1::StateChange change;
          change.set_state(*state);
          Move(transaction, job, change);
        }
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
  auto response = Steer<v1::CancelJobResponse>(
      request, "job_cancel_asked",
      [](const v1::Job& job) -> absl::StatusOr<std::optional<v1::JobState>> {
        switch (job.state()) {
          case v1::JOB_STATE_QUEUED:
          case v1::JOB_STATE_PAUSED:
            return job.has_start_time() ? v1::JOB_STATE_CANCELLING : v1::JOB_STATE_CANCELLED;
          case v1::JOB_STATE_RUNNING:
          case v1::JOB_STATE_PAUSING:
            return v1::JOB_STATE_CANCELLING;
          case v1::JOB_STATE_CANCELLING:
          case v1::JOB_STATE_CANCELLED:
            return std::nullopt;
          default:
            return CannotBe("cancelled", job);
        }
      });
  if (response.ok()) scheduler_.StopJob(JobNumber(request.id()).value());
  return response;
}

absl::StatusOr<v1::PauseJobResponse> TrainingJobs::Pause(const v1::PauseJobRequest& request) {
  auto response = Steer<v1::PauseJobResponse>(
      request, "job_pause_asked",
      [](const v1::Job& job) -> absl::StatusOr<std::optional<v1::JobState>> {
        switch (job.state()) {
          case v1::JOB_STATE_QUEUED:
            return v1::JOB_STATE_PAUSED;
          case v1::JOB_STATE_RUNNING:
            return v1::JOB_STATE_PAUSING;
          case v1::JOB_STATE_PAUSING:
          case v1::JOB_STATE_PAUSED:
            return std::nullopt;
          default:
            return CannotBe("paused", job);
        }
      });
  if (response.ok()) scheduler_.StopJob(JobNumber(request.id()).value());
  return response;
}

absl::StatusOr<v1::ResumeJobResponse> TrainingJobs::Resume(const v1::ResumeJobRequest& request) {
  auto response = Steer<v1::ResumeJobResponse>(
      request, "job_resume_asked",
      [](const v1::Job& job) -> absl::StatusOr<std::optional<v1::JobState>> {
        switch (job.state()) {
          case v1::JOB_STATE_PAUSED:
            return v1::JOB_STATE_QUEUED;
          case v1::JOB_STATE_PAUSING:  // It stops nevertheless, and goes back into the queue.
            return v1::JOB_STATE_RUNNING;
          case v1::JOB_STATE_QUEUED:
          case v1::JOB_STATE_RUNNING:
            return std::nullopt;
          default:
            return CannotBe("resumed", job);
        }
      });
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
