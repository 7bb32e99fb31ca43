// The forward half of a trained network, for evaluation and prediction.

#ifndef FITD_CORE_PLAN_PREDICTOR_H_
#define FITD_CORE_PLAN_PREDICTOR_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "core/base/status.h"
#include "core/nn/weights.h"
#include "fitd/v1/model.pb.h"

namespace fitd {

// Thread-safe: any number of threads may call Predict at once; scratch comes from a pool of its
// own.
class Predictor {
 public:
  // `spec` is resolved; `target` supplies the inverse of a standardised regression target.
  // DATA_LOSS when weights and architecture do not fit together.
  static absl::StatusOr<std::unique_ptr<Predictor>> Create(const v1::ModelSpec& spec,
                                                           const Weights& weights,
                                                           const v1::TargetTransform& target);
  virtual ~Predictor() = default;

  virtual int64_t inputs() const = 0;
  virtual int64_t outputs() const = 0;
  // y[rows, outputs] = network(x[rows, inputs]). A row's bits do not depend on the other rows.
  // Given up, with false, when `cancelled` says so, which is asked every 256 rows at most. The
  // layers' activity penalties, summed over the rows, are added to *activity_penalty if it is
  // given.
  virtual bool Predict(const float* x, int64_t rows, float* y,
                       const std::function<bool()>& cancelled,
                       double* activity_penalty = nullptr) const = 0;
  void Predict(const float* x, int64_t rows, float* y) const {
    Predict(x, rows, y, [] { return false; });
  }
  // The sum of the penalties on weights.
  virtual double weight_penalty() const = 0;
};

}  // namespace fitd

#endif  // FITD_CORE_PLAN_PREDICTOR_H_
