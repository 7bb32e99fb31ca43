#include "server/jobs/search_progress.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/search/search_budget.h"
#include "core/search/trial_fits.h"
#include "server/jobs/search_trials.h"
#include "server/jobs/time.h"

namespace fitd {
namespace {

constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

struct EpochRange {
  int64_t least = 0;
  int64_t most = 0;
};

// What trials with these axes may have, whose choices around them leave `epochs`.
EpochRange EpochsOfTrials(const google::protobuf::RepeatedPtrField<v1::SearchAxis>& axes,
                          EpochRange epochs) {
  for (const v1::SearchAxis& axis : axes) {
    const bool sets_epochs = axis.fields_size() > 0 && axis.fields(0) == "training.epochs";
    if (sets_epochs && axis.has_integer())
      epochs = {.least = axis.integer().low(), .most = axis.integer().high()};
    std::optional<EpochRange> all;
    for (const v1::SearchChoice& choice : axis.choice().choices()) {
      EpochRange chosen = epochs;
      if (sets_epochs) {
        const std::string& value = choice.value();
        std::from_chars(value.data(), value.data() + value.size(), chosen.most);
        chosen.least = chosen.most;
      }
      chosen = EpochsOfTrials(choice.axes(), chosen);
      all = all ? EpochRange{.least = std::min(all->least, chosen.least),
                             .most = std::max(all->most, chosen.most)}
                : chosen;
    }
    if (all) epochs = *all;
  }
  return epochs;
}

EpochRange EpochsOfTrials(const v1::SearchSpec& spec) {
  const int64_t epochs = spec.training().epochs();
  return EpochsOfTrials(spec.space().axes(), {.least = epochs, .most = epochs});
}

std::chrono::nanoseconds Elapsed(const google::protobuf::Timestamp& start,
                                 const google::protobuf::Timestamp& end) {
  return std::chrono::seconds(end.seconds() - start.seconds()) +
         std::chrono::nanoseconds(end.nanos() - start.nanos());
}

std::chrono::nanoseconds Scaled(std::chrono::nanoseconds time, double factor) {
  return std::chrono::nanoseconds(static_cast<int64_t>(static_cast<double>(time.count()) * factor));
}

struct TimeSpan {
  std::chrono::nanoseconds start, end;
};

// For how long there was at least one of them.
std::chrono::nanoseconds TimeCovered(std::vector<TimeSpan> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const TimeSpan& a, const TimeSpan& b) { return a.start < b.start; });
  std::chrono::nanoseconds covered{0};
  std::chrono::nanoseconds end = spans.front().start;
  for (const TimeSpan& span : spans) {
    covered += std::max(span.end - std::max(span.start, end), std::chrono::nanoseconds(0));
    end = std::max(end, span.end);
  }
  return covered;
}

// What the trials of a search have come to so far.
struct Trained {
  std::vector<TimeSpan> ended;  // Fits.
  int64_t epochs = 0;
  bool waits = false;  // At rungs.
};

Trained TrainedBy(Transaction& transaction, const v1::Search& search) {
  Trained trained;
  for (const v1::SearchTrial& trial : transaction.searches.Trials(search.name(), 0, kAll)) {
    trained.waits = trained.waits || !trial.rungs().empty();
    trained.epochs += trial.epochs();
    for (const v1::SearchTrial* fit : FitsOf(trial)) {
      if (!fit->has_start_time() || !fit->has_end_time()) continue;
      trained.ended.push_back({.start = Elapsed(search.create_time(), fit->start_time()),
                               .end = Elapsed(search.create_time(), fit->end_time())});
    }
  }
  return trained;
}

