// What a loss takes the labels of a table for.

#ifndef FITD_CORE_TRAIN_TARGETS_H_
#define FITD_CORE_TRAIN_TARGETS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/violations.h"
#include "core/data/pipeline.h"
#include "fitd/v1/dataset.pb.h"
#include "fitd/v1/loss.pb.h"
#include "fitd/v1/metric.pb.h"

namespace fitd {

// Indices of the label columns, in the order of the source.
std::vector<int> LabelColumns(const v1::TableHeader& header);

// Values per row of all label columns together.
int64_t LabelWidth(const v1::TableHeader& header);

// Classes for a crossentropy over one column of integers or strings, else numbers. The loss's kind
// is set.
TargetKind TargetKindOf(const v1::LossSpec& loss, const v1::TableHeader& header);

// How many classes a model with so many outputs tells apart: one output tells two.
inline int64_t ClassCount(int64_t outputs) { return outputs == 1 ? 2 : outputs; }

// Whether the loss compares probabilities or logits rather than amounts.
bool IsCrossentropy(const v1::LossSpec& loss);

// Adds a violation for each metric that compares classes, if the labels are amounts: numbers beyond
// 0 to 1, which are neither right nor wrong.
void CheckMetricsOfNumbers(const google::protobuf::RepeatedPtrField<v1::MetricSpec>& metrics,
                           const v1::TableHeader& header, std::string_view path,
                           Violations& violations);

// Whether the loss takes the model's outputs for logits.
bool FromLogits(const v1::LossSpec& loss);

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_TARGETS_H_
