#include "core/metric/metric.h"

#include <algorithm>

namespace fitd {

int64_t MetricBatch::TargetClass(int64_t row) const {
  const float* target = targets + row * target_width;
  if (target_width != outputs) return static_cast<int64_t>(*target);
  return std::max_element(target, target + outputs) - target;
}

int64_t MetricBatch::PredictedClass(int64_t row) const {
  const float* prediction = predictions + row * outputs;
  return std::max_element(prediction, prediction + outputs) - prediction;
}

}  // namespace fitd
