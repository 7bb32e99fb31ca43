// The engine against the plain reference network, on networks, losses and optimizers drawn at
// random: every kind is met many times, and in company.

#include <random>
#include <vector>

#include "core/kernels/kernels.h"
#include "core/optim/learning_rate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/reference/engine_run.h"
#include "tests/reference/reference_values.h"
#include "tests/testing/reference_network.h"

namespace fitd::reference {
namespace {

using ::testing::Le;
using testing::Matrix;
using testing::ReferenceNetwork;
using testing::ReferenceTraining;
using testing::ReferenceWeight;

constexpr int kNetworks = 240;
constexpr int kSteps = 6;

// Of |engine - reference| / max(|reference|, floor), for single precision.
constexpr double kGradientTolerance = 1e-4;
constexpr double kTrainingTolerance = 1e-4;
constexpr double kFloor = 0.1;

// A problem drawn from its number.
class Problem {
 public:
  explicit Problem(int number) : engine_(number), number_(number) {
    MakeModel();
    training_.set_batch_size(rows_);
    training_.set_seed(number);
    MakeWeights();
    x_ = RandomMatrix(rows_, inputs_);
    MakeTargets();
    for (int64_t r = 0; r < rows_; ++r) row_weights_.push_back(Chance(4) ? 0 : Uniform(0.25, 2));
  }

  // Every kind of optimizer takes its turn, with one of the clips or none.
  v1::OptimizerSpec Optimizer() {
    v1::OptimizerSpec optimizer;
    SetKind(optimizer, number_);
    if (optimizer.has_sgd()) {
      optimizer.mutable_sgd()->set_momentum(0.5F);
      optimizer.mutable_sgd()->set_nesterov(Chance(2));
    }
    if (optimizer.has_adam()) optimizer.mutable_adam()->set_amsgrad(Chance(2));
    if (optimizer.has_rmsprop()) optimizer.mutable_rmsprop()->set_momentum(0.5F);
    // Keeps the steps of Adam and its kin from being as large for a gradient of rounding errors as
    // for a real one.
    if (optimizer.has_adam()) optimizer.mutable_adam()->set_epsilon(0.01F);
    if (optimizer.has_adamw()) optimizer.mutable_adamw()->set_epsilon(0.01F);
    if (optimizer.has_rmsprop()) optimizer.mutable_rmsprop()->set_epsilon(1e-4F);
    if (optimizer.has_adagrad()) optimizer.mutable_adagrad()->set_epsilon(1e-4F);
    switch (Integer(0, 3)) {
      case 1:
        optimizer.set_clipnorm(0.125F);
        break;
      case 2:
        optimizer.set_global_clipnorm(0.25F);
        break;
      case 3:
        optimizer.set_clipvalue(0.03125F);
        break;
    }
    optimizer.mutable_learning_rate()->mutable_exponential_decay()->set_initial_learning_rate(
        0.015625F);
    optimizer.mutable_learning_rate()->mutable_exponential_decay()->set_decay_steps(2);
    optimizer.mutable_learning_rate()->mutable_exponential_decay()->set_decay_rate(0.75F);
    return optimizer;
  }

  const v1::ModelSpec& model() const { return model_; }
  const v1::TrainingSpec& training() const { return training_; }
  const std::vector<ReferenceWeight>& weights() const { return weights_; }
  const Matrix& x() const { return x_; }
  const Matrix& targets() const { return targets_; }
  const std::vector<double>& row_weights() const { return row_weights_; }
  int64_t rows() const { return rows_; }

