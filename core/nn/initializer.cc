#include "core/nn/initializer.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/kinds.h"

namespace fitd {
namespace {

void FillUniform(double low, double high, const Rng& rng, std::span<float> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(low + (high - low) * rng.Uniform(i));
  }
}

void FillNormal(double mean, double stddev, const Rng& rng, std::span<float> values) {
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(mean + stddev * rng.Normal(i));
}

void FillTruncatedNormal(double mean, double stddev, const Rng& rng, std::span<float> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(mean + stddev * rng.TruncatedNormal(i));
  }
}

// Variance `scale` / fan; Keras's VarianceScaling.
void FillScaledUniform(double scale, double fan, const Rng& rng, std::span<float> values) {
  const double limit = std::sqrt(3.0 * scale / std::max(1.0, fan));
  FillUniform(-limit, limit, rng, values);
}

void FillScaledNormal(double scale, double fan, const Rng& rng, std::span<float> values) {
  constexpr double kStddevOfTruncated = 0.87962566103423978;  // Of a standard normal cut at +-2.
  FillTruncatedNormal(0.0, std::sqrt(scale / std::max(1.0, fan)) / kStddevOfTruncated, rng, values);
}

// The Q of a normal matrix's QR with a positive diagonal of R, which makes Q uniformly distributed.
// Wide matrices get orthonormal rows, others orthonormal columns.
void FillOrthogonal(double gain, int64_t rows, int64_t columns, const Rng& rng,
                    std::span<float> values) {
  // Eigen cuts products as these say: not as this processor is, so that sums have one order.
  [[maybe_unused]] static const bool fixed = [] {
    Eigen::setCpuCacheSizes(32 << 10, 512 << 10, 2 << 20);
    return true;
  }();
  const int64_t length = std::max(rows, columns);
  const int64_t count = std::min(rows, columns);
  Eigen::MatrixXd normal(length, count);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < length; ++j)
      normal(j, i) = rng.Normal(static_cast<uint64_t>(j * count + i));
  }
  const Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>> qr(normal);  // In place.
  Eigen::MatrixXd q = Eigen::MatrixXd::Identity(length, count);
  q.applyOnTheLeft(qr.householderQ());
  for (int64_t i = 0; i < count; ++i) {
    const double scale = normal(i, i) < 0 ? -gain : gain;
    for (int64_t j = 0; j < length; ++j) {
      const int64_t at = rows < columns ? i * length + j : j * count + i;
      values[static_cast<size_t>(at)] = static_cast<float>(scale * q(j, i));
    }
  }
}

void CheckFinite(float x, std::string field, Violations& violations) {
  CheckField(std::isfinite(x), x, "a finite number", std::move(field), violations);
}

// RandomNormalSpec and TruncatedNormalSpec.
template <typename Spec>
void ResolveNormal(Spec& spec, const std::string& path, Violations& violations) {
  if (!spec.has_stddev()) spec.set_stddev(0.05f);
  CheckFinite(spec.mean(), path + ".mean", violations);
  CheckField(std::isfinite(spec.stddev()) && spec.stddev() >= 0.0f, spec.stddev(),
             "a number of 0 or more", path + ".stddev", violations);
}

void ResolveRandomUniform(v1::RandomUniformSpec& spec, const std::string& path,
                          Violations& violations) {
  if (!spec.has_minval()) spec.set_minval(-0.05f);
  if (!spec.has_maxval()) spec.set_maxval(0.05f);
  CheckFinite(spec.minval(), path + ".minval", violations);
  CheckField(std::isfinite(spec.maxval()) && !(spec.maxval() < spec.minval()), spec.maxval(),
             fmt::format("a finite number of minval = {} or more", spec.minval()), path + ".maxval",
             violations);
}

