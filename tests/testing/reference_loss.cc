#include <algorithm>
#include <cmath>

#include "tests/testing/reference_network.h"

namespace fitd::testing {
namespace {

constexpr double kEpsilon = 1e-7;  // Keras's backend.epsilon().

// Keras clips probabilities; where the clip acts, the gradient is 0.
double Clipped(double p) { return std::clamp(p, kEpsilon, 1 - kEpsilon); }
bool IsClipped(double p) { return p < kEpsilon || p > 1 - kEpsilon; }

// log(1 / (1 + exp(-x)))
double LogSigmoid(double x) { return std::min(x, 0.0) - std::log1p(std::exp(-std::abs(x))); }

// The loss of one row and its gradient.
struct RowLoss {
  double value = 0;
  std::vector<double> gradient;
};
using Row = std::vector<double>;

// mean(f(prediction - target)) over the outputs.
template <typename Value, typename Derivative>
RowLoss MeanOfErrors(const Row& predictions, const Row& targets, Value value,
                     Derivative derivative) {
  RowLoss loss;
  const double size = predictions.size();
  for (size_t c = 0; c < predictions.size(); ++c) {
    const double error = predictions[c] - targets[c];
    loss.value += value(error) / size;
    loss.gradient.push_back(derivative(error) / size);
  }
  return loss;
}

RowLoss BinaryCrossentropy(const Row& predictions, const Row& targets, bool from_logits,
                           double smoothing) {
  RowLoss loss;
  const double size = predictions.size();
  for (size_t c = 0; c < predictions.size(); ++c) {
    const double y = targets[c] * (1 - smoothing) + smoothing / 2;
    const double p = predictions[c];
    if (from_logits) {
      loss.value += (-y * LogSigmoid(p) - (1 - y) * LogSigmoid(-p)) / size;
      loss.gradient.push_back((std::exp(LogSigmoid(p)) - y) / size);
    } else {
      loss.value += (-y * std::log(Clipped(p)) - (1 - y) * std::log(1 - Clipped(p))) / size;
      loss.gradient.push_back(IsClipped(p) ? 0 : (-y / p + (1 - y) / (1 - p)) / size);
    }
  }
  return loss;
}

RowLoss CategoricalCrossentropy(const Row& predictions, const Row& targets, bool from_logits,
                                double smoothing) {
  const size_t classes = predictions.size();
  RowLoss loss{.gradient = Row(classes)};
  Row y(classes);
  double sum_y = 0;
  for (size_t c = 0; c < classes; ++c) {
    y[c] = targets[c] * (1 - smoothing) + smoothing / classes;
    sum_y += y[c];
  }
  if (from_logits) {
    const double largest = *std::ranges::max_element(predictions);
    double sum = 0;
    for (double x : predictions) sum += std::exp(x - largest);
    for (size_t c = 0; c < classes; ++c) {
      const double log_p = predictions[c] - largest - std::log(sum);
      loss.value -= y[c] * log_p;
      loss.gradient[c] = sum_y * std::exp(log_p) - y[c];
    }
    return loss;
  }
  double sum = 0;
  for (double p : predictions) sum += p;
  // By p / sum first, then by p.
  Row inner(classes);
  double inner_sum = 0;
  for (size_t c = 0; c < classes; ++c) {
    const double p = predictions[c] / sum;
    loss.value -= y[c] * std::log(Clipped(p));
    inner[c] = IsClipped(p) ? 0 : -y[c] / p;
    inner_sum += inner[c] * p;
  }
  for (size_t c = 0; c < classes; ++c) loss.gradient[c] = (inner[c] - inner_sum) / sum;
  return loss;
}

RowLoss ComputeRow(const v1::LossSpec& spec, const Row& predictions, const Row& targets) {
  switch (spec.kind_case()) {
    case v1::LossSpec::kMeanSquaredError:
      return MeanOfErrors(
          predictions, targets, [](double e) { return e * e; }, [](double e) { return 2 * e; });
    case v1::LossSpec::kMeanAbsoluteError:
      return MeanOfErrors(
          predictions, targets, [](double e) { return std::abs(e); },
          [](double e) { return e > 0   ? 1
                                : e < 0 ? -1
                                        : 0; });
    case v1::LossSpec::kHuber: {
      const double delta = spec.huber().has_delta() ? spec.huber().delta() : 1;
      return MeanOfErrors(
          predictions, targets,
          [delta](double e) {
            return std::abs(e) <= delta ? e * e / 2 : delta * (std::abs(e) - delta / 2);
          },
          [delta](double e) { return std::clamp(e, -delta, delta); });
    }
    case v1::LossSpec::kBinaryCrossentropy:
      return BinaryCrossentropy(predictions, targets, spec.binary_crossentropy().from_logits(),
                                spec.binary_crossentropy().label_smoothing());
    case v1::LossSpec::kCategoricalCrossentropy:
      return CategoricalCrossentropy(predictions, targets,
                                     spec.categorical_crossentropy().from_logits(),
                                     spec.categorical_crossentropy().label_smoothing());
    case v1::LossSpec::kSparseCategoricalCrossentropy: {
      Row one_hot(predictions.size());
      one_hot[static_cast<size_t>(targets[0])] = 1;
      return CategoricalCrossentropy(predictions, one_hot,
                                     spec.sparse_categorical_crossentropy().from_logits(), 0);
    }
    case v1::LossSpec::KIND_NOT_SET:
      break;
  }
  return {};
}

Row RowOf(const Matrix& matrix, int64_t row) {
  const auto begin = matrix.values.begin() + row * matrix.cols;
  return Row(begin, begin + matrix.cols);
}

}  // namespace

LossResult ComputeLoss(const v1::LossSpec& spec, const Matrix& predictions, const Matrix& targets,
                       std::span<const double> row_weights) {
  LossResult result{.gradient = Matrix(predictions.rows, predictions.cols)};
  for (int64_t r = 0; r < predictions.rows; ++r) {
    const RowLoss loss = ComputeRow(spec, RowOf(predictions, r), RowOf(targets, r));
    const double weight = (row_weights.empty() ? 1 : row_weights[r]) / predictions.rows;
    result.value += weight * loss.value;
    for (int64_t c = 0; c < predictions.cols; ++c)
      result.gradient(r, c) = weight * loss.gradient[c];
  }
  return result;
}

}  // namespace fitd::testing
