#include "core/nn/initializer.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

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

double Dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The Q of a normal matrix's QR with a positive diagonal of R, by Gram-Schmidt with every vector
// orthogonalised twice
// ("twice is enough": Giraud et al. 2005). Wide matrices get orthonormal rows, others orthonormal
// columns.
void FillOrthogonal(double gain, int64_t rows, int64_t columns, const Rng& rng,
                    std::span<float> values) {
  const size_t length = static_cast<size_t>(std::max(rows, columns));
  const size_t count = static_cast<size_t>(std::min(rows, columns));
  std::vector<double> storage(length * count);
  const auto vector = [&](size_t i) { return std::span(storage).subspan(i * length, length); };
  for (size_t i = 0; i < count; ++i) {
    const std::span<double> v = vector(i);
    for (size_t j = 0; j < length; ++j) v[j] = rng.Normal(j * count + i);
    for (int pass = 0; pass < 2; ++pass) {
      for (size_t k = 0; k < i; ++k) {
        const std::span<const double> q = vector(k);
        const double projection = Dot(q, v);
        for (size_t j = 0; j < length; ++j) v[j] -= projection * q[j];
      }
    }
    const double norm = std::sqrt(Dot(v, v));
    for (double& x : v) x /= norm;
  }
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < length; ++j) {
      const size_t at = rows < columns ? i * length + j : j * count + i;
      values[at] = static_cast<float>(gain * storage[i * length + j]);
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