void ResolveOrthogonal(v1::OrthogonalSpec& spec, int axes, const std::string& path,
                       Violations& violations) {
  if (!spec.has_gain()) spec.set_gain(1.0f);
  CheckFinite(spec.gain(), path + ".gain", violations);
  if (axes < 2) violations.Add(path, "is for matrices; this weight has one axis");
}

}  // namespace

void ResolveInitializer(v1::InitializerSpec& spec, int axes, std::string_view path,
                        Violations& violations) {
  const std::string kind_path = KindPath(spec, path);
  switch (spec.kind_case()) {
    case v1::InitializerSpec::kConstant:
      return CheckFinite(spec.constant().value(), kind_path + ".value", violations);
    case v1::InitializerSpec::kRandomNormal:
      return ResolveNormal(*spec.mutable_random_normal(), kind_path, violations);
    case v1::InitializerSpec::kRandomUniform:
      return ResolveRandomUniform(*spec.mutable_random_uniform(), kind_path, violations);
    case v1::InitializerSpec::kTruncatedNormal:
      return ResolveNormal(*spec.mutable_truncated_normal(), kind_path, violations);
    case v1::InitializerSpec::kOrthogonal:
      return ResolveOrthogonal(*spec.mutable_orthogonal(), axes, kind_path, violations);
    case v1::InitializerSpec::kZeros:
    case v1::InitializerSpec::kOnes:
    case v1::InitializerSpec::kGlorotNormal:
    case v1::InitializerSpec::kGlorotUniform:
    case v1::InitializerSpec::kHeNormal:
    case v1::InitializerSpec::kHeUniform:
    case v1::InitializerSpec::kLecunNormal:
    case v1::InitializerSpec::kLecunUniform:
      return;
    case v1::InitializerSpec::KIND_NOT_SET:
      return RequireKind(spec, path, violations);
  }
}

void Initialize(const v1::InitializerSpec& spec, std::span<const int64_t> shape, const Rng& rng,
                std::span<float> values) {
  const double fan_in = static_cast<double>(shape.front());
  const double fan_average = (fan_in + static_cast<double>(shape.back())) / 2.0;
  switch (spec.kind_case()) {
    case v1::InitializerSpec::kZeros:
      return std::fill(values.begin(), values.end(), 0.0f);
    case v1::InitializerSpec::kOnes:
      return std::fill(values.begin(), values.end(), 1.0f);
    case v1::InitializerSpec::kConstant:
      return std::fill(values.begin(), values.end(), spec.constant().value());
    case v1::InitializerSpec::kRandomNormal:
      return FillNormal(spec.random_normal().mean(), spec.random_normal().stddev(), rng, values);
    case v1::InitializerSpec::kRandomUniform:
      return FillUniform(spec.random_uniform().minval(), spec.random_uniform().maxval(), rng,
                         values);
    case v1::InitializerSpec::kTruncatedNormal:
      return FillTruncatedNormal(spec.truncated_normal().mean(), spec.truncated_normal().stddev(),
                                 rng, values);
    case v1::InitializerSpec::kGlorotNormal:
      return FillScaledNormal(1.0, fan_average, rng, values);
    case v1::InitializerSpec::kGlorotUniform:
      return FillScaledUniform(1.0, fan_average, rng, values);
    case v1::InitializerSpec::kHeNormal:
      return FillScaledNormal(2.0, fan_in, rng, values);
    case v1::InitializerSpec::kHeUniform:
      return FillScaledUniform(2.0, fan_in, rng, values);
    case v1::InitializerSpec::kLecunNormal:
      return FillScaledNormal(1.0, fan_in, rng, values);
    case v1::InitializerSpec::kLecunUniform:
      return FillScaledUniform(1.0, fan_in, rng, values);
    case v1::InitializerSpec::kOrthogonal:
      return FillOrthogonal(spec.orthogonal().gain(), shape.front(), shape.back(), rng, values);
    case v1::InitializerSpec::KIND_NOT_SET:
      return;
  }
}

}  // namespace fitd
