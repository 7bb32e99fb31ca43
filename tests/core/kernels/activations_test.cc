#include <functional>
#include <limits>

#include "tests/core/kernels/kernels_testing.h"

namespace fitd {
namespace {

constexpr double kSeluScale = 1.05070098, kSeluAlpha = 1.67326324;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

double Cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double Density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * M_PI); }
double Logistic(double x) { return 1 / (1 + std::exp(-x)); }
double TanhArgument(double x) { return std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x); }

// A function, its derivative, and where to find them. `alpha` is 0.3 throughout.
struct Kind {
  const char* name;
  UnaryKernel Kernels::* kernel;
  UnaryGradientKernel Kernels::* gradient;
  std::function<double(double)> f;
  std::function<double(double)> slope;
  double at_minus_infinity, at_infinity;
};

constexpr double kAlpha = 0.3;

const std::vector<Kind>& Kinds() {
  static const auto* kinds = new std::vector<Kind>{
      {"relu", &Kernels::relu, &Kernels::relu_gradient, [](double x) { return x > 0 ? x : 0; },
       [](double x) { return x > 0 ? 1 : 0; }, 0, kInfinity},
      {"leaky_relu", &Kernels::leaky_relu, &Kernels::leaky_relu_gradient,
       [](double x) { return x > 0 ? x : kAlpha * x; }, [](double x) { return x > 0 ? 1 : kAlpha; },
       -kInfinity, kInfinity},
      {"elu", &Kernels::elu, &Kernels::elu_gradient,
       [](double x) { return x > 0 ? x : kAlpha * std::expm1(x); },
       [](double x) { return x > 0 ? 1 : kAlpha * std::exp(x); }, -kAlpha, kInfinity},
      {"selu", &Kernels::selu, &Kernels::selu_gradient,
       [](double x) { return kSeluScale * (x > 0 ? x : kSeluAlpha * std::expm1(x)); },
       [](double x) { return kSeluScale * (x > 0 ? 1 : kSeluAlpha * std::exp(x)); },
       -kSeluScale * kSeluAlpha, kInfinity},
      {"gelu", &Kernels::gelu, &Kernels::gelu_gradient, [](double x) { return x * Cdf(x); },
       [](double x) { return Cdf(x) + x * Density(x); }, 0, kInfinity},
      {"gelu_tanh", &Kernels::gelu_tanh, &Kernels::gelu_tanh_gradient,
       [](double x) { return x * Logistic(2 * TanhArgument(x)); },
       [](double x) {
         const double s = Logistic(2 * TanhArgument(x));
         const double du = std::sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
         return s + x * s * (1 - s) * 2 * du;
       },
       0, kInfinity},
      {"silu", &Kernels::silu, &Kernels::silu_gradient, [](double x) { return x * Logistic(x); },
       [](double x) { return Logistic(x) * (1 + x * (1 - Logistic(x))); }, 0, kInfinity},
      {"softplus", &Kernels::softplus, &Kernels::softplus_gradient,
       [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }, Logistic, 0,
       kInfinity},
      {"sigmoid", &Kernels::sigmoid, &Kernels::sigmoid_gradient, Logistic,
       [](double x) { return Logistic(x) * (1 - Logistic(x)); }, 0, 1},
      {"tanh", &Kernels::tanh, &Kernels::tanh_gradient, [](double x) { return std::tanh(x); },
       [](double x) { return 1 - std::tanh(x) * std::tanh(x); }, -1, 1},
  };
  return *kinds;
}

Floats Apply(UnaryKernel kernel, const Floats& x, int parts = 1) {
  Floats y(x.size());
  RunInParts(kernel,
             UnaryArgs{.size = static_cast<int64_t>(x.size()),
                       .x = x.data(),
                       .y = y.data(),
                       .alpha = static_cast<float>(kAlpha)},
             parts);
  return y;
}

Floats ApplyGradient(UnaryGradientKernel kernel, const Floats& x, const Floats& y, const Floats& dy,
                     int parts = 1) {
  Floats dx(x.size());
  RunInParts(kernel,
             UnaryGradientArgs{.size = static_cast<int64_t>(x.size()),
                               .x = x.data(),
                               .y = y.data(),
                               .dy = dy.data(),
                               .dx = dx.data(),
                               .alpha = static_cast<float>(kAlpha)},
             parts);
  return dx;
}

