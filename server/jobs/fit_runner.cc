#include "server/jobs/fit_runner.h"

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "core/base/version.h"
#include "core/nn/weights.h"
#include "fmt/format.h"
#include "google/protobuf/util/time_util.h"
#include "server/jobs/checkpoint_writer.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/job_state.h"
#include "server/jobs/search_trials.h"
#include "server/jobs/time.h"
#include "server/jobs/verification.h"
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

// What a job that succeeded has to say of early stopping.
std::string EarlyEnd(const FitResult& result, int64_t trained, int64_t epochs) {
  std::string kept =
      result.epoch == trained ? "" : fmt::format("the best epoch, {}, is kept", result.epoch);
  if (trained == epochs) return kept;
  return fmt::format("stopped early after epoch {}{}{}", trained, kept.empty() ? "" : "; ", kept);
}

}  // namespace

// A fit is deterministic: one that goes on from a checkpoint, or starts again, repeats its warnings
// and maybe epochs, and those whose events are stored are not told again.
class FitRunner::Observer final : public FitObserver {
 public:
  Observer(FitRunner& runner, CheckpointWriter::Options options)
      : runner_(runner),
        running_model_(runner.running_models_.Open(runner.number_)),
        writer_(runner.checkpoints_, runner.journal_, std::move(options)) {}

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
    if (epoch.epoch() <= runner_.told_.epochs) return;
    runner_.progress_.set_complete_epochs(epoch.epoch());
    *runner_.progress_.mutable_training_time() += epoch.duration();
    v1::JobEvent event;
    *event.mutable_epoch_completed() = epoch;
    runner_.Append(std::move(event));
  }

  void OnProgress(const v1::JobProgress& progress) override {
    v1::JobProgress newest = progress;
    newest.set_complete_epochs(runner_.progress_.complete_epochs());
    if (runner_.progress_.has_training_time())
      *newest.mutable_training_time() = runner_.progress_.training_time();
    runner_.progress_ = std::move(newest);
    runner_.feeds_.PublishProgress(runner_.number_, runner_.progress_);
  }

  void OnWarning(const v1::JobWarning& warning) override {
    if (++warnings_ <= runner_.told_.warnings) return;
    v1::JobEvent event;
    *event.mutable_warning() = warning;
    runner_.Append(std::move(event));
  }

  bool WantsCheckpoint(bool epoch_done) override { return writer_.Due(epoch_done); }
  void OnCheckpoint(Checkpoint checkpoint) override { writer_.Write(std::move(checkpoint)); }

  bool WantsSnapshot() override { return running_model_->Wanted(); }
  void OnSnapshot(FitResult snapshot) override {
    running_model_->Put(runner_.MakeVersion(snapshot), std::move(snapshot.weights));
  }

 private:
  FitRunner& runner_;
  const std::shared_ptr<RunningModel> running_model_;
  CheckpointWriter writer_;
  int64_t warnings_ = 0;
};

FitRunner::FitRunner(Store& store, Tables& tables, JobFeeds& feeds, RunningModels& running_models,
                     Journal& journal, v1::Job job)
    : store_(store),
      checkpoints_(store.directory()),
      tables_(tables),
      feeds_(feeds),
      running_models_(running_models),
      journal_(journal),
      job_(std::move(job)),
      number_(JobNumber(job_.id()).value()),
      progress_(job_.progress()) {}

FitRunner::~FitRunner() = default;

void FitRunner::Append(v1::JobEvent event) {
  *event.mutable_time() = ToTimestamp(absl::Now());
  journal_.Add(number_, [number = number_, event = std::move(event)](Transaction& t) {
    v1::JobEvent numbered = event;
    if (t.jobs.Find(number)) t.jobs.AppendEvent(number, numbered);
  });
}

void FitRunner::Notice(const std::string& message) {
  Log(LogLevel::kWarn, "job_notice", {{"job", job_.id()}, {"message", message}});
  v1::JobEvent event;
  event.mutable_notice()->set_message(message);
  Append(std::move(event));
}

