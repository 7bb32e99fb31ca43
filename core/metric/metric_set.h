// The metrics of a fit or an evaluation, updated and read together.

#ifndef FITD_CORE_METRIC_METRIC_SET_H_
#define FITD_CORE_METRIC_METRIC_SET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/metric/metric.h"
#include "fitd/v1/metric.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace fitd {

// A value without a number where it is undefined: never NaN or infinite.
v1::MetricValue MakeMetricValue(const std::string& name, std::optional<double> value);

// Single-thread.
class MetricSet {
 public:
  // `specs` are resolved; `outputs` is the width of the model's output.
  MetricSet(const google::protobuf::RepeatedPtrField<v1::MetricSpec>& specs, int64_t outputs);

  void Reset();
  void Update(const MetricBatch& batch);
  // In the order of the specs.
  std::vector<v1::MetricValue> Results() const;

  // Every metric's state, one after another.
  std::vector<double> State() const;
  size_t state_size() const;
  // `state` has state_size() values.
  void SetState(std::span<const double> state);

 private:
  struct Entry {
    std::string name;
    std::unique_ptr<Metric> metric;
  };
  std::vector<Entry> entries_;
};

}  // namespace fitd

#endif  // FITD_CORE_METRIC_METRIC_SET_H_
