#include "core/metric/auc.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fitd {

Auc::Auc(int64_t thresholds, bool from_logits)
    : from_logits_(from_logits),
      positives_(static_cast<size_t>(thresholds - 1)),
      negatives_(static_cast<size_t>(thresholds - 1)) {}

void Auc::Reset() {
  std::fill(positives_.begin(), positives_.end(), 0);
  std::fill(negatives_.begin(), negatives_.end(), 0);
}

void Auc::Update(const MetricBatch& batch) {
  const auto buckets = static_cast<float>(positives_.size());
  for (int64_t row = 0; row < batch.rows; ++row) {
    for (int64_t output = 0; output < batch.outputs; ++output) {
      float score = batch.Prediction(row, output);
      if (from_logits_) score = 1.0F / (1.0F + std::exp(-score));
      // A NaN has no bucket; the loss stops the fit for it.
      if (std::isnan(score)) continue;
      const float bucket = std::ceil(std::clamp(score, 0.0F, 1.0F) * buckets) - 1.0F;
      auto& counts = batch.Target(row, output) != 0 ? positives_ : negatives_;
      ++counts[static_cast<size_t>(std::max(bucket, 0.0F))];
    }
  }
}

std::optional<double> Auc::Result() const {
  const auto total = [](const std::vector<int64_t>& counts) {
    return static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  };
  const double positives = total(positives_);
  const double negatives = total(negatives_);
  if (positives == 0 || negatives == 0) return std::nullopt;
  // From the highest threshold down, the curve runs from (0, 0) to (1, 1).
  double area = 0;
  double true_positives = 0;
  for (size_t i = positives_.size(); i-- > 0;) {
    const double before = true_positives;
    true_positives += static_cast<double>(positives_[i]);
    area += static_cast<double>(negatives_[i]) * (before + true_positives) / 2;
  }
  return area / (positives * negatives);
}

}  // namespace fitd