 private:
  int64_t Integer(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  bool Chance(int one_in) { return Integer(1, one_in) == 1; }
  double Uniform(double low, double high) {
    return static_cast<float>(std::uniform_real_distribution<double>(low, high)(engine_));
  }
  Matrix RandomMatrix(int64_t rows, int64_t cols) {
    Matrix matrix(rows, cols);
    for (double& value : matrix.values)
      value = static_cast<float>(std::normal_distribution<double>()(engine_));
    return matrix;
  }

  template <typename Spec>
  void SetKind(Spec& spec, int64_t number) {
    const google::protobuf::OneofDescriptor* kinds = Spec::descriptor()->FindOneofByName("kind");
    spec.GetReflection()->MutableMessage(&spec, kinds->field(number % kinds->field_count()));
  }
  v1::ActivationSpec RandomActivation() {
    v1::ActivationSpec spec;
    SetKind(spec, Integer(0, 1000));
    if (spec.has_gelu()) spec.mutable_gelu()->set_approximate(Chance(2));
    return spec;
  }
  v1::RegularizerSpec RandomRegularizer() {
    v1::RegularizerSpec spec;
    SetKind(spec, Integer(0, 1000));
    if (spec.has_l1_l2()) spec.mutable_l1_l2()->set_l2(0.03125F);
    return spec;
  }
  v1::DenseSpec& AddDense(int64_t units) {
    v1::DenseSpec& dense = *model_.add_layers()->mutable_dense();
    dense.set_units(units);
    if (Chance(5)) dense.set_use_bias(false);
    if (Chance(4)) *dense.mutable_kernel_regularizer() = RandomRegularizer();
    if (Chance(4)) *dense.mutable_bias_regularizer() = RandomRegularizer();
    if (Chance(4)) *dense.mutable_activity_regularizer() = RandomRegularizer();
    return dense;
  }

  void MakeModel() {
    rows_ = Chance(6) ? 1 : Integer(2, 40);
    model_.add_input_shape(Integer(1, 40));
    inputs_ = model_.input_shape(0);
    const bool two_axes = Chance(2);
    if (two_axes) {
      model_.add_input_shape(Integer(1, 6));
      inputs_ *= model_.input_shape(1);
    }
    if (Chance(3)) {
      model_.add_layers()->mutable_rescaling()->set_scale(0.5F);
      model_.mutable_layers()->rbegin()->mutable_rescaling()->set_offset(0.25F);
    }
    if (Chance(3)) {
      model_.add_layers()->mutable_normalization()->add_mean(0.5F);
      model_.mutable_layers()->rbegin()->mutable_normalization()->add_variance(1.5F);
    }
    if (Chance(3)) *model_.add_layers()->mutable_activation() = RandomActivation();
    if (two_axes) model_.add_layers()->mutable_flatten();
    for (int64_t layers = Integer(0, 3); layers > 0; --layers) {
      *AddDense(Integer(1, 70)).mutable_activation() = RandomActivation();
      if (Chance(3)) model_.add_layers()->mutable_dropout()->set_rate(0.25F);
      if (Chance(4)) *model_.add_layers()->mutable_activation() = RandomActivation();
    }

    v1::LossSpec& loss = *training_.mutable_loss();
    SetKind(loss, number_);
    const bool logits = Chance(2);
    const float smoothing = Chance(2) ? 0.125F : 0;
    v1::DenseSpec& last = AddDense(Integer(2, 12));
    outputs_ = last.units();
    if (loss.has_binary_crossentropy()) {
      loss.mutable_binary_crossentropy()->set_from_logits(logits);
      loss.mutable_binary_crossentropy()->set_label_smoothing(smoothing);
      if (!logits) last.mutable_activation()->mutable_sigmoid();
    }
    if (loss.has_categorical_crossentropy()) {
      loss.mutable_categorical_crossentropy()->set_from_logits(logits);
      loss.mutable_categorical_crossentropy()->set_label_smoothing(smoothing);
      if (!logits) last.mutable_activation()->mutable_softmax();
    }
    if (loss.has_sparse_categorical_crossentropy()) {
      loss.mutable_sparse_categorical_crossentropy()->set_from_logits(logits);
      if (!logits) last.mutable_activation()->mutable_softmax();
    }
  }

  void MakeWeights() {
    weights_ = ReferenceNetwork(model_).weights();
    for (ReferenceWeight& weight : weights_) {
      if (!weight.trainable) continue;
      const double scale = 1 / std::sqrt(static_cast<double>(weight.shape[0]));
      weight.values = RandomMatrix(1, weight.values.size()).values;
      for (double& value : weight.values) value = static_cast<float>(value * scale);
    }
  }

  void MakeTargets() {
    const v1::LossSpec& loss = training_.loss();
    if (loss.has_sparse_categorical_crossentropy()) {
      targets_ = Matrix(rows_, 1);
      for (double& value : targets_.values) value = Integer(0, outputs_ - 1);
      return;
    }
    targets_ = RandomMatrix(rows_, outputs_);
    if (loss.has_binary_crossentropy()) {
      for (double& value : targets_.values) value = value > 0;
    }
    if (loss.has_categorical_crossentropy()) {
      for (double& value : targets_.values) value = 0;
      for (int64_t r = 0; r < rows_; ++r) targets_(r, Integer(0, outputs_ - 1)) = 1;
    }
  }

  std::mt19937_64 engine_;
  const int number_;
  v1::ModelSpec model_;
  v1::TrainingSpec training_;
  int64_t rows_ = 0;
  int64_t inputs_ = 0;
  int64_t outputs_ = 0;
  std::vector<ReferenceWeight> weights_;
  Matrix x_;
  Matrix targets_;
  std::vector<double> row_weights_;
};

// The engine's own masks, which are checked where they are made.
ReferenceNetwork::Keep EngineDropout(const v1::ModelSpec& model, uint64_t seed, int64_t iteration) {
  return [=](int layer, int64_t position) {
    const StepState step = {.iteration = iteration, .learning_rates = nullptr, .seed = seed};
    const std::vector<float> ones(position + 1, 1.0F);
    std::vector<float> kept(ones.size());
    ActiveKernels().dropout({.block = Values(std::ssize(ones)),
                             .x = ones.data(),
                             .y = kept.data(),
                             .rates = {model.layers(layer).dropout().rate()},
                             .stream = static_cast<uint32_t>(layer),
                             .step = &step},
                            {.index = 0, .count = 1});
    return kept.back() != 0;
  };
}

// Losses of some steps, and the weights after them.
struct Outcome {
  std::vector<double> losses;
  Weights weights;
};

Outcome RunEngine(const Problem& problem, const v1::TrainingSpec& spec, int steps, int threads) {
  const v1::TrainingSpec training = Resolved(spec);
  auto plan = MakePlan(Resolved(problem.model()), training, problem.targets().cols,
                       ToWeights(problem.weights()), threads);
  FillBatch(*plan, problem.x(), problem.targets(), problem.row_weights());
  Outcome outcome;
  for (int step = 0; step < steps; ++step) {
    plan->Step(problem.rows(), LearningRateAt(training.optimizer().learning_rate(), step));
    outcome.losses.push_back(plan->loss());
  }
  outcome.weights = plan->Snapshot();
  return outcome;
}

struct ReferenceOutcome {
  std::vector<double> losses;
  std::vector<ReferenceWeight> weights;
};

ReferenceOutcome RunReference(const Problem& problem, const v1::TrainingSpec& spec, int steps) {
  ReferenceTraining training(problem.model(), spec);
  training.network().weights() = problem.weights();
  ReferenceOutcome outcome;
  for (int step = 0; step < steps; ++step) {
    outcome.losses.push_back(training.Step(problem.x(), problem.targets(), problem.row_weights(),
                                           EngineDropout(problem.model(), spec.seed(), step)));
  }
  outcome.weights = training.network().weights();
  return outcome;
}

const std::vector<float>& Find(const Weights& weights, const std::string& name) {
  return std::ranges::find(weights.tensors, name, &Weight::name)->values;
}

TEST(EngineRandomNetworkTest, GradientsAgreeWithTheReference) {
  v1::OptimizerSpec plain;
  plain.mutable_sgd();
  plain.mutable_learning_rate()->set_constant(1);
  for (int number = 0; number < kNetworks; ++number) {
    const Problem problem(number);
    SCOPED_TRACE(number);
    SCOPED_TRACE(problem.model().ShortDebugString());
    v1::TrainingSpec spec = problem.training();
    *spec.mutable_optimizer() = plain;
    const Outcome engine = RunEngine(problem, spec, 1, 1);
    const ReferenceOutcome reference = RunReference(problem, spec, 1);
    EXPECT_THAT(LargestError(engine.losses, reference.losses, kFloor), Le(kGradientTolerance));
    for (size_t i = 0; i < problem.weights().size(); ++i) {
      const ReferenceWeight& before = problem.weights()[i];
      if (!before.trainable) continue;
      std::vector<double> gradient = ToDoubles(Find(engine.weights, before.name));
      for (size_t j = 0; j < gradient.size(); ++j) gradient[j] = before.values[j] - gradient[j];
      EXPECT_THAT(LargestError(gradient, reference.weights[i].gradient, kFloor),
                  Le(kGradientTolerance))
          << before.name;
    }
  }
}

TEST(EngineRandomNetworkTest, StepsAgreeWithTheReference) {
  for (int number = 0; number < kNetworks; ++number) {
    Problem problem(number);
    SCOPED_TRACE(number);
    SCOPED_TRACE(problem.model().ShortDebugString());
    v1::TrainingSpec spec = problem.training();
    *spec.mutable_optimizer() = problem.Optimizer();
    SCOPED_TRACE(spec.ShortDebugString());
    const Outcome engine = RunEngine(problem, spec, kSteps, 1);
    const ReferenceOutcome reference = RunReference(problem, spec, kSteps);
    EXPECT_THAT(LargestError(engine.losses, reference.losses, kFloor), Le(kTrainingTolerance));
    for (const ReferenceWeight& weight : reference.weights) {
      EXPECT_THAT(LargestError(ToDoubles(Find(engine.weights, weight.name)), weight.values, kFloor),
                  Le(kTrainingTolerance))
          << weight.name;
    }
  }
}

TEST(EngineRandomNetworkTest, PredictionsAgreeWithTheReference) {
  for (int number = 0; number < kNetworks; ++number) {
    const Problem problem(number);
    SCOPED_TRACE(number);
    ReferenceNetwork reference(problem.model());
    reference.weights() = problem.weights();
    const Matrix predictions =
        Predict(Resolved(problem.model()), ToWeights(problem.weights()), problem.x());
    EXPECT_THAT(LargestError(predictions.values, reference.Predict(problem.x()).values, kFloor),
                Le(kGradientTolerance));
  }
}

TEST(EngineRandomNetworkTest, ThreadsDoNotChangeABit) {
  for (int number = 0; number < kNetworks; number += 8) {
    Problem problem(number);
    SCOPED_TRACE(number);
    v1::TrainingSpec spec = problem.training();
    *spec.mutable_optimizer() = problem.Optimizer();
    const Outcome one = RunEngine(problem, spec, kSteps, 1);
    for (int threads : {2, 3}) {
      const Outcome many = RunEngine(problem, spec, kSteps, threads);
      EXPECT_EQ(many.losses, one.losses);
      EXPECT_EQ(many.weights.Sha256(), one.weights.Sha256());
    }
  }
}

}  // namespace
}  // namespace fitd::reference
