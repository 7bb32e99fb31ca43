#include "server/jobs/search_trials.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "core/search/rungs.h"
#include "core/search/trial_fits.h"
#include "server/jobs/job_state.h"

namespace fitd {
namespace {

constexpr char kBestAlias[] = "best";

using Metrics = google::protobuf::RepeatedPtrField<v1::MetricValue>;

std::optional<double> FindMetric(const Metrics& metrics, const std::string& name) {
  for (const v1::MetricValue& metric : metrics) {
    if (metric.name() == name && metric.has_value() && std::isfinite(metric.value()))
      return metric.value();
  }
  return std::nullopt;
}

bool IsBest(Transaction& transaction, const v1::Search& search, const v1::SearchTrial& trial) {
  const auto best = transaction.searches.FindTrial(search.name(), search.best_trial());
  if (!best) return true;
  const bool whole = trial.state() == v1::JOB_STATE_SUCCEEDED;
  if (whole != (best->state() == v1::JOB_STATE_SUCCEEDED)) return whole;
  if (trial.score() == search.best_score()) return trial.number() < search.best_trial();
  const bool larger = trial.score() > search.best_score();
  return larger == (search.spec().objective().mode() == v1::MONITOR_MODE_MAX);
}

}  // namespace

bool IsFinal(v1::SearchState state) {
  return state == v1::SEARCH_STATE_SUCCEEDED || state == v1::SEARCH_STATE_CANCELLED ||
         state == v1::SEARCH_STATE_FAILED;
}

std::string StateName(v1::SearchState state) {
  return v1::SearchState_Name(state).substr(sizeof("SEARCH_STATE_") - 1);
}

bool IsHeld(const v1::SearchTrial& trial) {
  return !IsFinal(trial.state()) && !trial.rungs().empty() &&
         trial.rungs().rbegin()->epochs() == trial.granted_epochs();
}

v1::SearchTrial& FitOfJob(v1::SearchTrial& trial, const v1::Job& job) {
  for (v1::SearchTrial* fit : FitsOf(trial)) {
    if (fit->job_id() == job.id()) return *fit;
  }
  return trial;
}

void TakeProgress(const v1::JobProgress& progress, v1::SearchTrial& fit) {
  fit.set_epochs(progress.complete_epochs());
  *fit.mutable_metrics() = progress.metrics();
  if (progress.has_training_time()) *fit.mutable_training_time() = progress.training_time();
}

void RecordRung(Transaction& transaction, const v1::Job& job, const v1::JobProgress& progress) {
  const v1::Search* const search = transaction.searches.Get(job.search());
  auto trial = transaction.searches.FindTrial(job.search(), job.trial());
  if (search == nullptr || !trial) return;
  v1::SearchTrial& fit = FitOfJob(*trial, job);
  fit.set_state(v1::JOB_STATE_PAUSED);
  TakeProgress(progress, fit);
  *fit.mutable_start_time() = job.start_time();
  v1::TrialRung& rung = *fit.add_rungs();
  rung.set_epochs(progress.epoch());
  if (const auto score = FindMetric(progress.metrics(), search->spec().objective().metric()))
    rung.set_score(*score);
  SumUpFits(search->spec().objective().mode(), *trial);
  transaction.searches.UpdateTrial(search->name(), *trial);
  transaction.SearchesChanged();
}

void RecordTrial(Transaction& transaction, const v1::Job& job) {
  const v1::Search* const search = transaction.searches.Get(job.search());
  auto trial = transaction.searches.FindTrial(job.search(), job.trial());
  if (search == nullptr || !trial) return;
  v1::SearchTrial& fit = FitOfJob(*trial, job);
  fit.set_state(job.state());
  TakeProgress(job.progress(), fit);
  if (job.has_failure()) *fit.mutable_failure() = job.failure();
  if (job.has_start_time()) *fit.mutable_start_time() = job.start_time();
  *fit.mutable_end_time() = job.end_time();
  if (job.version() != 0) {
    const auto version = transaction.models.FindVersion(job.spec().model(), job.version());
    fit.set_version(version->version());
    fit.set_weights_sha256(version->weights_sha256());
    *fit.mutable_metrics() = version->metrics();
    const auto score = FindMetric(version->metrics(), search->spec().objective().metric());
    if (score) fit.set_score(*score);
  }
  SumUpFits(search->spec().objective().mode(), *trial);
  if (HasEnded(*trial)) {
    if (trial->state() != v1::JOB_STATE_CANCELLED) {
      trial->clear_stop_reason();  // It ended before it was told.
    } else if (trial->stop_reason().empty()) {
      trial->set_stop_reason("its job was cancelled");
    }
  }
  transaction.searches.UpdateTrial(search->name(), *trial);
  if (trial->has_score() && IsBest(transaction, *search, *trial)) {
    v1::Search better = transaction.searches.Take(job.search());
    better.set_best_trial(trial->number());
    better.set_best_score(trial->score());
    better.clear_best_score_deviation();
    if (trial->has_score_deviation()) better.set_best_score_deviation(trial->score_deviation());
    better.set_best_version(trial->version());
    transaction.searches.Update(std::move(better));
    transaction.models.SetAlias(job.search(), kBestAlias, trial->version());
    transaction.ModelsChanged();
  }
  transaction.SearchesChanged();
}

}  // namespace fitd
