#include "core/metric/auc.h"

#include <algorithm>
#include <cmath>

namespace fitd {

Auc::Auc(int64_t thresholds, bool from_logits)
    : Metric(2 * static_cast<size_t>(thresholds - 1)),
      buckets_(static_cast<size_t>(thresholds - 1)),
      from_logits_(from_logits) {}

void Auc::Update(const MetricBatch& batch) {
  const auto buckets = static_cast<float>(buckets_);
  for (int64_t row = 0; row < batch.rows; ++row) {
    for (int64_t output = 0; output < batch.outputs; ++output) {
      float score = batch.Prediction(row, output);
      if (from_logits_) score = 1.0F / (1.0F + std::exp(-score));
      // A NaN has no bucket; the loss stops the fit for it.
      if (std::isnan(score)) continue;
      const float bucket = std::ceil(std::clamp(score, 0.0F, 1.0F) * buckets) - 1.0F;
      const size_t first = batch.Target(row, output) != 0 ? 0 : buckets_;
      ++state(first + static_cast<size_t>(std::max(bucket, 0.0F)));
    }
  }
}

std::optional<double> Auc::Result() const {
  double all_positives = 0;
  double all_negatives = 0;
  for (size_t i = 0; i < buckets_; ++i) {
    all_positives += positives(i);
    all_negatives += negatives(i);
  }
  if (all_positives == 0 || all_negatives == 0) return std::nullopt;
  // From the highest threshold down, the curve runs from (0, 0) to (1, 1).
  double area = 0;
  double true_positives = 0;
  for (size_t i = buckets_; i-- > 0;) {
    const double before = true_positives;
    true_positives += positives(i);
    area += negatives(i) * (before + true_positives) / 2;
  }
  return area / (all_positives * all_negatives);
}

}  // namespace fitd
