#include "server/jobs/searches.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/kinds.h"
#include "core/base/names.h"
#include "core/nn/resolve_model.h"
#include "core/search/resolve_search.h"
#include "core/search/rungs.h"
#include "core/search/search_budget.h"
#include "core/search/search_factory.h"
#include "core/search/search_space.h"
#include "core/search/trial_fits.h"
#include "core/train/fit.h"
#include "core/train/resolve_training_options.h"
#include "fmt/format.h"
#include "server/jobs/job_state.h"
#include "server/jobs/paging.h"
#include "server/jobs/request.h"
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
constexpr char kTimeIsOver[] = "the time of the search's budget was over";

absl::Status UnknownSearch(Transaction& transaction, const std::string& name) {
  return NotFound(UnknownName("search", name, transaction.searches.Names()));
}

absl::StatusOr<v1::Search> FindSearch(Transaction& transaction, const std::string& name) {
  std::optional<v1::Search> search = transaction.searches.Find(name);
  if (!search) return UnknownSearch(transaction, name);
  return *std::move(search);
}

absl::Status CheckName(std::string_view field, const std::string& name) {
  Violations violations;
  CheckId(field, name, violations);
  return violations.ToStatus();
}

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

// The state of a search that is asked for something; nothing when it is there already.
absl::StatusOr<std::optional<v1::SearchState>> StateTowards(JobOrder order,
                                                            const v1::Search& search) {
  const auto towards = [&](v1::SearchState state) {
    return search.state() == state ? std::nullopt : std::optional(state);
  };
  const auto cannot = [&](std::string_view what) {
    return FailedPrecondition(fmt::format("search {} is {} and cannot be {}", search.name(),
                                          StateName(search.state()), what));
  };
  const bool goes_on =
      search.state() == v1::SEARCH_STATE_RUNNING || search.state() == v1::SEARCH_STATE_PAUSED;
  switch (order) {
    case JobOrder::kPause:
      if (!goes_on) return cannot("paused");
      return towards(v1::SEARCH_STATE_PAUSED);
    case JobOrder::kResume:
      if (!goes_on) return cannot("resumed");
      return towards(v1::SEARCH_STATE_RUNNING);
    case JobOrder::kCancel:
      if (search.state() == v1::SEARCH_STATE_CANCELLED) return std::nullopt;
      if (IsFinal(search.state())) return cannot("cancelled");
      return towards(v1::SEARCH_STATE_CANCELLING);
  }
  return std::nullopt;
}

}  // namespace

Searches::Searches(Store& store, Tables& tables, JobFeeds& feeds, Scheduler& scheduler,
                   const Options& options)
    : store_(store),
      feeds_(feeds),
      scheduler_(scheduler),
      check_(
          tables, scheduler,
          {.max_memory_bytes = options.max_memory_bytes, .max_parameters = options.max_parameters}),
      options_(options) {
  store_.ListenToSearches([this] {
    MutexLock lock(mutex_);
    pending_ = true;
    changed_.NotifyAll();
  });
}

Searches::~Searches() {
  store_.ListenToSearches(nullptr);
  Stop();
}

