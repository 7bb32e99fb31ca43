// Everything that a fit computes, once more, to check the engine against: slow, in double
// precision, in plain loops from the formulas in the protos, sharing no code with core. Specs need
// not be resolved: what is unset has the default that the protos name. Input is trusted.
// Single-thread.

#ifndef FITD_TESTS_TESTING_REFERENCE_NETWORK_H_
#define FITD_TESTS_TESTING_REFERENCE_NETWORK_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fitd/v1/layer.pb.h"
#include "fitd/v1/loss.pb.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/optimizer.pb.h"
#include "fitd/v1/training.pb.h"

namespace fitd::testing {

// Row-major.
struct Matrix {
  Matrix() = default;
  Matrix(int64_t rows, int64_t cols) : rows(rows), cols(cols), values(rows * cols) {}
  Matrix(int64_t rows, int64_t cols, std::vector<double> values)
      : rows(rows), cols(cols), values(std::move(values)) {}

  double& operator()(int64_t row, int64_t col) { return values[row * cols + col]; }
  double operator()(int64_t row, int64_t col) const { return values[row * cols + col]; }

  int64_t rows = 0;
  int64_t cols = 0;
  std::vector<double> values;
};

// y = f(x); softmax along rows.
Matrix Activate(const v1::ActivationSpec& spec, const Matrix& x);
// d(sum(f(x) * dy)) / dx.
Matrix ActivationGradient(const v1::ActivationSpec& spec, const Matrix& x, const Matrix& dy);

// sum over rows of weight * loss / rows.
struct LossResult {
  double value = 0;
  Matrix gradient;  // d value / d predictions.
};
// Targets are [rows, outputs], or [rows, 1] class indices for the sparse kind; no row weights stand
// for all 1.
LossResult ComputeLoss(const v1::LossSpec& spec, const Matrix& predictions, const Matrix& targets,
                       std::span<const double> row_weights = {});

double Penalty(const v1::RegularizerSpec& spec, std::span<const double> w);
std::vector<double> PenaltyGradient(const v1::RegularizerSpec& spec, std::span<const double> w);

struct ReferenceWeight {
  std::string name;  // "dense_1/kernel"
  std::vector<int64_t> shape;
  bool trainable = true;
  std::vector<double> values;    // 0 until set.
  std::vector<double> gradient;  // Of the newest Backward.
};

class ReferenceNetwork {
 public:
  // Whether dropout keeps a value: index of the layer, position in the layer's batch (row-major).
  using Keep = std::function<bool(int layer, int64_t position)>;

  explicit ReferenceNetwork(const v1::ModelSpec& spec);

  std::vector<ReferenceWeight>& weights() { return weights_; }
  const std::vector<ReferenceWeight>& weights() const { return weights_; }
  // Throws std::out_of_range when there is no such weight.
  ReferenceWeight& weight(const std::string& name);

  // Sets mean and variance of the Normalization layers that ask for it, in order.
  void Adapt(const Matrix& x);
  // Without dropout, and with it.
  Matrix Predict(const Matrix& x) const;
  Matrix Forward(const Matrix& x, const Keep& keep);

  // Of the newest Forward and the weights of now: all penalties.
  double penalty() const;
  // Of f = sum(outputs * dy) + penalty() at the newest Forward: sets the weights' gradients,
  // returns df / dx.
  Matrix Backward(const Matrix& dy);

 private:
  struct Layer {
    v1::LayerSpec spec;
    int64_t features = 0;  // Size of the last axis of the input.
    int weights = -1;      // Index of the first weight.
    // Of the newest Forward.
    Matrix x;
    Matrix z;  // dense: before the activation.
    Matrix y;
    std::vector<double> mask;  // dropout: 0 or 1 / (1 - rate).
  };
  void Run(int index, Layer& layer, const Keep& keep) const;
  Matrix RunBackward(Layer& layer, Matrix dy);
  bool Adapts(const Layer& layer) const;

  std::vector<Layer> layers_;
  std::vector<ReferenceWeight> weights_;
};

// The learning rate of step s from 0; `spec` is the optimizer's, which knows the default.
double LearningRate(const v1::OptimizerSpec& spec, int64_t s);

class ReferenceOptimizer {
 public:
  explicit ReferenceOptimizer(const v1::OptimizerSpec& spec) : spec_(spec) {}
  // Clips the gradients and updates the trainable weights; always called with the same weights.
  void Step(std::vector<ReferenceWeight>& weights, double learning_rate);
  int64_t iterations() const { return iterations_; }

 private:
  struct Slots {
    std::vector<double> a, b, c;
  };
  void Clip(std::vector<ReferenceWeight>& weights) const;
  void Update(ReferenceWeight& weight, Slots& slots, double learning_rate) const;

  v1::OptimizerSpec spec_;
  int64_t iterations_ = 0;
  std::vector<Slots> slots_;
};

// Steps of a fit.
class ReferenceTraining {
 public:
  ReferenceTraining(const v1::ModelSpec& model, const v1::TrainingSpec& training);
  ReferenceNetwork& network() { return network_; }
  // The loss before the update, penalties included.
  double Step(const Matrix& x, const Matrix& targets, std::span<const double> row_weights,
              const ReferenceNetwork::Keep& keep = {});

 private:
  ReferenceNetwork network_;
  v1::LossSpec loss_;
  ReferenceOptimizer optimizer_;
  v1::OptimizerSpec optimizer_spec_;
};

}  // namespace fitd::testing

#endif  // FITD_TESTS_TESTING_REFERENCE_NETWORK_H_