// Every size of number, both signs, and a close look at the usual range.
Floats Arguments() {
  Floats x = RandomFloats(20000, -12, 12, 1);
  for (const float sign : {1.0f, -1.0f}) {
    for (float magnitude = 0x1p-100f; magnitude < 1e30f; magnitude *= 1.37f) {
      x.push_back(sign * magnitude);
    }
    x.push_back(sign * 0.0f);
  }
  return x;
}

// Relative to the expected value; below 1e-30 all is alike.
double Error(double value, double expected) {
  return std::abs(value - expected) / std::max(std::abs(expected), 1e-30);
}

using ActivationsTest = KernelsTest;
FITD_FOR_EVERY_ISA(ActivationsTest);

TEST_P(ActivationsTest, ValuesAreExactToAFewUnits) {
  const Floats x = Arguments();
  for (const Kind& kind : Kinds()) {
    const Floats y = Apply(kernels().*kind.kernel, x);
    // Where exp's argument is a rounded product its error grows with the argument.
    const double tolerance = std::string(kind.name).starts_with("gelu") ? 2e-5 : 1e-6;
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_LE(Error(y[i], kind.f(x[i])), tolerance)
          << kind.name << "(" << x[i] << ") = " << y[i] << ", not " << kind.f(x[i]);
    }
  }
}

TEST_P(ActivationsTest, GeluIsAbsolutelyWithinOneTenMillionthNearZero) {
  const Floats x = RandomFloats(20000, -4, 4, 2);
  const Floats y = Apply(kernels().gelu, x);
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(y[i], x[i] * Cdf(x[i]), 1.5e-7 * std::max(1.0f, std::abs(x[i])));
  }
}

TEST_P(ActivationsTest, GradientsAreDerivatives) {
  const Floats x = Arguments();
  const Floats dy(x.size(), 2.0f);
  for (const Kind& kind : Kinds()) {
    const Floats y = Apply(kernels().*kind.kernel, x);
    const Floats dx = ApplyGradient(kernels().*kind.gradient, x, y, dy);
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(dx[i], 2 * kind.slope(x[i]), 4e-6) << kind.name << " at " << x[i];
    }
  }
}

TEST_P(ActivationsTest, InfinitiesGiveLimits) {
  const Floats x = {-kInfinity, kInfinity};
  for (const Kind& kind : Kinds()) {
    const Floats y = Apply(kernels().*kind.kernel, x);
    EXPECT_FLOAT_EQ(y[0], static_cast<float>(kind.at_minus_infinity)) << kind.name;
    EXPECT_FLOAT_EQ(y[1], static_cast<float>(kind.at_infinity)) << kind.name;
    const Floats dx = ApplyGradient(kernels().*kind.gradient, x, y, {1, 1});
    EXPECT_NEAR(dx[0], std::string(kind.name) == "leaky_relu" ? kAlpha : 0, 1e-6) << kind.name;
    EXPECT_NEAR(dx[1], kind.slope(100), 1e-6) << kind.name;
  }
}

TEST_P(ActivationsTest, NanIsNeverHidden) {
  for (const Kind& kind : Kinds()) {
    const Floats y = Apply(kernels().*kind.kernel, {NAN, -NAN});
    EXPECT_THAT(y, testing::Each(testing::IsNan())) << kind.name;
    const Floats dx = ApplyGradient(kernels().*kind.gradient, {1, 1}, {1, 1}, {NAN, NAN});
    EXPECT_THAT(dx, testing::Each(testing::IsNan())) << kind.name;
  }
}

TEST_P(ActivationsTest, BitsDoNotDependOnPositionOrParts) {
  for (const int64_t size : kOddSizes) {
    const Floats x = RandomFloats(size, -3, 3, 4);
    for (const Kind& kind : Kinds()) {
      const Floats y = Apply(kernels().*kind.kernel, x);
      const Floats dx = ApplyGradient(kernels().*kind.gradient, x, y, x);
      for (int64_t i = 0; i < size; ++i) {
        ASSERT_EQ(Apply(kernels().*kind.kernel, {x[i]})[0], y[i]) << kind.name;
        ASSERT_EQ(ApplyGradient(kernels().*kind.gradient, {x[i]}, {y[i]}, {x[i]})[0], dx[i]);
      }
      for (const int parts : kPartCounts) {
        ASSERT_THAT(Apply(kernels().*kind.kernel, x, parts), HasBitsOf(y)) << kind.name;
        ASSERT_THAT(ApplyGradient(kernels().*kind.gradient, x, y, x, parts), HasBitsOf(dx));
      }
    }
  }
}

}  // namespace
}  // namespace fitd
