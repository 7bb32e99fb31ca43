#include "server/jobs/search_trials.h"

#include <cmath>
#include <optional>
#include <string>

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

void RecordRung(Transaction& transaction, const v1::Job& job, const v1::JobProgress& progress) {
  const std::optional<v1::Search> search = transaction.searches.Find(job.search());
  auto trial = transaction.searches.FindTrial(job.search(), job.trial());
  if (!search || !trial) return;
  trial->set_state(v1::JOB_STATE_PAUSED);
  trial->set_epochs(progress.epoch());
  *trial->mutable_metrics() = progress.metrics();
  *trial->mutable_start_time() = job.start_time();
  v1::TrialRung& rung = *trial->add_rungs();
  rung.set_epochs(progress.epoch());
  if (const auto score = FindMetric(progress.metrics(), search->spec().objective().metric()))
    rung.set_score(*score);
  transaction.searches.UpdateTrial(search->name(), *trial);
  transaction.SearchesChanged();
}

void RecordTrial(Transaction& transaction, const v1::Job& job) {
  std::optional<v1::Search> search = transaction.searches.Find(job.search());
  auto trial = transaction.searches.FindTrial(job.search(), job.trial());
  if (!search || !trial) return;
  const bool counts = job.state() == v1::JOB_STATE_SUCCEEDED || IsHeld(*trial);
  trial->set_state(job.state());
  trial->set_epochs(job.progress().epoch());
  *trial->mutable_metrics() = job.progress().metrics();
  if (job.has_failure()) *trial->mutable_failure() = job.failure();
  *trial->mutable_start_time() = job.start_time();
  *trial->mutable_end_time() = job.end_time();
  if (job.version() != 0) {
    const auto version = transaction.models.FindVersion(job.spec().model(), job.version());
    trial->set_version(version->version());
    trial->set_weights_sha256(version->weights_sha256());
    *trial->mutable_metrics() = version->metrics();
    const auto score = FindMetric(version->metrics(), search->spec().objective().metric());
    if (counts && score) trial->set_score(*score);
  }
  transaction.searches.UpdateTrial(search->name(), *trial);
  if (trial->has_score() && IsBest(transaction, *search, *trial)) {
    search->set_best_trial(trial->number());
    search->set_best_score(trial->score());
    search->set_best_version(trial->version());
    transaction.searches.Update(*search);
    transaction.models.SetAlias(search->name(), kBestAlias, trial->version());
    transaction.ModelsChanged();
  }
  transaction.SearchesChanged();
}

}  // namespace fitd
