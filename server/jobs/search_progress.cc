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

// Time per epoch of the newest fit of the model on the data set.
std::optional<std::chrono::nanoseconds> KnownEpochTime(Transaction& transaction,
                                                       const v1::SearchSpec& spec) {
  constexpr int kMostJobs = 20;
  for (const v1::Job& job : transaction.jobs.List(
           kAll, kMostJobs, {.states = {v1::JOB_STATE_SUCCEEDED}, .model = spec.model()})) {
    if (job.spec().dataset() == spec.dataset() && job.progress().epoch() > 0) {
      return Scaled(Elapsed(job.start_time(), job.end_time()),
                    1 / static_cast<double>(job.progress().epoch()));
    }
  }
  return std::nullopt;
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
  const std::chrono::nanoseconds taken = Elapsed(search.create_time(), ToTimestamp(now));
  return absl::Seconds(search.spec().budget().seconds()) - absl::FromChrono(taken);
}

void EstimateRemaining(Transaction& transaction, int workers, v1::Search& search) {
  if (IsFinal(search.state())) return;
  const std::optional<absl::Duration> left = TimeLeft(search, transaction.now());
  if (left && *left <= absl::ZeroDuration()) return;  // As long as those that run take.
  std::vector<TimeSpan> fits;
  bool waits = false;
  int64_t epochs = 0;
  for (const v1::SearchTrial& trial : transaction.searches.Trials(search.name(), 0, kAll)) {
    waits = waits || !trial.rungs().empty();
    epochs += trial.epochs();
    for (const v1::SearchTrial* fit : FitsOf(trial)) {
      if (fit->has_start_time() && fit->has_end_time())
        fits.push_back({.start = Elapsed(search.create_time(), fit->start_time()),
                        .end = Elapsed(search.create_time(), fit->end_time())});
    }
  }
  if (waits) {
    // A trial's time is not what it trained: it waited for others.
    const auto rest = static_cast<double>(std::max<int64_t>(search.planned_epochs() - epochs, 0));
    *search.mutable_estimated_remaining() =
        ToDuration(Scaled(Elapsed(search.create_time(), ToTimestamp(transaction.now())),
                          rest / static_cast<double>(std::max<int64_t>(epochs, 1))));
  } else if (!fits.empty()) {
    const auto ended = static_cast<double>(fits.size());
    const auto all = static_cast<double>(search.planned_trials() * FitsPerTrial(search.spec()));
    *search.mutable_estimated_remaining() =
        ToDuration(Scaled(TimeCovered(std::move(fits)), (all - ended) / ended));
  } else if (const auto epoch = KnownEpochTime(transaction, search.spec())) {
    *search.mutable_estimated_remaining() =
        ToDuration(Scaled(*epoch, static_cast<double>(search.planned_epochs()) / workers));
  }
  if (left && search.has_estimated_remaining()) {
    const auto bounded =
        std::min(FromDuration(search.estimated_remaining()), absl::ToChronoNanoseconds(*left));
    *search.mutable_estimated_remaining() = ToDuration(bounded);
  }
}

}  // namespace fitd
