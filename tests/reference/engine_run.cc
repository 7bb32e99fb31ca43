#include "tests/reference/engine_run.h"

#include "core/loss/resolve_loss.h"
#include "core/nn/resolve_model.h"
#include "core/optim/resolve_optimizer.h"
#include "gtest/gtest.h"

namespace fitd::reference {
namespace {

constexpr int64_t kMaxParameters = 10'000'000;

}  // namespace

v1::ModelSpec Resolved(v1::ModelSpec model) {
  Violations violations;
  ResolveModel(model, kMaxParameters, "model", violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return model;
}

v1::TrainingSpec Resolved(v1::TrainingSpec training) {
  Violations violations;
  ResolveLoss(*training.mutable_loss(), "loss", violations);
  v1::OptimizerSpec& optimizer = *training.mutable_optimizer();
  if (optimizer.kind_case() == v1::OptimizerSpec::KIND_NOT_SET) optimizer.mutable_rmsprop();
  ResolveOptimizer(optimizer, "optimizer", violations);
  EXPECT_TRUE(violations.empty()) << violations.ToStatus();
  return training;
}

Weights ToWeights(const google::protobuf::RepeatedPtrField<NamedArray>& arrays) {
  Weights weights;
  for (const NamedArray& named : arrays) {
    const bool trainable = !named.name().ends_with("/mean") && !named.name().ends_with("/variance");
    weights.tensors.push_back(
        {.name = named.name(),
         .shape = {named.array().shape().begin(), named.array().shape().end()},
         .trainable = trainable,
         .values = {named.array().values().begin(), named.array().values().end()}});
  }
  return weights;
}

Weights ToWeights(const std::vector<testing::ReferenceWeight>& weights) {
  Weights result;
  for (const testing::ReferenceWeight& weight : weights) {
    result.tensors.push_back({.name = weight.name,
                              .shape = weight.shape,
                              .trainable = weight.trainable,
                              .values = {weight.values.begin(), weight.values.end()}});
  }
  return result;
}

std::vector<double> ToDoubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

std::unique_ptr<TrainingPlan> MakePlan(const v1::ModelSpec& model, const v1::TrainingSpec& training,
                                       int64_t target_width, const Weights& initial, int threads) {
  TrainingPlan::Options options;
  options.model = model;
  options.training = training;
  options.target_width = target_width;
  if (!initial.tensors.empty()) options.initial = initial;
  options.threads = threads;
  auto plan = TrainingPlan::Create(options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return *std::move(plan);
}

void FillBatch(TrainingPlan& plan, const testing::Matrix& x, const testing::Matrix& targets,
               std::span<const double> row_weights) {
  std::copy(x.values.begin(), x.values.end(), plan.inputs());
  std::copy(targets.values.begin(), targets.values.end(), plan.targets());
  for (int64_t r = 0; r < x.rows; ++r) {
    plan.row_weights()[r] = row_weights.empty() ? 1.0F : static_cast<float>(row_weights[r]);
  }
}

testing::Matrix Outputs(const TrainingPlan& plan, int64_t rows, int64_t outputs) {
  return testing::Matrix(rows, outputs, {plan.outputs(), plan.outputs() + rows * outputs});
}

testing::Matrix Predict(const v1::ModelSpec& model, const Weights& weights,
                        const testing::Matrix& x) {
  auto predictor = Predictor::Create(model, weights, {});
  EXPECT_TRUE(predictor.ok()) << predictor.status();
  const std::vector<float> inputs(x.values.begin(), x.values.end());
  std::vector<float> outputs(x.rows * (*predictor)->outputs());
  (*predictor)->Predict(inputs.data(), x.rows, outputs.data());
  return testing::Matrix(x.rows, (*predictor)->outputs(), ToDoubles(outputs));
}

}  // namespace fitd::reference
