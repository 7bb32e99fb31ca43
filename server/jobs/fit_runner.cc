#include "server/jobs/fit_runner.h"

#include <exception>
#include <filesystem>
#include <new>
#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "core/base/version.h"
#include "core/kernels/kernels.h"
#include "core/nn/weights.h"
#include "fmt/format.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/time.h"
#include "server/log/log.h"
#include "server/store/model_reference.h"

namespace fitd {
namespace {

v1::JobFailure ToFailure(const absl::Status& status) {
  v1::JobFailure failure;
  const auto payload = status.GetPayload(kJobFailureTypeUrl);
  if (payload.has_value()) failure.ParseFromString(std::string(*payload));
  failure.set_code(static_cast<int>(status.code()));
  if (failure.message().empty()) failure.set_message(Message(status));
  return failure;
}

absl::StatusOr<FitResult> RunGuarded(const FitInput& input, FitObserver& observer,
                                     const std::atomic<bool>& stop) {
  try {
    return RunFit(input, observer, stop);
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("the daemon is out of memory");
  } catch (const std::exception& error) {
    return Internal(error.what());
  }
}

}  // namespace

// A fit is deterministic: one that starts again repeats its epochs and warnings, and those whose
// events are stored are not told again.
class FitRunner::Observer final : public FitObserver {
 public:
  Observer(FitRunner& runner, JobTable::EventCounts told) : runner_(runner), told_(told) {}

  void OnStart(int64_t training_rows, int64_t validation_rows) override {
    const v1::TrainingSpec& training = runner_.job_.spec().training();
    runner_.progress_.set_epochs(training.epochs());
    runner_.progress_.set_steps_per_epoch((training_rows + training.batch_size() - 1) /
                                          training.batch_size());
    runner_.journal_.Add(runner_.number_, [number = runner_.number_, training_rows,
                                           validation_rows](Transaction& t) {
      std::optional<v1::Job> job = t.jobs.Find(number);
      if (!job) return;
      job->set_training_rows(training_rows);
      job->set_validation_rows(validation_rows);
      t.jobs.Update(*job);
    });
  }

  void OnEpoch(const v1::EpochCompleted& epoch) override {
    runner_.progress_.set_epoch(epoch.epoch());
    runner_.progress_.set_step(runner_.progress_.steps_per_epoch());
    *runner_.progress_.mutable_metrics() = epoch.metrics();
    runner_.progress_.set_learning_rate(epoch.learning_rate());
    if (epoch.epoch() <= told_.epochs) return;
    v1::JobEvent event;
    *event.mutable_epoch_completed() = epoch;
    Append(std::move(event));
  }

  void OnProgress(const v1::JobProgress& progress) override {
    runner_.progress_ = progress;
    runner_.feeds_.PublishProgress(runner_.number_, progress);
  }

  void OnWarning(const v1::JobWarning& warning) override {
    if (++warnings_ <= told_.warnings) return;
    v1::JobEvent event;
    *event.mutable_warning() = warning;
    Append(std::move(event));
  }

 private:
  void Append(v1::JobEvent event) {
    *event.mutable_time() = ToTimestamp(absl::Now());
    runner_.journal_.Add(runner_.number_,
                         [number = runner_.number_, event = std::move(event)](Transaction& t) {
                           v1::JobEvent numbered = event;
                           t.jobs.AppendEvent(number, numbered);
                         });
  }

