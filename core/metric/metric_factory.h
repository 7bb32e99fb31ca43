// From a MetricSpec to its metric.

#ifndef FITD_CORE_METRIC_METRIC_FACTORY_H_
#define FITD_CORE_METRIC_METRIC_FACTORY_H_

#include <cstdint>
#include <memory>

#include "core/metric/metric.h"
#include "fitd/v1/metric.pb.h"

namespace fitd {

// `spec` is resolved (ResolveMetrics); `outputs` is the width of the model's output.
std::unique_ptr<Metric> MakeMetric(const v1::MetricSpec& spec, int64_t outputs);

// Whether larger values of this kind are better.
bool LargerIsBetter(const v1::MetricSpec& spec);

// Whether this kind counts right and wrong classes, which amounts do not have.
bool ComparesClasses(const v1::MetricSpec& spec);

}  // namespace fitd

#endif  // FITD_CORE_METRIC_METRIC_FACTORY_H_