FitObserver& FitRunner::Observe(std::chrono::nanoseconds checkpoint_interval) {
  observer_ = std::make_unique<Observer>(
      *this,
      CheckpointWriter::Options{
          .job = number_,
          .interval = checkpoint_interval,
          .on_failure = [this](const auto& status) {
            Notice(fmt::format("a checkpoint could not be written ({}); the one before stands",
                               Message(status)));
          }});
  return *observer_;
}

absl::Status FitRunner::Verify(const Weights& trained) const {
  FITD_ASSIGN_OR_RETURN(const Weights stored, LoadWeights(*verified_));
  return CheckReproduced(*verified_, stored, trained);
}

absl::StatusOr<Weights> FitRunner::LoadWeights(const v1::ModelVersion& version) const {
  return Weights::Load(store_.directory().WeightsPath(version.weights_sha256()));
}

std::optional<Checkpoint> FitRunner::LoadCheckpoint() {
  std::optional<Checkpoint> checkpoint =
      checkpoints_.LoadNewest(number_, [this](const absl::Status& status) {
        Notice(fmt::format("{}; the job goes on from the one before, else from its start",
                           Message(status)));
      });
  if (checkpoint) {
    Log(LogLevel::kInfo, "job_resumed",
        {{"job", job_.id()},
         {"epoch", checkpoint->state.epoch()},
         {"steps", checkpoint->state.iterations()}});
  }
  return checkpoint;
}

absl::Status FitRunner::Read(Transaction& transaction) {
  const v1::FitSpec& spec = job_.spec();
  const std::optional<v1::Model> model = transaction.models.Find(spec.model());
  const std::optional<v1::Dataset> dataset = transaction.datasets.Find(spec.dataset());
  if (!model) return UnknownModel(transaction, spec.model());
  if (!dataset) return UnknownDataset(transaction, spec.dataset());
  model_ = job_.has_architecture() ? job_.architecture() : model->spec();
  lineage_.set_job_id(job_.id());
  lineage_.set_dataset(dataset->name());
  lineage_.set_dataset_sha256(dataset->sha256());
  *lineage_.mutable_training() = spec.training();
  lineage_.set_engine_version(kVersion);
  if (!spec.validation_dataset().empty()) {
    const std::optional<v1::Dataset> validation =
        transaction.datasets.Find(spec.validation_dataset());
    if (!validation) return UnknownDataset(transaction, spec.validation_dataset());
    lineage_.set_validation_dataset(validation->name());
    lineage_.set_validation_dataset_sha256(validation->sha256());
  }
  if (spec.initial_version() != 0) {
    initial_ = transaction.models.FindVersion(spec.model(), spec.initial_version());
    if (!initial_) return UnknownVersion(transaction, spec.model(), spec.initial_version());
    lineage_.set_initial_weights_sha256(initial_->weights_sha256());
  }
  if (spec.verify_version() != 0) {
    verified_ = transaction.models.FindVersion(spec.model(), spec.verify_version());
    if (!verified_) return UnknownVersion(transaction, spec.model(), spec.verify_version());
  }
  told_ = transaction.jobs.CountEvents(number_);
  if (told_.epochs > job_.progress().complete_epochs()) AddUpEpochs(transaction);
  return absl::OkStatus();
}

void FitRunner::AddUpEpochs(Transaction& transaction) {
  constexpr int64_t kMostAtOnce = 1000;
  progress_.set_complete_epochs(told_.epochs);
  google::protobuf::Duration& time = *progress_.mutable_training_time();
  time.Clear();
  std::vector<v1::JobEvent> events;
  for (int64_t next = 1; next <= job_.last_event(); next = events.back().number() + 1) {
    events = transaction.jobs.Events(number_, next, kMostAtOnce);
    if (events.empty()) return;
    for (const v1::JobEvent& event : events) time += event.epoch_completed().duration();
  }
}

