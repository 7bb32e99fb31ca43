#include "server/jobs/trial_maker.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/search/rungs.h"
#include "core/search/search_budget.h"
#include "core/search/search_factory.h"
#include "core/search/trial_fits.h"
#include "core/train/fit.h"
#include "server/jobs/job_moves.h"
#include "server/jobs/job_state.h"
#include "server/jobs/search_check.h"
#include "server/jobs/search_progress.h"
#include "server/jobs/search_trials.h"
#include "server/jobs/time.h"
#include "server/log/log.h"

namespace fitd {
namespace {

constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
constexpr std::chrono::seconds kRetryInterval{1};
constexpr absl::Duration kLongWait = absl::Hours(1);

// New trials are made when fewer than kFewStacks of them per worker wait or run, up to kManyStacks,
// and up to kManyTrials at least: seldom enough to cost nothing, and never so many that other jobs
// wait long.
constexpr int kFewStacks = 2;
constexpr int kManyStacks = 3;
constexpr int kManyTrials = 8;

// Why a search cancels its trials.
constexpr char kOutdone[] = "others did better";
constexpr char kEpochsAreUsedUp[] = "more epochs than the search's budget has";
constexpr char kTimeIsOver[] = "the time of the search's budget was over";

// Whether trials differ in numbers that they may have each for itself in a stack.
bool VariesNumbers(const google::protobuf::RepeatedPtrField<v1::SearchAxis>& axes) {
  return std::any_of(axes.begin(), axes.end(), [](const v1::SearchAxis& axis) {
    return std::any_of(axis.fields().begin(), axis.fields().end(),
                       [](const std::string& field) {
                         return field.starts_with("training.optimizer.") ||
                                field.ends_with(".dropout.rate") ||
                                field.find("_regularizer.") != std::string::npos;
                       }) ||
           std::any_of(axis.choice().choices().begin(), axis.choice().choices().end(),
                       [](const v1::SearchChoice& choice) { return VariesNumbers(choice.axes()); });
  });
}

void End(Transaction& transaction, v1::Search& search, v1::SearchState state) {
  search.set_state(state);
  *search.mutable_end_time() = ToTimestamp(transaction.now());
  transaction.searches.Update(search);
  Log(LogLevel::kInfo, "search_ended",
      {{"search", search.name()}, {"state", StateName(state)}, {"trials", search.trials()}});
}

}  // namespace

TrialMaker::TrialMaker(Store& store, const FitCheck& check, JobFeeds& feeds, Scheduler& scheduler,
                       const Options& options)
    : store_(store), check_(check), feeds_(feeds), scheduler_(scheduler), options_(options) {
  store_.ListenToSearches([this] {
    MutexLock lock(mutex_);
    pending_ = true;
    changed_.NotifyAll();
  });
}

TrialMaker::~TrialMaker() {
  store_.ListenToSearches(nullptr);
  Stop();
}

void TrialMaker::Run() {
  thread_ = std::thread([this] { Loop(); });
}

void TrialMaker::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void TrialMaker::Loop() {
  while (true) {
    {
      MutexLock lock(mutex_);
      const absl::Time look = absl::Now() + next_look_;
      while (!pending_ && !stopping_ && absl::Now() < look) {
        changed_.WaitFor(mutex_,
                         absl::ToChronoNanoseconds(std::min(look - absl::Now(), kLongWait)));
      }
      if (stopping_) return;
      pending_ = false;
    }
    const absl::Status status = Advance();
    if (status.ok()) continue;
    Log(LogLevel::kError, "search_waits", {{"error", Message(status)}});
    MutexLock lock(mutex_);
    pending_ = true;
    if (!stopping_) changed_.WaitFor(mutex_, kRetryInterval);
  }
}

absl::Status TrialMaker::Advance() {
  FITD_ASSIGN_OR_RETURN(
      const std::vector<std::string> names,
      store_.InTransaction(
          [](Transaction& transaction) -> absl::StatusOr<std::vector<std::string>> {
            return transaction.searches.Active();
          }));
  absl::Status all;
  next_look_ = absl::InfiniteDuration();
  for (const std::string& name : names) {
    Steered steered;
    const absl::Status advanced = store_.InTransaction([&](Transaction& transaction) {
      steered = {};
      return AdvanceOne(transaction, name, steered);
    });
    all.Update(advanced);
    if (!advanced.ok()) continue;
    for (const int64_t job : steered.resumed) feeds_.EventsStored(job);
    for (const int64_t job : steered.cancelled) {
      feeds_.EventsStored(job);
      scheduler_.StopJob(job);
    }
  }
  scheduler_.JobQueued();
  return all;
}

absl::Status TrialMaker::AdvanceOne(Transaction& transaction, const std::string& name,
                                    Steered& steered) {
  std::optional<v1::Search> search = transaction.searches.Find(name);
  if (!search || IsFinal(search->state())) return absl::OkStatus();
  const int64_t stack =
      VariesNumbers(search->spec().space().axes())
          ? std::min(options_.max_stacked_trials,
                     MostInStack(search->architecture(), search->spec().training()))
          : 1;
  const int64_t few = kFewStacks * stack * options_.workers;
  std::vector<v1::SearchTrial> unended = transaction.searches.ActiveTrials(name);
  int64_t active = 0;
  for (const v1::SearchTrial& trial : unended) {
    if (IsHeld(trial)) continue;
    const std::vector<const v1::SearchTrial*> fits = FitsOf(trial);
    active += std::count_if(fits.begin(), fits.end(), [](const v1::SearchTrial* fit) {
      return !HasEnded(*fit) && !IsHeld(*fit);
    });
  }
  if (search->state() == v1::SEARCH_STATE_CANCELLING) {
    if (unended.empty()) End(transaction, *search, v1::SEARCH_STATE_CANCELLED);
    return absl::OkStatus();
  }
  const std::optional<absl::Duration> left = TimeLeft(*search, transaction.now());
  const bool over = left && *left <= absl::ZeroDuration();
  if (left && !over) next_look_ = std::min(next_look_, *left);
  const bool ends_paused = over && search->state() == v1::SEARCH_STATE_PAUSED;
  const bool starts = search->state() == v1::SEARCH_STATE_RUNNING && !search->has_start_time() &&
                      search->trials() == 0;
  if (ends_paused) search->set_state(v1::SEARCH_STATE_RUNNING);
  if (starts) *search->mutable_start_time() = ToTimestamp(transaction.now());
  if (ends_paused || starts) transaction.searches.Update(*search);
  if (search->state() == v1::SEARCH_STATE_PAUSED) return absl::OkStatus();
  if (over && !unended.empty())
    return CancelTrials(transaction, name, kTimeIsOver, unended, steered);
  if (active >= few) return absl::OkStatus();

  const SearchSpace space(search->spec().space());
  const std::vector<v1::SearchTrial> trials = transaction.searches.Trials(name, 0, kAll);
  const int64_t fits = FitsPerTrial(search->spec());
  const int64_t many = std::max<int64_t>(kManyTrials, kManyStacks * stack) * options_.workers;
  const int64_t room = many - active;
  std::vector<TrialStep> wanted;
  if (!over)
    wanted = MakeSearchAlgorithm(search->spec(), space)->Next(trials, (room + fits - 1) / fits);
  const std::vector<TrialStep> steps = WithinBudget(search->spec(), trials, wanted);
  if (steps.empty()) {
    if (active > 0) return absl::OkStatus();
    if (!unended.empty()) {
      const auto outdone =
          std::partition(unended.begin(), unended.end(), [&](const v1::SearchTrial& trial) {
            return std::any_of(wanted.begin(), wanted.end(),
                               [&](const TrialStep& step) { return step.trial == trial.number(); });
          });
      FITD_RETURN_IF_ERROR(
          CancelTrials(transaction, name, kEpochsAreUsedUp, {unended.begin(), outdone}, steered));
      return CancelTrials(transaction, name, kOutdone, {outdone, unended.end()}, steered);
    }
    // The space may hold fewer points than were asked for, or the budget be used up.
    EndPlan(static_cast<int64_t>(trials.size()), *search);
    End(transaction, *search,
        search->best_trial() != 0 ? v1::SEARCH_STATE_SUCCEEDED : v1::SEARCH_STATE_FAILED);
    return absl::OkStatus();
  }
  FITD_RETURN_IF_ERROR(store_.directory().CheckFreeSpace());
  const auto kept = check_.KeepOpen(transaction, search->spec());
  for (const TrialStep& step : steps) {
    if (step.trial > static_cast<int64_t>(trials.size())) {
      const v1::SearchTrial trial = MakeTrial(transaction, *search, space, step);
      transaction.searches.InsertTrial(name, trial);
      if (!HasEnded(trial)) active += fits;
    } else {
      FITD_RETURN_IF_ERROR(GrantEpochs(
          transaction, name, trials[static_cast<size_t>(step.trial - 1)], step.epochs, steered));
      active += fits;
    }
  }
  if (active < few) transaction.SearchesChanged();
  return absl::OkStatus();
}

absl::Status TrialMaker::GrantEpochs(Transaction& transaction, const std::string& search,
                                     v1::SearchTrial trial, int64_t epochs, Steered& steered) {
  trial.set_granted_epochs(epochs);
  for (v1::SearchTrial* fit : FitsOf(trial)) fit->set_granted_epochs(epochs);
  transaction.searches.UpdateTrial(search, trial);
  for (const v1::SearchTrial* fit : FitsOf(std::as_const(trial))) {
    if (HasEnded(*fit)) continue;
    const int64_t number = JobNumber(fit->job_id()).value();
    v1::Job job = *transaction.jobs.Find(number);
    job.set_granted_epochs(epochs);
    FITD_RETURN_IF_ERROR(Steer(transaction, job, JobOrder::kResume));
    steered.resumed.push_back(number);
  }
  return absl::OkStatus();
}

absl::Status TrialMaker::CancelTrials(Transaction& transaction, const std::string& search,
                                      const std::string& reason, std::span<v1::SearchTrial> trials,
                                      Steered& steered) {
  for (v1::SearchTrial& trial : trials) {
    std::vector<v1::Job> jobs;
    for (v1::SearchTrial* fit : FitsOf(trial)) {
      if (HasEnded(*fit)) continue;
      const int64_t number = JobNumber(fit->job_id()).value();
      v1::Job job = *transaction.jobs.Find(number);
      // Again, if it is on its way: a commit that seemed to fail told its worker nothing.
      steered.cancelled.push_back(number);
      if (job.state() == v1::JOB_STATE_CANCELLING) continue;
      fit->set_state(v1::JOB_STATE_CANCELLING);
      jobs.push_back(std::move(job));
    }
    if (jobs.empty()) continue;
    trial.set_state(v1::JOB_STATE_CANCELLING);
    trial.set_stop_reason(reason);
    transaction.searches.UpdateTrial(search, trial);
    for (v1::Job& job : jobs)
      FITD_RETURN_IF_ERROR(Steer(transaction, job, JobOrder::kCancel, reason));
  }
  return absl::OkStatus();
}

v1::SearchTrial TrialMaker::MakeTrial(Transaction& transaction, const v1::Search& search,
                                      const SearchSpace& space, const TrialStep& step) {
  v1::SearchTrial trial;
  trial.set_number(step.trial);
  trial.set_granted_epochs(step.epochs);
  *trial.mutable_parameters() = {step.parameters.begin(), step.parameters.end()};
  const auto check = [&]() -> absl::StatusOr<v1::Job> {
    v1::TrialSpec spec;
    *spec.mutable_model() = search.architecture();
    // Those of earlier versions were stored without defaults.
    *spec.mutable_training() = search.has_training() ? search.training() : search.spec().training();
    FITD_RETURN_IF_ERROR(PutAll(space.FieldValues(step.parameters), spec));
    v1::FitSpec fit = FitOfTrial(search.spec(), search.name());
    *fit.mutable_training() = spec.training();
    PutFit(search.spec(), 1, *fit.mutable_training());
    Violations violations;
    return check_.Check(transaction, std::move(fit), &spec.model(), violations);
  };
  const absl::StatusOr<v1::Job> first = check();
  if (!first.ok()) {
    trial.set_state(v1::JOB_STATE_FAILED);
    trial.mutable_failure()->set_code(static_cast<int>(first.status().code()));
    trial.mutable_failure()->set_message(Message(first.status()));
    *trial.mutable_end_time() = ToTimestamp(transaction.now());
    return trial;
  }
  trial.set_trainable_parameters(first->trainable_parameters());
  const v1::CrossValidationSpec& validation = search.spec().cross_validation();
  const int64_t fits = FitsPerTrial(search.spec());
  for (int64_t number = 1; number <= fits; ++number) {
    v1::Job job = *first;
    PutFit(search.spec(), number, *job.mutable_spec()->mutable_training());
    job.set_search(search.name());
    job.set_trial(step.trial);
    job.set_granted_epochs(step.epochs);
    job.set_reserved_version(transaction.models.ReserveVersion(search.name()));
    Enqueue(transaction, job);
    v1::SearchTrial& fit = fits == 1 ? trial : *trial.add_fits();
    fit.set_job_id(job.id());
    fit.set_state(job.state());
    fit.set_granted_epochs(step.epochs);
    if (fits == 1) break;
    const FitPlace place = PlaceOfFit(search.spec(), number);
    fit.set_number(number);
    fit.set_fold(place.fold);
    if (validation.repeats() > 1) fit.set_repeat(place.repeat);
  }
  SumUpFits(search.spec().objective().mode(), trial);
  return trial;
}

}  // namespace fitd