absl::StatusOr<v1::Search> Searches::Check(Transaction& transaction,
                                           const v1::StartSearchRequest& request,
                                           Violations& violations) {
  v1::Search search;
  search.set_name(request.name());
  *search.mutable_spec() = request.spec();
  v1::SearchSpec& spec = *search.mutable_spec();
  v1::TrialSpec base;
  *base.mutable_training() = spec.training();
  if (const std::optional<v1::Model> model = transaction.models.Find(spec.model())) {
    *base.mutable_model() = model->spec();
    ResolveSearch(base, "spec", spec, violations);
  }
  Violations faults;
  const std::optional<v1::Dataset> dataset = transaction.datasets.Find(spec.dataset());
  ResolveCrossValidation("spec", dataset ? std::optional(dataset->rows()) : std::nullopt, spec,
                         faults);
  if (!faults.empty()) spec.clear_cross_validation();  // What else is wrong shows without it.
  violations.Add(faults.ToStatus());
  // What is found wrong, and the faults of the budget, which does not matter to what trials are.
  const auto all_faults = [&] {
    CheckBudget("spec", spec, violations);
    return violations.ToStatus();
  };
  v1::FitSpec fit = FitOfTrial(spec, spec.model());
  PutFit(spec, 1, *fit.mutable_training());
  const absl::StatusOr<v1::Job> job = check_.Check(transaction, fit, nullptr, violations);
  if (!job.ok()) return violations.empty() ? job.status() : all_faults();

  v1::ObjectiveSpec& objective = *spec.mutable_objective();
  const v1::TrainingSpec& training = job->spec().training();
  const bool folds = spec.cross_validation().folds() > 0;
  const bool validates = !spec.validation_dataset().empty() || HoldsOutRows(training);
  if (objective.metric().empty()) objective.set_metric(validates ? "val_loss" : "loss");
  Violations objective_faults;
  objective.set_mode(ResolveMonitor(
      training, validates, objective.metric(), objective.mode(),
      {.name = "spec.objective.metric", .mode = "spec.objective.mode"}, objective_faults));
  if (objective_faults.empty() && folds && !objective.metric().starts_with("val_")) {
    objective_faults.Add(
        "spec.objective.metric",
        fmt::format("is {0}, which is not measured on the rows that "
                    "spec.cross_validation.folds holds out; allowed: {1}, or no folds",
                    Quoted(objective.metric()), Quoted("val_" + objective.metric())));
  }
  violations.Add(objective_faults.ToStatus());
  CheckAxes(transaction, check_, spec, base, violations);
  if (!violations.empty()) return all_faults();

  *search.mutable_architecture() = base.model();
  *search.mutable_training() = base.training();
  *spec.mutable_training() = training;
  if (folds) spec.mutable_training()->clear_fold();
  *spec.mutable_resources() = job->spec().resources();
  const SearchSpace space(spec.space());
  const auto algorithm = MakeSearchAlgorithm(spec, space);
  // Axes that are right one by one may be of different kinds, where the base has none.
  const std::vector<TrialStep> first = algorithm->Next({}, 1);
  const absl::Status put = PutAll(space.FieldValues(first.front().parameters), base);
  if (!put.ok())
    violations.Add("spec.space.axes", fmt::format("exclude each other: {}", Message(put)));
  const int64_t needed = LeastEpochs(spec, first.front());
  CheckField(spec.budget().epochs() <= 0 || spec.budget().epochs() >= needed,
             spec.budget().epochs(),
             fmt::format("{} or more, which one trial may train, or 0 for no bound", needed),
             "spec.budget.epochs", violations);
  FITD_RETURN_IF_ERROR(all_faults());
  Plan(*algorithm, search);
  search.set_state(v1::SEARCH_STATE_RUNNING);
  *search.mutable_create_time() = ToTimestamp(transaction.now());
  return search;
}

absl::StatusOr<v1::StartSearchResponse> Searches::Start(const v1::StartSearchRequest& request) {
  Violations violations;
  CheckId("name", request.name(), violations);
  CheckFitSpec(FitOfTrial(request.spec(), request.spec().model()), violations);
  CheckRequestId("request_id", request.request_id(), violations);

  const auto start = [&](Transaction& transaction) -> absl::StatusOr<v1::StartSearchResponse> {
    v1::StartSearchResponse response;
    v1::Search& search = *response.mutable_search();
    FITD_ASSIGN_OR_RETURN(search, Check(transaction, request, violations));
    const bool is_search = transaction.searches.Get(search.name()) != nullptr;
    if (is_search || transaction.models.Find(search.name())) {
      return absl::AlreadyExistsError(
          fmt::format("a {} with the name {} exists; delete it or take another name",
                      is_search ? "search" : "model", search.name()));
    }
    if (!request.validate_only()) {
      FITD_RETURN_IF_ERROR(store_.directory().CheckFreeSpace());
      v1::Model model = *transaction.models.Find(search.spec().model());
      model.set_name(search.name());
      *model.mutable_create_time() = search.create_time();
      model.clear_latest_version();
      model.clear_aliases();
      transaction.models.Insert(model);
      transaction.ModelsChanged();
      transaction.searches.Insert(search);
      transaction.SearchesChanged();
    }
    EstimateRemaining(transaction, options_.workers, search);
    return response;
  };
  absl::StatusOr<v1::StartSearchResponse> response = request.validate_only()
                                                         ? store_.InTransaction(start)
                                                         : OncePerRequestId(store_, request, start);
  if (response.ok() && !request.validate_only()) {
    Log(LogLevel::kInfo, "search_started",
        {{"search", request.name()}, {"trials", response->search().planned_trials()}});
  }
  return response;
}

absl::StatusOr<v1::GetSearchResponse> Searches::Get(const v1::GetSearchRequest& request) {
  FITD_RETURN_IF_ERROR(CheckName("name", request.name()));
  return store_.InTransaction(
      [&](Transaction& transaction) -> absl::StatusOr<v1::GetSearchResponse> {
        v1::GetSearchResponse response;
        FITD_ASSIGN_OR_RETURN(*response.mutable_search(), FindSearch(transaction, request.name()));
        EstimateRemaining(transaction, options_.workers, *response.mutable_search());
        return response;
      });
}

