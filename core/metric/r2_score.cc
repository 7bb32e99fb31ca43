#include "core/metric/r2_score.h"

namespace fitd {

void R2Score::Reset() {
  for (Sums& sums : sums_) sums = {};
  rows_ = 0;
}

void R2Score::Update(const MetricBatch& batch) {
  for (int64_t row = 0; row < batch.rows; ++row, ++rows_) {
    for (int64_t output = 0; output < batch.outputs; ++output) {
      Sums& sums = sums_[static_cast<size_t>(output)];
      const double target = batch.Target(row, output);
      if (rows_ == 0) sums.origin = target;
      const double offset = target - sums.origin;
      const double residual = target - batch.Prediction(row, output);
      sums.targets += offset;
      sums.squares += offset * offset;
      sums.residuals += residual * residual;
    }
  }
}

std::optional<double> R2Score::Result() const {
  double score = 0;
  for (const Sums& sums : sums_) {
    const double total = sums.squares - sums.targets * sums.targets / static_cast<double>(rows_);
    if (!(total > 0)) return std::nullopt;
    score += 1 - sums.residuals / total;
  }
  return Ratio(score, static_cast<double>(sums_.size()));
}

}  // namespace fitd