absl::StatusOr<FitInput> FitRunner::Load(int threads) {
  FitInput input;
  input.model = model_;
  input.training = job_.spec().training();
  input.threads = threads;
  if (job_.granted_epochs() != 0) input.hold_after_epochs = job_.granted_epochs();
  if (verified_) {
    // It may be another daemon than the one that took the job.
    FITD_RETURN_IF_ERROR(CheckEngine(*verified_));
    input.steps = verified_->lineage().steps();
  }
  FITD_ASSIGN_OR_RETURN(input.train, tables_.OpenChecked(lineage_.dataset_sha256()));
  if (!lineage_.validation_dataset_sha256().empty()) {
    FITD_ASSIGN_OR_RETURN(input.validation,
                          tables_.OpenChecked(lineage_.validation_dataset_sha256()));
  }
  if (initial_) {
    FITD_ASSIGN_OR_RETURN(input.initial_weights, LoadWeights(*initial_));
    input.initial_pipeline = initial_->pipeline();
  }
  input.resume = LoadCheckpoint();
  return input;
}

v1::ModelVersion FitRunner::MakeVersion(const FitResult& result) const {
  v1::ModelVersion version;
  version.set_model(job_.spec().model());
  *version.mutable_spec() = model_;
  *version.mutable_pipeline() = result.pipeline;
  *version.mutable_lineage() = lineage_;
  version.mutable_lineage()->set_isa(result.isa);
  version.mutable_lineage()->set_steps(result.steps);
  version.mutable_lineage()->set_epoch(result.epoch);
  *version.mutable_metrics() = {result.metrics.begin(), result.metrics.end()};
  return version;
}

absl::Status FitRunner::Finish(std::span<Ended> jobs) {
  Store& store = jobs.front().runner->store_;
  for (const Ended& job : jobs) {
    job.runner->observer_.reset();  // No checkpoint is written after this.
    job.runner->progress_.clear_remaining();
  }
  if (!jobs.front().runner->journal_.Flush())
    return Error(absl::StatusCode::kUnavailable, "the jobs' events were not written");
  // Without those whose end is stored: what seemed to fail before may have come back from the log.
  std::vector<Ended*> open;
  FITD_RETURN_IF_ERROR(store.InTransaction([&](Transaction& transaction) {
    open.clear();
    for (Ended& job : jobs) {
      const std::optional<v1::Job> stored = transaction.jobs.Find(job.runner->number_);
      if (stored) job.state = stored->state();
      if (stored && IsWithWorker(job.state)) open.push_back(&job);
    }
    return absl::OkStatus();
  }));
  // At once: files that are synced together cost the disk little more than one.
  const std::launch policy =
      open.size() == 1 ? std::launch::deferred : std::launch::async | std::launch::deferred;
  std::vector<std::future<absl::StatusOr<Outcome>>> preparing;
  for (const Ended* job : open) {
    preparing.push_back(
        std::async(policy, [job] { return job->runner->Prepare(*job->result, job->state); }));
  }
  std::vector<Outcome> outcomes;
  for (auto& prepared : preparing) {
    FITD_ASSIGN_OR_RETURN(Outcome outcome, prepared.get());
    outcomes.push_back(std::move(outcome));
  }
  return store.InTransaction([&](Transaction& transaction) -> absl::Status {
    for (size_t i = 0; i < open.size(); ++i) {
      FitRunner& runner = *open[i]->runner;
      v1::Job job = *transaction.jobs.Find(runner.number_);
      FITD_RETURN_IF_ERROR(outcomes[i].for_good
                               ? runner.RecordEnd(transaction, outcomes[i], job)
                               : runner.RecordPause(transaction, outcomes[i], job));
      open[i]->state = job.state();
    }
    return absl::OkStatus();
  });
}