absl::StatusOr<v1::ListSearchesResponse> Searches::List(const v1::ListSearchesRequest& request) {
  constexpr char kScope[] = "searches";
  Violations violations;
  const Page page = ResolvePage(request.page_size(), request.page_token(), kScope, violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  int64_t before = kAll;
  std::from_chars(page.cursor.data(), page.cursor.data() + page.cursor.size(), before);
  return store_.InTransaction(
      [&](Transaction& transaction) -> absl::StatusOr<v1::ListSearchesResponse> {
        v1::ListSearchesResponse response;
        PageRoom room(page);
        int64_t last = 0;
        for (auto& [id, search] : transaction.searches.List(before, page.size + 1)) {
          EstimateRemaining(transaction, options_.workers, search);
          if (!room.Take(search)) {
            response.set_next_page_token(MakePageToken(kScope, std::to_string(last)));
            break;
          }
          *response.add_searches() = std::move(search);
          last = id;
        }
        return response;
      });
}

absl::StatusOr<v1::ListTrialsResponse> Searches::ListTrials(const v1::ListTrialsRequest& request) {
  const std::string scope = fmt::format("trials of {}", request.search());
  Violations violations;
  CheckId("search", request.search(), violations);
  const Page page = ResolvePage(request.page_size(), request.page_token(), scope, violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  int64_t after = 0;
  std::from_chars(page.cursor.data(), page.cursor.data() + page.cursor.size(), after);
  return store_.InTransaction(
      [&](Transaction& transaction) -> absl::StatusOr<v1::ListTrialsResponse> {
        FITD_RETURN_IF_ERROR(FindSearch(transaction, request.search()).status());
        v1::ListTrialsResponse response;
        PageRoom room(page);
        for (v1::SearchTrial& trial :
             transaction.searches.Trials(request.search(), after, page.size + 1)) {
          AddNews(transaction, trial);
          if (!room.Take(trial)) {
            const int64_t last = response.trials().rbegin()->number();
            response.set_next_page_token(MakePageToken(scope, std::to_string(last)));
            break;
          }
          *response.add_trials() = std::move(trial);
        }
        return response;
      });
}

template <typename Response, typename Request>
absl::StatusOr<Response> Searches::Order(const Request& request, JobOrder order) {
  FITD_RETURN_IF_ERROR(CheckName("name", request.name()));
  std::vector<int64_t> jobs;
  absl::StatusOr<Response> response =
      OncePerRequestId(store_, request, [&](Transaction& transaction) -> absl::StatusOr<Response> {
        FITD_ASSIGN_OR_RETURN(v1::Search search, FindSearch(transaction, request.name()));
        FITD_ASSIGN_OR_RETURN(const auto state, StateTowards(order, search));
        if (state) {
          search.set_state(*state);
          transaction.searches.Update(search);
          for (const v1::SearchTrial& trial : transaction.searches.ActiveTrials(search.name())) {
            for (const v1::SearchTrial* fit : FitsOf(trial)) {
              if (HasEnded(*fit) || (order == JobOrder::kResume && IsHeld(*fit))) continue;
              const int64_t number = JobNumber(fit->job_id()).value();
              v1::Job job = *transaction.jobs.Find(number);
              // One that its user cancels is left to it.
              if (job.state() == v1::JOB_STATE_CANCELLING) continue;
              FITD_RETURN_IF_ERROR(Steer(transaction, job, order));
              jobs.push_back(number);
            }
          }
          transaction.SearchesChanged();
        }
        Response ordered;
        *ordered.mutable_search() = *transaction.searches.Find(search.name());
        EstimateRemaining(transaction, options_.workers, *ordered.mutable_search());
        return ordered;
      });
  if (!response.ok()) return response;
  for (const int64_t job : jobs) {
    feeds_.EventsStored(job);
    if (order != JobOrder::kResume) scheduler_.StopJob(job);
  }
  scheduler_.JobQueued();
  return response;
}

absl::StatusOr<v1::PauseSearchResponse> Searches::Pause(const v1::PauseSearchRequest& request) {
  return Order<v1::PauseSearchResponse>(request, JobOrder::kPause);
}

absl::StatusOr<v1::ResumeSearchResponse> Searches::Resume(const v1::ResumeSearchRequest& request) {
  return Order<v1::ResumeSearchResponse>(request, JobOrder::kResume);
}

absl::StatusOr<v1::CancelSearchResponse> Searches::Cancel(const v1::CancelSearchRequest& request) {
  return Order<v1::CancelSearchResponse>(request, JobOrder::kCancel);
}

absl::StatusOr<v1::DeleteSearchResponse> Searches::Delete(const v1::DeleteSearchRequest& request) {
  FITD_RETURN_IF_ERROR(CheckName("name", request.name()));
  return OncePerRequestId(
      store_, request, [&](Transaction& transaction) -> absl::StatusOr<v1::DeleteSearchResponse> {
        FITD_ASSIGN_OR_RETURN(const v1::Search search, FindSearch(transaction, request.name()));
        if (!IsFinal(search.state())) {
          const bool ends = search.state() == v1::SEARCH_STATE_CANCELLING;
          return FailedPrecondition(
              fmt::format("search {} is {}; {}", search.name(), StateName(search.state()),
                          ends ? "wait until it is CANCELLED" : "cancel it first"));
        }
        for (const v1::SearchTrial& trial : transaction.searches.Trials(search.name(), 0, kAll)) {
          for (const v1::SearchTrial* fit : FitsOf(trial)) {
            if (const auto number = JobNumber(fit->job_id())) transaction.jobs.Delete(*number);
          }
        }
        transaction.searches.Delete(search.name());
        return v1::DeleteSearchResponse();
      });
}

void Searches::AddNews(Transaction& transaction, v1::SearchTrial& trial) {
  if (HasEnded(trial)) return;
  for (v1::SearchTrial* fit : FitsOf(trial)) {
    const std::optional<int64_t> number = JobNumber(fit->job_id());
    if (!number || HasEnded(*fit)) continue;
    const std::optional<v1::Job> job = transaction.jobs.Find(*number);
    fit->set_state(job->state());
    if (job->has_start_time()) *fit->mutable_start_time() = job->start_time();
    v1::JobProgress progress = job->progress();
    if (auto newest = feeds_.NewestProgress(*number)) progress = std::move(newest->progress);
    TakeProgress(progress, *fit);
  }
  SumUpFits(v1::MONITOR_MODE_UNSPECIFIED, trial);  // It has not ended: there is no best yet.
}

void Searches::Run() {
  thread_ = std::thread([this] { Loop(); });
}

void Searches::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Searches::Loop() {
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

absl::Status Searches::Advance() {
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

absl::Status Searches::AdvanceOne(Transaction& transaction, const std::string& name,
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
  if (search->state() == v1::SEARCH_STATE_CANCELLING && unended.empty())
    End(transaction, *search, v1::SEARCH_STATE_CANCELLED);
  if (search->state() != v1::SEARCH_STATE_RUNNING) return absl::OkStatus();
  if (!search->has_start_time() && search->trials() == 0) {
    *search->mutable_start_time() = ToTimestamp(transaction.now());
    transaction.searches.Update(*search);
  }
  const std::optional<absl::Duration> left = TimeLeft(*search, transaction.now());
  const bool over = left && *left <= absl::ZeroDuration();
  if (left && !over) next_look_ = std::min(next_look_, *left);
  if (over && !unended.empty())
    return CancelTrials(transaction, name, kTimeIsOver, unended, steered);
  if (active >= few) return absl::OkStatus();

  const SearchSpace space(search->spec().space());
  const std::vector<v1::SearchTrial> trials = transaction.searches.Trials(name, 0, kAll);
  const int64_t fits = FitsPerTrial(search->spec());
  const int64_t many = std::max<int64_t>(kManyTrials, kManyStacks * stack) * options_.workers;
  const int64_t room = many - active;
  std::vector<TrialStep> steps;
  if (!over) {
    steps = WithinBudget(
        search->spec(), trials,
        MakeSearchAlgorithm(search->spec(), space)->Next(trials, (room + fits - 1) / fits));
  }
  if (steps.empty()) {
    if (active > 0) return absl::OkStatus();
    if (!unended.empty()) return CancelTrials(transaction, name, kOutdone, unended, steered);
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

absl::Status Searches::GrantEpochs(Transaction& transaction, const std::string& search,
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

absl::Status Searches::CancelTrials(Transaction& transaction, const std::string& search,
                                    const std::string& reason, std::vector<v1::SearchTrial>& trials,
                                    Steered& steered) {
  for (v1::SearchTrial& trial : trials) {
    std::vector<int64_t> jobs;
    for (v1::SearchTrial* fit : FitsOf(trial)) {
      if (HasEnded(*fit) || fit->state() == v1::JOB_STATE_CANCELLING) continue;
      fit->set_state(v1::JOB_STATE_CANCELLING);
      jobs.push_back(JobNumber(fit->job_id()).value());
    }
    if (jobs.empty()) continue;
    trial.set_state(v1::JOB_STATE_CANCELLING);
    trial.set_stop_reason(reason);
    transaction.searches.UpdateTrial(search, trial);
    for (const int64_t number : jobs) {
      v1::Job job = *transaction.jobs.Find(number);
      FITD_RETURN_IF_ERROR(Steer(transaction, job, JobOrder::kCancel, reason));
      steered.cancelled.push_back(number);
    }
  }
  return absl::OkStatus();
}

v1::SearchTrial Searches::MakeTrial(Transaction& transaction, const v1::Search& search,
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
