#include "core/search/trial_fits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>

#include "core/search/rungs.h"
#include "fmt/format.h"
#include "google/protobuf/util/time_util.h"

namespace fitd {
namespace {

using Fits = google::protobuf::RepeatedPtrField<v1::SearchTrial>;

v1::JobState StateOf(const Fits& fits) {
  constexpr auto kFirst = std::to_array({
      // While one of them goes on.
      v1::JOB_STATE_RUNNING,
      v1::JOB_STATE_PAUSING,
      v1::JOB_STATE_CANCELLING,
      v1::JOB_STATE_QUEUED,
      v1::JOB_STATE_PAUSED,
      // When all have ended.
      v1::JOB_STATE_FAILED,
      v1::JOB_STATE_CANCELLED,
  });
  for (const v1::JobState state : kFirst) {
    if (std::any_of(fits.begin(), fits.end(),
                    [&](const v1::SearchTrial& fit) { return fit.state() == state; }))
      return state;
  }
  return v1::JOB_STATE_SUCCEEDED;
}

// Of those that tell it.
google::protobuf::RepeatedPtrField<v1::MetricValue> MeanMetrics(const Fits& fits) {
  google::protobuf::RepeatedPtrField<v1::MetricValue> means;
  std::vector<double> counts;
  for (const v1::SearchTrial& fit : fits) {
    for (const v1::MetricValue& metric : fit.metrics()) {
      const auto same = [&](const v1::MetricValue& mean) { return mean.name() == metric.name(); };
      auto mean = std::find_if(means.begin(), means.end(), same);
      if (mean == means.end()) {
        means.Add()->set_name(metric.name());
        counts.push_back(0);
        mean = means.end() - 1;
      }
      if (!metric.has_value()) continue;
      mean->set_value(mean->value() + metric.value());
      ++counts[static_cast<size_t>(mean - means.begin())];
    }
  }
  for (int i = 0; i < means.size(); ++i) {
    if (means[i].has_value()) means[i].set_value(means[i].value() / counts[static_cast<size_t>(i)]);
  }
  return means;
}

// Of the fits' ends: mean and deviation. Where one has no score there is no mean, unless the trial
// was cancelled: then it is that of the others.
void SumUpScores(v1::SearchTrial& trial) {
  double sum = 0;
  int count = 0;
  for (const v1::SearchTrial& fit : trial.fits()) {
    sum += fit.score();  // 0 where there is none.
    count += static_cast<int>(fit.has_score());
  }
  const bool enough = count == trial.fits_size() || trial.state() == v1::JOB_STATE_CANCELLED;
  if (count == 0 || !enough) return;
  const double mean = sum / count;
  trial.set_score(mean);
  if (count == 1) return;
  double squares = 0;
  for (const v1::SearchTrial& fit : trial.fits()) {
    if (fit.has_score()) squares += (fit.score() - mean) * (fit.score() - mean);
  }
  trial.set_score_deviation(std::sqrt(squares / (count - 1)));
}

// Once all fits have the epochs that they were granted, or ended before.
void AddRung(v1::SearchTrial& trial) {
  const int64_t epochs = trial.granted_epochs();
  if (epochs == 0 || (!trial.rungs().empty() && trial.rungs().rbegin()->epochs() == epochs)) return;
  double sum = 0;
  bool scored = true;
  for (const v1::SearchTrial& fit : trial.fits()) {
    const RungResult result = ResultAt(fit, epochs);
    if (!result.known) return;
    scored = scored && result.score;
    sum += result.score.value_or(0);
  }
  v1::TrialRung& rung = *trial.add_rungs();
  rung.set_epochs(epochs);
  if (scored) rung.set_score(sum / trial.fits_size());
}

bool IsEarlier(const google::protobuf::Timestamp& a, const google::protobuf::Timestamp& b) {
  return std::tuple(a.seconds(), a.nanos()) < std::tuple(b.seconds(), b.nanos());
}

std::string NameOf(const v1::SearchTrial& fit) {
  std::string name;
  if (fit.repeat() != 0) name = fmt::format("repetition {}", fit.repeat());
  if (fit.fold() != 0) name += fmt::format("{}fold {}", name.empty() ? "" : ", ", fit.fold());
  return name;
}

void SumUpEnd(v1::MonitorMode mode, v1::SearchTrial& trial) {
  const Better better(mode);
  const v1::SearchTrial* best = nullptr;
  for (const v1::SearchTrial& fit : trial.fits()) {
    if (!trial.has_end_time() || IsEarlier(trial.end_time(), fit.end_time()))
      *trial.mutable_end_time() = fit.end_time();
    if (fit.has_failure() && !trial.has_failure()) {
      *trial.mutable_failure() = fit.failure();
      trial.mutable_failure()->set_message(
          fmt::format("{}: {}", NameOf(fit), fit.failure().message()));
    }
    if (fit.has_score() &&
        (best == nullptr || better({.score = fit.score(), .trial = fit.number()},
                                   {.score = best->score(), .trial = best->number()}))) {
      best = &fit;
    }
  }
  if (best != nullptr) {
    trial.set_version(best->version());
    trial.set_weights_sha256(best->weights_sha256());
  }
  SumUpScores(trial);
}

}  // namespace

int64_t FitsPerTrial(const v1::SearchSpec& spec) {
  const v1::CrossValidationSpec& validation = spec.cross_validation();
  return std::max<int64_t>(validation.folds(), 1) * std::max<int64_t>(validation.repeats(), 1);
}

FitPlace PlaceOfFit(const v1::SearchSpec& spec, int64_t number) {
  const int64_t folds = spec.cross_validation().folds();
  if (folds == 0) return {.repeat = number, .fold = 0};
  return {.repeat = (number - 1) / folds + 1, .fold = (number - 1) % folds + 1};
}

void PutFit(const v1::SearchSpec& spec, int64_t number, v1::TrainingSpec& training) {
  const FitPlace place = PlaceOfFit(spec, number);
  if (place.repeat > 1)
    training.set_seed(training.seed() + static_cast<uint64_t>(place.repeat) - 1);
  if (place.fold == 0) return;
  training.mutable_fold()->set_index(place.fold);
  training.mutable_fold()->set_count(spec.cross_validation().folds());
}

std::vector<v1::SearchTrial*> FitsOf(v1::SearchTrial& trial) {
  if (trial.fits().empty()) return {&trial};
  return {trial.mutable_fits()->pointer_begin(), trial.mutable_fits()->pointer_end()};
}

std::vector<const v1::SearchTrial*> FitsOf(const v1::SearchTrial& trial) {
  if (trial.fits().empty()) return {&trial};
  return {trial.fits().pointer_begin(), trial.fits().pointer_end()};
}

void SumUpFits(v1::MonitorMode mode, v1::SearchTrial& trial) {
  if (trial.fits().empty()) return;
  trial.set_state(StateOf(trial.fits()));
  int64_t epochs = 0;
  trial.clear_training_time();
  for (const v1::SearchTrial& fit : trial.fits()) {
    epochs += fit.epochs();
    if (fit.has_training_time()) *trial.mutable_training_time() += fit.training_time();
    if (fit.has_start_time() &&
        (!trial.has_start_time() || IsEarlier(fit.start_time(), trial.start_time()))) {
      *trial.mutable_start_time() = fit.start_time();
    }
  }
  trial.set_epochs(epochs);
  *trial.mutable_metrics() = MeanMetrics(trial.fits());
  if (HasEnded(trial)) return SumUpEnd(mode, trial);
  AddRung(trial);
}

}  // namespace fitd
