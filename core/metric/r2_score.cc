#include "core/metric/r2_score.h"

namespace fitd {

void R2Score::Update(const MetricBatch& batch) {
  double& rows = state(0);
  for (int64_t row = 0; row < batch.rows; ++row, ++rows) {
    for (int64_t output = 0; output < batch.outputs; ++output) {
      const double target = batch.Target(row, output);
      if (rows == 0) state(At(output, kOrigin)) = target;
      const double offset = target - state(At(output, kOrigin));
      const double residual = target - batch.Prediction(row, output);
      state(At(output, kTargets)) += offset;
      state(At(output, kSquares)) += offset * offset;
      state(At(output, kResiduals)) += residual * residual;
    }
  }
}

std::optional<double> R2Score::Result() const {
  double score = 0;
  for (int64_t output = 0; output < outputs_; ++output) {
    const double targets = state(At(output, kTargets));
    const double total = state(At(output, kSquares)) - targets * targets / state(0);
    if (!(total > 0)) return std::nullopt;
    score += 1 - state(At(output, kResiduals)) / total;
  }
  return Ratio(score, static_cast<double>(outputs_));
}

}  // namespace fitd