// Files are written beside the transaction, which only moves them: they may be large.
absl::StatusOr<FitRunner::Outcome> FitRunner::Prepare(const absl::StatusOr<FitResult>& result,
                                                      v1::JobState state) {
  if (!result.ok())
    return Outcome{.result = result.status(), .checkpoints = checkpoints_.Paths(number_)};
  Outcome outcome{.result = &*result};
  if (result->stopped && state != v1::JOB_STATE_CANCELLING) {
    outcome.for_good = false;
    if (!result->checkpoint) return outcome;
    // Without it the job goes on from an older one: that costs time, and changes nothing.
    const absl::Status saved = checkpoints_.Save(number_, *result->checkpoint);
    if (!saved.ok()) {
      Log(LogLevel::kError, "checkpoint_failed", {{"job", job_.id()}, {"error", Message(saved)}});
    }
    return outcome;
  }
  outcome.checkpoints = checkpoints_.Paths(number_);
  if (verified_) {
    if (result->stopped) return outcome;
    if (absl::Status reproduced = Verify(result->weights); !reproduced.ok())
      outcome.result = std::move(reproduced);
    return outcome;
  }
  if (result->stopped && result->steps == 0) return outcome;
  outcome.version = MakeVersion(*result);
  outcome.version->set_weights_sha256(result->weights.Sha256());
  const TemporaryFile& file = outcome.weights.emplace(store_.directory());
  FITD_RETURN_IF_ERROR(result->weights.Save(file.path()));
  std::error_code error;
  outcome.version->set_weights_bytes(
      static_cast<int64_t>(std::filesystem::file_size(file.path(), error)));
  return outcome;
}

absl::Status FitRunner::RecordPause(Transaction& transaction, const Outcome& outcome,
                                    v1::Job& job) {
  if (job.state() == v1::JOB_STATE_CANCELLING)
    return Error(absl::StatusCode::kAborted, "the job was cancelled meanwhile");
  v1::StateChange change;
  if ((*outcome.result)->held) {
    change.set_state(v1::JOB_STATE_PAUSED);
    change.set_message(fmt::format("waits for search {}", job.search()));
    RecordRung(transaction, job, progress_);
  } else if (job.state() == v1::JOB_STATE_PAUSING) {
    change.set_state(v1::JOB_STATE_PAUSED);
  } else {
    change.set_state(v1::JOB_STATE_QUEUED);
    change.set_message("the daemon was stopped; the job goes on with it");
  }
  *job.mutable_progress() = progress_;
  Move(transaction, job, change);
  return absl::OkStatus();
}

absl::Status FitRunner::RecordEnd(Transaction& transaction, Outcome& outcome, v1::Job& job) {
  const bool cancelling = job.state() == v1::JOB_STATE_CANCELLING;
  v1::StateChange change;
  if (!outcome.result.ok()) {
    Log(LogLevel::kWarn, "fit_failed",
        {{"job", job_.id()}, {"error", Message(outcome.result.status())}});
    change.set_state(v1::JOB_STATE_FAILED);
    *change.mutable_failure() = ToFailure(outcome.result.status());
  } else {
    change.set_state(cancelling ? v1::JOB_STATE_CANCELLED : v1::JOB_STATE_SUCCEEDED);
    if (!cancelling && !verified_)
      change.set_message(
          EarlyEnd(**outcome.result, progress_.epoch(), job.spec().training().epochs()));
  }
  if (v1::ModelVersion* const version = outcome.version ? &*outcome.version : nullptr) {
    version->set_from_cancelled_job(cancelling);
    *version->mutable_create_time() = ToTimestamp(transaction.now());
    transaction.models.InsertVersion(*version, job.reserved_version());
    transaction.ModelsChanged();
    transaction.AddFile(*std::move(outcome.weights),
                        store_.directory().WeightsPath(version->weights_sha256()));
    change.set_version(version->version());
  }
  for (std::string& path : outcome.checkpoints) transaction.RemoveFile(std::move(path));
  *job.mutable_progress() = progress_;
  Move(transaction, job, change);
  return absl::OkStatus();
}

}  // namespace fitd