// How long a search takes per epoch: as the newest one that started from the model on the data set,
// else as long as the newest fit of it, on each worker.
std::optional<std::chrono::nanoseconds> KnownEpochTime(Transaction& transaction, int workers,
                                                       const v1::Search& search) {
  constexpr int kMostLookedAt = 20;
  const v1::SearchSpec& spec = search.spec();
  for (const auto& [id, earlier] : transaction.searches.List(kAll, kMostLookedAt)) {
    if (!IsFinal(earlier.state()) || earlier.spec().model() != spec.model() ||
        earlier.spec().dataset() != spec.dataset()) {
      continue;
    }
    Trained trained = TrainedBy(transaction, earlier);
    if (trained.epochs == 0 || trained.ended.empty()) continue;
    return Scaled(TimeCovered(std::move(trained.ended)), 1 / static_cast<double>(trained.epochs));
  }
  for (const v1::Job& job : transaction.jobs.List(
           kAll, kMostLookedAt, {.states = {v1::JOB_STATE_SUCCEEDED}, .model = spec.model()})) {
    if (job.spec().dataset() == spec.dataset() && job.progress().epoch() > 0) {
      return Scaled(
          Elapsed(job.start_time(), job.end_time()),
          1 / static_cast<double>(job.progress().epoch() *
                                  std::clamp<int64_t>(search.planned_jobs(), 1, workers)));
    }
  }
  return std::nullopt;
}

// From which its budget's seconds count: earlier builds did not say when it began to make trials.
const google::protobuf::Timestamp& StartOf(const v1::Search& search) {
  return search.has_start_time() ? search.start_time() : search.create_time();
}

}  // namespace

void Plan(const SearchAlgorithm& algorithm, v1::Search& search) {
  const v1::SearchSpec& spec = search.spec();
  const v1::SearchBudget& budget = spec.budget();
  const int64_t fits = FitsPerTrial(spec);
  const EpochRange range = EpochsOfTrials(spec);
  int64_t trials = BoundedTrials(spec, algorithm.planned_trials());
  if (budget.epochs() > 0) {
    const int64_t granted = algorithm.Next({}, 1).front().epochs;
    trials = std::min(trials, budget.epochs() / fits / (granted > 0 ? granted : range.least));
  }
  int64_t epochs = trials * fits * range.most;
  if (range.most == spec.training().epochs())
    epochs = std::min(epochs, algorithm.planned_epochs() * fits);
  if (budget.epochs() > 0) epochs = std::min(epochs, budget.epochs());
  search.set_planned_trials(trials);
  search.set_planned_jobs(trials * fits);
  search.set_planned_epochs(epochs);
}

void EndPlan(int64_t made, v1::Search& search) {
  if (made >= search.planned_trials()) return;
  const int64_t jobs = made * FitsPerTrial(search.spec());
  search.set_planned_epochs(
      std::min(search.planned_epochs(), jobs * EpochsOfTrials(search.spec()).most));
  search.set_planned_trials(made);
  search.set_planned_jobs(jobs);
}

std::optional<absl::Duration> TimeLeft(const v1::Search& search, absl::Time now) {
  if (search.spec().budget().seconds() == 0) return std::nullopt;
  const absl::Duration all = absl::Seconds(search.spec().budget().seconds());
  if (!search.has_start_time() && search.trials() == 0) return all;
  return all - absl::FromChrono(Elapsed(StartOf(search), ToTimestamp(now)));
}

void EstimateRemaining(Transaction& transaction, int workers, v1::Search& search) {
  if (IsFinal(search.state())) return;
  if (const std::optional<absl::Duration> left = TimeLeft(search, transaction.now())) {
    *search.mutable_budget_remaining() =
        ToDuration(absl::ToChronoNanoseconds(std::max(*left, absl::ZeroDuration())));
    if (*left <= absl::ZeroDuration()) return;  // It ends.
  }
  Trained trained = TrainedBy(transaction, search);
  if (trained.waits) {
    // A trial's time is not what it trained: it waited for others.
    const std::chrono::nanoseconds taken = Elapsed(StartOf(search), ToTimestamp(transaction.now()));
    const auto rest =
        static_cast<double>(std::max<int64_t>(search.planned_epochs() - trained.epochs, 0));
    *search.mutable_estimated_remaining() =
        ToDuration(Scaled(taken, rest / static_cast<double>(std::max<int64_t>(trained.epochs, 1))));
  } else if (!trained.ended.empty()) {
    const auto ended = static_cast<double>(trained.ended.size());
    const auto all = static_cast<double>(search.planned_trials() * FitsPerTrial(search.spec()));
    *search.mutable_estimated_remaining() =
        ToDuration(Scaled(TimeCovered(std::move(trained.ended)), (all - ended) / ended));
  } else if (const auto epoch = KnownEpochTime(transaction, workers, search)) {
    *search.mutable_estimated_remaining() =
        ToDuration(Scaled(*epoch, static_cast<double>(search.planned_epochs())));
  }
}

}  // namespace fitd
