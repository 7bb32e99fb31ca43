#include "core/metric/metric_set.h"

#include <algorithm>
#include <cmath>

#include "core/metric/metric_factory.h"

namespace fitd {

v1::MetricValue MakeMetricValue(const std::string& name, std::optional<double> value) {
  v1::MetricValue result;
  result.set_name(name);
  if (value && std::isfinite(*value)) result.set_value(*value);
  return result;
}

MetricSet::MetricSet(const google::protobuf::RepeatedPtrField<v1::MetricSpec>& specs,
                     int64_t outputs) {
  entries_.reserve(static_cast<size_t>(specs.size()));
  for (const v1::MetricSpec& spec : specs)
    entries_.push_back({spec.name(), MakeMetric(spec, outputs)});
}

void MetricSet::Reset() {
  for (Entry& entry : entries_) entry.metric->Reset();
}

void MetricSet::Update(const MetricBatch& batch) {
  for (Entry& entry : entries_) entry.metric->Update(batch);
}

std::vector<v1::MetricValue> MetricSet::Results() const {
  std::vector<v1::MetricValue> results;
  results.reserve(entries_.size());
  for (const Entry& entry : entries_)
    results.push_back(MakeMetricValue(entry.name, entry.metric->Result()));
  return results;
}

size_t MetricSet::state_size() const {
  size_t size = 0;
  for (const Entry& entry : entries_) size += entry.metric->state().size();
  return size;
}

std::vector<double> MetricSet::State() const {
  std::vector<double> state;
  state.reserve(state_size());
  for (const Entry& entry : entries_) {
    const std::span<const double> part = entry.metric->state();
    state.insert(state.end(), part.begin(), part.end());
  }
  return state;
}

void MetricSet::SetState(std::span<const double> state) {
  for (Entry& entry : entries_) {
    const std::span<double> part = entry.metric->state();
    std::copy_n(state.begin(), part.size(), part.begin());
    state = state.subspan(part.size());
  }
}

}  // namespace fitd
