#include "core/nn/activation.h"

#include <cmath>
#include <vector>

#include "core/base/kinds.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/nn/layer_testing.h"

namespace fitd {
namespace {

v1::ActivationSpec Resolved(const std::string& text) {
  v1::ActivationSpec spec = ParseText<v1::ActivationSpec>(text);
  Violations violations;
  ResolveActivation(spec, "activation", violations);
  EXPECT_TRUE(violations.empty());
  return spec;
}

struct ActivationCase {
  const char* spec;
  double value;  // At x.
  double x;
};

class ActivationTest : public testing::TestWithParam<ActivationCase> {};

TEST_P(ActivationTest, GivesKnownValuesAndTheirSlope) {
  const Activation activation(Resolved(GetParam().spec));
  constexpr float kDistance = 1e-3f;
  const float x0 = static_cast<float>(GetParam().x);
  const std::vector<float> x = {x0, x0 - kDistance, x0 + kDistance};
  std::vector<float> y(3), dx(3);
  const std::vector<float> dy = {2, 0, 0};
  OpList ops;
  activation.EmitForward(1, 3, x.data(), y.data(), ops);
  activation.EmitBackward(1, 3, x.data(), y.data(), dy.data(), dx.data(), ops);
  ops.Run();
  EXPECT_NEAR(y[0], GetParam().value, 1e-5);
  EXPECT_NEAR(dx[0], 2 * (y[2] - y[1]) / (2 * kDistance), 2e-3);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, ActivationTest,
    testing::Values(ActivationCase{"relu {}", 1.5, 1.5}, ActivationCase{"relu {}", 0, -1.5},
                    ActivationCase{"leaky_relu {}", -0.3, -1.5},
                    ActivationCase{"elu {}", std::exp(-1.5) - 1, -1.5},
                    ActivationCase{"elu { alpha: 2 }", 2 * (std::exp(-1.5) - 1), -1.5},
                    ActivationCase{"selu {}", 1.05070098 * 1.67326324 * (std::exp(-1.5) - 1), -1.5},
                    ActivationCase{"gelu {}", 0.841345, 1},
                    ActivationCase{"gelu { approximate: true }", 0.841192, 1},
                    ActivationCase{"silu {}", 1 / (1 + std::exp(-1.0)), 1},
                    ActivationCase{"softplus {}", std::log(1 + std::exp(1.0)), 1},
                    ActivationCase{"sigmoid {}", 1 / (1 + std::exp(-1.0)), 1},
                    ActivationCase{"tanh {}", std::tanh(1.0), 1}));

}  // namespace
}  // namespace fitd