  FitRunner& runner_;
  const JobTable::EventCounts told_;
  int64_t warnings_ = 0;
};

FitRunner::FitRunner(Store& store, Tables& tables, JobFeeds& feeds, Journal& journal, v1::Job job)
    : store_(store),
      tables_(tables),
      feeds_(feeds),
      journal_(journal),
      job_(std::move(job)),
      number_(JobNumber(job_.id()).value()) {}

absl::StatusOr<FitResult> FitRunner::Train(int threads, const std::atomic<bool>& stop) {
  FITD_ASSIGN_OR_RETURN(const FitInput input, Load(threads));
  FITD_ASSIGN_OR_RETURN(
      const JobTable::EventCounts told, store_.InTransaction([&](Transaction& transaction) {
        return absl::StatusOr<JobTable::EventCounts>(transaction.jobs.CountEvents(number_));
      }));
  Observer observer(*this, told);
  return RunGuarded(input, observer, stop);
}

absl::StatusOr<FitInput> FitRunner::Load(int threads) {
  const v1::FitSpec& spec = job_.spec();
  FitInput input;
  input.training = spec.training();
  input.threads = threads;
  std::optional<v1::ModelVersion> initial;
  FITD_RETURN_IF_ERROR(store_.InTransaction([&](Transaction& transaction) -> absl::Status {
    const std::optional<v1::Model> model = transaction.models.Find(spec.model());
    const std::optional<v1::Dataset> dataset = transaction.datasets.Find(spec.dataset());
    if (!model) return UnknownModel(transaction, spec.model());
    if (!dataset) return UnknownDataset(transaction, spec.dataset());
    input.model = model->spec();
    lineage_.set_dataset_sha256(dataset->sha256());
    if (!spec.validation_dataset().empty()) {
      const std::optional<v1::Dataset> validation =
          transaction.datasets.Find(spec.validation_dataset());
      if (!validation) return UnknownDataset(transaction, spec.validation_dataset());
      lineage_.set_validation_dataset(validation->name());
      lineage_.set_validation_dataset_sha256(validation->sha256());
    }
    if (spec.initial_version() != 0) {
      initial = transaction.models.FindVersion(spec.model(), spec.initial_version());
      if (!initial) return UnknownVersion(transaction, spec.model(), spec.initial_version());
    }
    return absl::OkStatus();
  }));
  model_ = input.model;
  lineage_.set_job_id(job_.id());
  lineage_.set_dataset(spec.dataset());
  *lineage_.mutable_training() = spec.training();
  lineage_.set_engine_version(kVersion);
  lineage_.set_isa(ActiveKernels().isa);

  FITD_ASSIGN_OR_RETURN(input.train, tables_.Open(lineage_.dataset_sha256()));
  if (!lineage_.validation_dataset_sha256().empty()) {
    FITD_ASSIGN_OR_RETURN(input.validation, tables_.Open(lineage_.validation_dataset_sha256()));
  }
  if (initial) {
    FITD_ASSIGN_OR_RETURN(input.initial_weights,
                          Weights::Load(store_.directory().WeightsPath(initial->weights_sha256())));
    input.initial_pipeline = initial->pipeline();
    lineage_.set_initial_weights_sha256(initial->weights_sha256());
  }
  return input;
}

v1::ModelVersion FitRunner::MakeVersion(const FitResult& result) const {
  v1::ModelVersion version;
  version.set_model(job_.spec().model());
  *version.mutable_spec() = model_;
  *version.mutable_pipeline() = result.pipeline;
  *version.mutable_lineage() = lineage_;
  version.mutable_lineage()->set_steps(result.steps);
  version.mutable_lineage()->set_epoch(result.epoch);
  *version.mutable_metrics() = {result.metrics.begin(), result.metrics.end()};
  version.set_weights_sha256(result.weights.Sha256());
  return version;
}

absl::StatusOr<v1::JobState> FitRunner::Finish(const absl::StatusOr<FitResult>& result,
                                               bool requeue) {
  if (!journal_.Flush())
    return Error(absl::StatusCode::kUnavailable, "the job's events were not written");
  requeue = requeue && result.ok() && result->stopped;
  // Saved beside the transaction, which only moves the file: it may be large.
  TemporaryFile weights(store_.directory());
  std::optional<v1::ModelVersion> version;
  absl::Status failure = result.status();
  if (result.ok() && (result->steps > 0 || !result->stopped)) {
    version = MakeVersion(*result);
    failure = result->weights.Save(weights.path());
    std::error_code error;
    version->set_weights_bytes(
        failure.ok() ? static_cast<int64_t>(std::filesystem::file_size(weights.path(), error)) : 0);
  }
  progress_.clear_remaining();

  return store_.InTransaction([&](Transaction& transaction) -> absl::StatusOr<v1::JobState> {
    std::optional<v1::Job> job = transaction.jobs.Find(number_);
    if (!job) return Internal(fmt::format("job {} vanished while it ran", job_.id()));
    const bool cancelling = job->state() == v1::JOB_STATE_CANCELLING;
    v1::StateChange change;
    if (requeue && !cancelling) {
      change.set_state(v1::JOB_STATE_QUEUED);
      change.set_message("the daemon was stopped; the job starts again with it");
    } else if (!failure.ok()) {
      change.set_state(v1::JOB_STATE_FAILED);
      *change.mutable_failure() = ToFailure(failure);
    } else {
      change.set_state(cancelling ? v1::JOB_STATE_CANCELLED : v1::JOB_STATE_SUCCEEDED);
      if (version) {
        version->set_from_cancelled_job(cancelling);
        *version->mutable_create_time() = ToTimestamp(transaction.now());
        transaction.models.InsertVersion(*version);
        transaction.ModelsChanged();
        FITD_RETURN_IF_ERROR(
            weights.MoveTo(store_.directory().WeightsPath(version->weights_sha256())));
        change.set_version(version->version());
      }
    }
    *job->mutable_progress() = progress_;
    Move(transaction, *job, change);
    return job->state();
  });
}

}  // namespace fitd
