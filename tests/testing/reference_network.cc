#include "tests/testing/reference_network.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <stdexcept>
#include <utility>

namespace fitd::testing {
namespace {

constexpr double kEpsilon = 1e-7;  // Keras's backend.epsilon().
constexpr double kSeluAlpha = 1.6732632423543772;
constexpr double kSeluScale = 1.0507009873554805;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double NormalCdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double NormalDensity(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

double Slope(const v1::LeakyReluSpec& spec) {
  return spec.has_negative_slope() ? spec.negative_slope() : 0.2;
}
double Alpha(const v1::EluSpec& spec) { return spec.has_alpha() ? spec.alpha() : 1; }

struct GeluTanh {
  explicit GeluTanh(double x) {
    const double scale = std::sqrt(2 / std::numbers::pi);
    tanh = std::tanh(scale * (x + 0.044715 * x * x * x));
    inner_derivative = scale * (1 + 3 * 0.044715 * x * x);
  }
  double tanh;
  double inner_derivative;
};

// f(x) of the element-wise kinds.
double Value(const v1::ActivationSpec& spec, double x) {
  switch (spec.kind_case()) {
    case v1::ActivationSpec::kRelu:
      return x > 0 ? x : 0;
    case v1::ActivationSpec::kLeakyRelu:
      return x > 0 ? x : Slope(spec.leaky_relu()) * x;
    case v1::ActivationSpec::kElu:
      return x > 0 ? x : Alpha(spec.elu()) * std::expm1(x);
    case v1::ActivationSpec::kSelu:
      return kSeluScale * (x > 0 ? x : kSeluAlpha * std::expm1(x));
    case v1::ActivationSpec::kGelu:
      return spec.gelu().approximate() ? 0.5 * x * (1 + GeluTanh(x).tanh) : x * NormalCdf(x);
    case v1::ActivationSpec::kSilu:
      return x * Sigmoid(x);
    case v1::ActivationSpec::kSoftplus:
      return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    case v1::ActivationSpec::kSigmoid:
      return Sigmoid(x);
    case v1::ActivationSpec::kTanh:
      return std::tanh(x);
    case v1::ActivationSpec::kSoftmax:  // Not element-wise.
    case v1::ActivationSpec::kLinear:
    case v1::ActivationSpec::KIND_NOT_SET:
      return x;
  }
  return x;
}

// f'(x) of the element-wise kinds.
double Derivative(const v1::ActivationSpec& spec, double x) {
  switch (spec.kind_case()) {
    case v1::ActivationSpec::kRelu:
      return x > 0 ? 1 : 0;
    case v1::ActivationSpec::kLeakyRelu:
      return x > 0 ? 1 : Slope(spec.leaky_relu());
    case v1::ActivationSpec::kElu:
      return x > 0 ? 1 : Alpha(spec.elu()) * std::exp(x);
    case v1::ActivationSpec::kSelu:
      return kSeluScale * (x > 0 ? 1 : kSeluAlpha * std::exp(x));
    case v1::ActivationSpec::kGelu: {
      if (!spec.gelu().approximate()) return NormalCdf(x) + x * NormalDensity(x);
      const GeluTanh g(x);
      return 0.5 * (1 + g.tanh) + 0.5 * x * (1 - g.tanh * g.tanh) * g.inner_derivative;
    }
    case v1::ActivationSpec::kSilu:
      return Sigmoid(x) * (1 + x * (1 - Sigmoid(x)));
    case v1::ActivationSpec::kSoftplus:
      return Sigmoid(x);
    case v1::ActivationSpec::kSigmoid:
      return Sigmoid(x) * (1 - Sigmoid(x));
    case v1::ActivationSpec::kTanh:
      return 1 - std::tanh(x) * std::tanh(x);
    case v1::ActivationSpec::kSoftmax:
    case v1::ActivationSpec::kLinear:
    case v1::ActivationSpec::KIND_NOT_SET:
      return 1;
  }
  return 1;
}

Matrix Softmax(const Matrix& x) {
  Matrix y(x.rows, x.cols);
  for (int64_t r = 0; r < x.rows; ++r) {
    double largest = x(r, 0);
    for (int64_t c = 0; c < x.cols; ++c) largest = std::max(largest, x(r, c));
    double sum = 0;
    for (int64_t c = 0; c < x.cols; ++c) sum += y(r, c) = std::exp(x(r, c) - largest);
    for (int64_t c = 0; c < x.cols; ++c) y(r, c) /= sum;
  }
  return y;
}

struct L1L2 {
  double l1 = 0;
  double l2 = 0;
};

L1L2 Factors(const v1::RegularizerSpec& spec) {
  switch (spec.kind_case()) {
    case v1::RegularizerSpec::kL1:
      return {.l1 = spec.l1().has_l1() ? spec.l1().l1() : 0.01};
    case v1::RegularizerSpec::kL2:
      return {.l2 = spec.l2().has_l2() ? spec.l2().l2() : 0.01};
    case v1::RegularizerSpec::kL1L2:
      return {.l1 = spec.l1_l2().l1(), .l2 = spec.l1_l2().l2()};
    case v1::RegularizerSpec::KIND_NOT_SET:
      return {};
  }
  return {};
}

double Sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

// Keras divides an activity penalty by the rows of the batch.
double ActivityPenalty(const v1::RegularizerSpec& spec, const Matrix& y) {
  return Penalty(spec, y.values) / y.rows;
}

std::string KindName(const v1::LayerSpec& spec) {
  return v1::LayerSpec::descriptor()->FindFieldByNumber(spec.kind_case())->name();
}

Matrix Reshaped(Matrix x, int64_t cols) {
  x.rows = x.values.size() / cols;
  x.cols = cols;
  return x;
}

}  // namespace

Matrix Activate(const v1::ActivationSpec& spec, const Matrix& x) {
  if (spec.has_softmax()) return Softmax(x);
  Matrix y = x;
  for (double& value : y.values) value = Value(spec, value);
  return y;
}

Matrix ActivationGradient(const v1::ActivationSpec& spec, const Matrix& x, const Matrix& dy) {
  Matrix dx(x.rows, x.cols);
  if (!spec.has_softmax()) {
    for (size_t i = 0; i < x.values.size(); ++i) {
      dx.values[i] = dy.values[i] * Derivative(spec, x.values[i]);
    }
    return dx;
  }
  const Matrix y = Softmax(x);
  for (int64_t r = 0; r < x.rows; ++r) {
    double sum = 0;
    for (int64_t c = 0; c < x.cols; ++c) sum += dy(r, c) * y(r, c);
    for (int64_t c = 0; c < x.cols; ++c) dx(r, c) = y(r, c) * (dy(r, c) - sum);
  }
  return dx;
}

double Penalty(const v1::RegularizerSpec& spec, std::span<const double> w) {
  const L1L2 factors = Factors(spec);
  double penalty = 0;
  for (double x : w) penalty += factors.l1 * std::abs(x) + factors.l2 * x * x;
  return penalty;
}

std::vector<double> PenaltyGradient(const v1::RegularizerSpec& spec, std::span<const double> w) {
  const L1L2 factors = Factors(spec);
  std::vector<double> gradient;
  for (double x : w) gradient.push_back(factors.l1 * Sign(x) + 2 * factors.l2 * x);
  return gradient;
}

ReferenceNetwork::ReferenceNetwork(const v1::ModelSpec& spec) {
  std::map<std::string, int> kinds;
  int64_t size = 1;
  for (int64_t axis : spec.input_shape()) size *= axis;
  int64_t features = *spec.input_shape().rbegin();

  for (const v1::LayerSpec& layer_spec : spec.layers()) {
    std::string name = layer_spec.name();
    if (const std::string kind = KindName(layer_spec); name.empty()) {
      const int number = kinds[kind]++;
      name = number == 0 ? kind : kind + "_" + std::to_string(number);
    }
    Layer layer;
    layer.spec = layer_spec;
    layer.features = features;
    auto add_weight = [&](const std::string& weight, std::vector<int64_t> shape, bool trainable) {
      if (layer.weights < 0) layer.weights = static_cast<int>(weights_.size());
      int64_t values = 1;
      for (int64_t axis : shape) values *= axis;
      weights_.push_back({name + "/" + weight, std::move(shape), trainable,
                          std::vector<double>(values), std::vector<double>(values)});
    };
    switch (layer_spec.kind_case()) {
      case v1::LayerSpec::kDense: {
        const v1::DenseSpec& dense = layer_spec.dense();
        add_weight("kernel", {size, dense.units()}, true);
        if (!dense.has_use_bias() || dense.use_bias()) add_weight("bias", {dense.units()}, true);
        size = features = dense.units();
        break;
      }
      case v1::LayerSpec::kNormalization: {
        const v1::NormalizationSpec& spec = layer_spec.normalization();
        add_weight("mean", {features}, false);
        add_weight("variance", {features}, false);
        for (int64_t c = 0; c < features && !Adapts(layer); ++c) {
          weights_[layer.weights].values[c] = spec.mean(spec.mean_size() == 1 ? 0 : c);
          weights_[layer.weights + 1].values[c] = spec.variance(spec.variance_size() == 1 ? 0 : c);
        }
        break;
      }
      case v1::LayerSpec::kFlatten:
        features = size;
        break;
      case v1::LayerSpec::kActivation:
      case v1::LayerSpec::kDropout:
      case v1::LayerSpec::kRescaling:
      case v1::LayerSpec::KIND_NOT_SET:
        break;
    }
    layers_.push_back(std::move(layer));
  }
}

ReferenceWeight& ReferenceNetwork::weight(const std::string& name) {
  const auto found = std::ranges::find(weights_, name, &ReferenceWeight::name);
  if (found == weights_.end()) throw std::out_of_range("no weight " + name);
  return *found;
}

bool ReferenceNetwork::Adapts(const Layer& layer) const {
  return layer.spec.has_normalization() && layer.spec.normalization().mean().empty();
}

void ReferenceNetwork::Adapt(const Matrix& x) {
  Matrix rows = x;
  for (int i = 0; i < static_cast<int>(layers_.size()); ++i) {
    Layer& layer = layers_[i];
    if (Adapts(layer)) {
      const Matrix values = Reshaped(rows, layer.features);
      for (int64_t c = 0; c < values.cols; ++c) {
        double mean = 0;
        for (int64_t r = 0; r < values.rows; ++r) mean += values(r, c) / values.rows;
        double variance = 0;
        for (int64_t r = 0; r < values.rows; ++r) {
          variance += (values(r, c) - mean) * (values(r, c) - mean) / values.rows;
        }
        weights_[layer.weights].values[c] = mean;
        weights_[layer.weights + 1].values[c] = variance;
      }
    }
    layer.x = std::move(rows);
    Run(i, layer, {});
    rows = layer.y;
  }
}

Matrix ReferenceNetwork::Predict(const Matrix& x) const {
  Matrix rows = x;
  for (int i = 0; i < static_cast<int>(layers_.size()); ++i) {
    Layer layer = layers_[i];
    layer.x = std::move(rows);
    Run(i, layer, {});
    rows = std::move(layer.y);
  }
  return rows;
}

Matrix ReferenceNetwork::Forward(const Matrix& x, const Keep& keep) {
  Matrix rows = x;
  for (int i = 0; i < static_cast<int>(layers_.size()); ++i) {
    layers_[i].x = std::move(rows);
    Run(i, layers_[i], keep);
    rows = layers_[i].y;
  }
  return rows;
}

void ReferenceNetwork::Run(int index, Layer& layer, const Keep& keep) const {
  const Matrix& x = layer.x;
  switch (layer.spec.kind_case()) {
    case v1::LayerSpec::kDense: {
      const v1::DenseSpec& dense = layer.spec.dense();
      const ReferenceWeight& kernel = weights_[layer.weights];
      const bool use_bias = !dense.has_use_bias() || dense.use_bias();
      layer.z = Matrix(x.rows, dense.units());
      for (int64_t r = 0; r < x.rows; ++r) {
        for (int64_t u = 0; u < dense.units(); ++u) {
          double sum = use_bias ? weights_[layer.weights + 1].values[u] : 0;
          for (int64_t c = 0; c < x.cols; ++c)
            sum += x(r, c) * kernel.values[c * dense.units() + u];
          layer.z(r, u) = sum;
        }
      }
      layer.y = Activate(dense.activation(), layer.z);
      break;
    }
    case v1::LayerSpec::kActivation:
      layer.y = Reshaped(Activate(layer.spec.activation(), Reshaped(x, layer.features)), x.cols);
      break;
    case v1::LayerSpec::kDropout:
      layer.y = x;
      layer.mask.assign(x.values.size(), 1);
      if (!keep) break;
      for (size_t i = 0; i < layer.mask.size(); ++i) {
        layer.mask[i] =
            keep(index, i) ? 1 / (1 - static_cast<double>(layer.spec.dropout().rate())) : 0;
        layer.y.values[i] *= layer.mask[i];
      }
      break;
    case v1::LayerSpec::kRescaling:
      layer.y = x;
      for (double& value : layer.y.values) {
        value = value * layer.spec.rescaling().scale() + layer.spec.rescaling().offset();
      }
      break;
    case v1::LayerSpec::kNormalization:
      layer.y = x;
      for (size_t i = 0; i < x.values.size(); ++i) {
        const int64_t c = i % layer.features;
        const double variance = weights_[layer.weights + 1].values[c];
        layer.y.values[i] -= weights_[layer.weights].values[c];
        layer.y.values[i] /= std::max(std::sqrt(variance), kEpsilon);
      }
      break;
    case v1::LayerSpec::kFlatten:
    case v1::LayerSpec::KIND_NOT_SET:
      layer.y = x;
      break;
  }
}

double ReferenceNetwork::penalty() const {
  double penalty = 0;
  for (const Layer& layer : layers_) {
    if (!layer.spec.has_dense()) continue;
    const v1::DenseSpec& dense = layer.spec.dense();
    penalty += Penalty(dense.kernel_regularizer(), weights_[layer.weights].values);
    if (!dense.has_use_bias() || dense.use_bias()) {
      penalty += Penalty(dense.bias_regularizer(), weights_[layer.weights + 1].values);
    }
    penalty += ActivityPenalty(dense.activity_regularizer(), layer.y);
  }
  return penalty;
}

Matrix ReferenceNetwork::Backward(const Matrix& dy) {
  Matrix gradient = dy;
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    gradient = RunBackward(*layer, std::move(gradient));
  }
  return gradient;
}

Matrix ReferenceNetwork::RunBackward(Layer& layer, Matrix dy) {
  const Matrix& x = layer.x;
  switch (layer.spec.kind_case()) {
    case v1::LayerSpec::kDense: {
      const v1::DenseSpec& dense = layer.spec.dense();
      const std::vector<double> activity =
          PenaltyGradient(dense.activity_regularizer(), layer.y.values);
      for (size_t i = 0; i < activity.size(); ++i) dy.values[i] += activity[i] / x.rows;
      const Matrix dz = ActivationGradient(dense.activation(), layer.z, dy);

      ReferenceWeight& kernel = weights_[layer.weights];
      kernel.gradient = PenaltyGradient(dense.kernel_regularizer(), kernel.values);
      Matrix dx(x.rows, x.cols);
      for (int64_t r = 0; r < x.rows; ++r) {
        for (int64_t c = 0; c < x.cols; ++c) {
          for (int64_t u = 0; u < dense.units(); ++u) {
            kernel.gradient[c * dense.units() + u] += x(r, c) * dz(r, u);
            dx(r, c) += dz(r, u) * kernel.values[c * dense.units() + u];
          }
        }
      }
      if (!dense.has_use_bias() || dense.use_bias()) {
        ReferenceWeight& bias = weights_[layer.weights + 1];
        bias.gradient = PenaltyGradient(dense.bias_regularizer(), bias.values);
        for (int64_t r = 0; r < x.rows; ++r) {
          for (int64_t u = 0; u < dense.units(); ++u) bias.gradient[u] += dz(r, u);
        }
      }
      return dx;
    }
    case v1::LayerSpec::kActivation:
      return Reshaped(ActivationGradient(layer.spec.activation(), Reshaped(x, layer.features),
                                         Reshaped(std::move(dy), layer.features)),
                      x.cols);
    case v1::LayerSpec::kDropout:
      for (size_t i = 0; i < layer.mask.size(); ++i) dy.values[i] *= layer.mask[i];
      return dy;
    case v1::LayerSpec::kRescaling:
      for (double& value : dy.values) value *= layer.spec.rescaling().scale();
      return dy;
    case v1::LayerSpec::kNormalization:
      for (size_t i = 0; i < dy.values.size(); ++i) {
        const double variance = weights_[layer.weights + 1].values[i % layer.features];
        dy.values[i] /= std::max(std::sqrt(variance), kEpsilon);
      }
      return dy;
    case v1::LayerSpec::kFlatten:
    case v1::LayerSpec::KIND_NOT_SET:
      return dy;
  }
  return dy;
}

ReferenceTraining::ReferenceTraining(const v1::ModelSpec& model, const v1::TrainingSpec& training)
    : network_(model), loss_(training.loss()), optimizer_({}) {
  optimizer_spec_ = training.optimizer();
  if (optimizer_spec_.kind_case() == v1::OptimizerSpec::KIND_NOT_SET)
    optimizer_spec_.mutable_rmsprop();
  optimizer_ = ReferenceOptimizer(optimizer_spec_);
}

double ReferenceTraining::Step(const Matrix& x, const Matrix& targets,
                               std::span<const double> row_weights,
                               const ReferenceNetwork::Keep& keep) {
  const Matrix outputs = network_.Forward(x, keep);
  const LossResult loss = ComputeLoss(loss_, outputs, targets, row_weights);
  const double value = loss.value + network_.penalty();
  network_.Backward(loss.gradient);
  optimizer_.Step(network_.weights(), LearningRate(optimizer_spec_, optimizer_.iterations()));
  return value;
}

}  // namespace fitd::testing
