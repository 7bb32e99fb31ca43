#include "core/nn/normalization.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/kinds.h"

namespace fitd {
namespace {

constexpr float kSmallestStddev = 1e-7f;

// The vectors that the affine kernel takes, from the weights.
struct FactorsArgs {
  int64_t features;
  const float* mean;
  const float* variance;
  float* ones;            // [features]
  float* negative_mean;   // [features]
  float* inverse_stddev;  // [features]
};

void ComputeFactors(const FactorsArgs& args, Part part) {
  if (part.index != 0) return;
  for (int64_t i = 0; i < args.features; ++i) {
    args.ones[i] = 1.0f;
    args.negative_mean[i] = -args.mean[i];
    args.inverse_stddev[i] = 1.0f / std::max(std::sqrt(args.variance[i]), kSmallestStddev);
  }
}

std::vector<WeightSpec> NormalizationWeights(const v1::NormalizationSpec& spec, int64_t features) {
  WeightSpec mean = {.name = "mean",
                     .shape = {features},
                     .trainable = false,
                     .values = {spec.mean().begin(), spec.mean().end()}};
  WeightSpec variance = {.name = "variance",
                         .shape = {features},
                         .trainable = false,
                         .values = {spec.variance().begin(), spec.variance().end()}};
  mean.initializer.mutable_zeros();
  variance.initializer.mutable_ones();
  return {std::move(mean), std::move(variance)};
}

}  // namespace

void Normalization::Resolve(const v1::NormalizationSpec& spec, const Shape& input,
                            std::string_view path, Violations& violations) {
  const int64_t features = input.back();
  const auto check_size = [&](int64_t size, const char* field) {
    if (size == 0 || size == 1 || size == features) return;
    violations.Add(
        ChildPath(path, field),
        fmt::format("has {} values; allowed: 1, or {}, one per feature", size, features));
  };
  check_size(spec.mean_size(), "mean");
  check_size(spec.variance_size(), "variance");
  if (spec.mean().empty() != spec.variance().empty()) {
    violations.Add(std::string(path),
                   fmt::format("sets {} alone; allowed: mean and variance, or neither",
                               spec.mean().empty() ? "variance" : "mean"));
  }
  for (int i = 0; i < spec.mean_size(); ++i) {
    CheckField(std::isfinite(spec.mean(i)), spec.mean(i), "a finite number",
               IndexedPath(ChildPath(path, "mean"), i), violations);
  }
  for (int i = 0; i < spec.variance_size(); ++i) {
    CheckField(std::isfinite(spec.variance(i)) && spec.variance(i) >= 0.0f, spec.variance(i),
               "a number of 0 or more", IndexedPath(ChildPath(path, "variance"), i), violations);
  }
}

Normalization::Normalization(const v1::NormalizationSpec& spec, const Shape& input)
    : Layer(input, input, NormalizationWeights(spec, input.back())), features_(input.back()) {}

int64_t Normalization::kept_size(int64_t /*rows*/, bool /*training*/) const {
  return 3 * features_;
}

void Normalization::EmitForward(const LayerBuffers& buffers, OpList& ops) const {
  const int64_t rows = buffers.rows * (outputs() / features_);
  float* ones = buffers.kept;
  float* negative_mean = buffers.kept + features_;
  float* inverse_stddev = buffers.kept + 2 * features_;
  ops.Add(&ComputeFactors, {.features = features_,
                            .mean = buffers.weights[0],
                            .variance = buffers.weights[1],
                            .ones = ones,
                            .negative_mean = negative_mean,
                            .inverse_stddev = inverse_stddev});
  // Two passes: x * (1 / stddev) - mean / stddev would lose digits where the mean is large.
  const auto affine = ActiveKernels().affine;
  ops.Add(affine, {.rows = rows,
                   .cols = features_,
                   .vector_size = features_,
                   .x = buffers.x,
                   .scale = ones,
                   .offset = negative_mean,
                   .y = buffers.y});
  ops.Add(affine, {.rows = rows,
                   .cols = features_,
                   .vector_size = features_,
                   .x = buffers.y,
                   .scale = inverse_stddev,
                   .offset = nullptr,
                   .y = buffers.y});
}

void Normalization::EmitBackward(const LayerBuffers& buffers, OpList& ops) const {
  if (buffers.dx == nullptr) return;
  ops.Add(ActiveKernels().affine, {.rows = buffers.rows * (outputs() / features_),
                                   .cols = features_,
                                   .vector_size = features_,
                                   .x = buffers.dy,
                                   .scale = buffers.kept + 2 * features_,
                                   .offset = nullptr,
                                   .y = buffers.dx});
}

}  // namespace fitd
