// Metrics as a user wrote them in, metrics with every name and default written out and checked
// against the data out.

#ifndef FITD_CORE_METRIC_RESOLVE_METRICS_H_
#define FITD_CORE_METRIC_RESOLVE_METRICS_H_

#include <cstdint>
#include <string_view>

#include "core/base/violations.h"
#include "fitd/v1/metric.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace fitd {

// What metrics will be given.
struct MetricShapes {
  int64_t outputs = 1;        // Width of the model's output.
  bool class_targets = true;  // Whether targets are class indices, else `outputs` numbers per row.
  bool logits = false;        // Whether the loss takes the outputs for logits.
};

// Writes names and defaults into `specs` and puts the accuracy that fits the shapes in the place of
// AccuracySpec, keeping its name "accuracy". Without `shapes` what depends on them is left as it
// is. Resolving twice changes nothing. Paths of faults start with `path` ("spec.training.metrics").
void ResolveMetrics(google::protobuf::RepeatedPtrField<v1::MetricSpec>& specs,
                    const MetricShapes* shapes, std::string_view path, Violations& violations);

}  // namespace fitd

#endif  // FITD_CORE_METRIC_RESOLVE_METRICS_H_
