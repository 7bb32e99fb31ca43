// What is measured beside the loss: the interface of the kinds in metric.proto.

#ifndef FITD_CORE_METRIC_METRIC_H_
#define FITD_CORE_METRIC_METRIC_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fitd {

// What a model said about some rows, and what was right.
struct MetricBatch {
  int64_t rows;
  int64_t outputs;
  const float* predictions;  // [rows, outputs]
  const float* targets;      // [rows, target_width]
  int64_t target_width;      // `outputs`, or 1 for class indices.

  float Prediction(int64_t row, int64_t output) const {
    return predictions[row * outputs + output];
  }
  // Class indices count as one-hot rows when there is more than one output.
  float Target(int64_t row, int64_t output) const {
    if (target_width == outputs) return targets[row * outputs + output];
    return targets[row] == static_cast<float>(output) ? 1.0F : 0.0F;
  }
  // The target's class: the index itself, or the place of the (first) largest value.
  int64_t TargetClass(int64_t row) const;
  // The place of the (first) largest output.
  int64_t PredictedClass(int64_t row) const;
};

// A running value over the rows of an epoch. Every row weighs the same, as in Keras's `metrics`.
// Sums grow row by row, so that a value does not depend on how rows were cut into batches.
// Single-thread.
class Metric {
 public:
  virtual ~Metric() = default;
  virtual void Update(const MetricBatch& batch) = 0;
  // Absent where the rows so far leave it undefined (0 / 0).
  virtual std::optional<double> Result() const = 0;

  // Sums and counts (whole numbers, exact up to 2^53): all that a metric knows of the rows so far.
  // 0 at first; of one size for its whole life.
  std::span<double> state() { return state_; }
  void Reset() { std::fill(state_.begin(), state_.end(), 0.0); }

 protected:
  explicit Metric(size_t state_size) : state_(state_size) {}
  double& state(size_t i) { return state_[i]; }
  double state(size_t i) const { return state_[i]; }

 private:
  std::vector<double> state_;
};

// A mean of something, absent over nothing.
inline std::optional<double> Ratio(double numerator, double denominator) {
  if (denominator == 0) return std::nullopt;
  return numerator / denominator;
}

// The mean of something over rows or outputs.
class MeanMetric : public Metric {
 public:
  std::optional<double> Result() const override { return Ratio(state(0), state(1)); }

 protected:
  MeanMetric() : Metric(2) {}
  double& sum() { return state(0); }
  void Count(int64_t things) { state(1) += static_cast<double>(things); }
};

}  // namespace fitd

#endif  // FITD_CORE_METRIC_METRIC_H_
