#include "server/jobs/searches.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/kinds.h"
#include "core/base/names.h"
#include "core/search/resolve_search.h"
#include "core/search/rungs.h"
#include "core/search/search_budget.h"
#include "core/search/search_factory.h"
#include "core/search/search_space.h"
#include "core/search/trial_fits.h"
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
      options_(options),
      maker_(store, check_, feeds, scheduler,
             {.workers = options.workers, .max_stacked_trials = options.max_stacked_trials}) {}

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
          for (v1::SearchTrial& trial : transaction.searches.ActiveTrials(search.name())) {
            if (order == JobOrder::kCancel && trial.state() != v1::JOB_STATE_CANCELLING) {
              trial.set_stop_reason("the search was cancelled");
              transaction.searches.UpdateTrial(search.name(), trial);
            }
            for (const v1::SearchTrial* fit : FitsOf(std::as_const(trial))) {
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

}  // namespace fitd
