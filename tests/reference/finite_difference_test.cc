// The reference network's gradients against central differences, for every kind that the protos
// list.

#include <cmath>
#include <functional>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/reference_network.h"

namespace fitd::testing {
namespace {

using ::testing::Le;

constexpr double kStep = 1e-6;
// Largest |analytic - numeric| / max(|numeric|, kFloor).
constexpr double kTolerance = 1e-6;
// Rounding leaves differences of values near 1 with errors around 1e-16 / 1e-6.
constexpr double kFloor = 1e-3;

// Calls `check` once for each kind of the message's oneof, with a message that has only that kind
// set.
template <typename Spec>
void ForEachKind(const std::function<void(Spec)>& check) {
  const google::protobuf::OneofDescriptor* kinds = Spec::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kinds->field_count(); ++i) {
    SCOPED_TRACE(kinds->field(i)->name());
    Spec spec;
    spec.GetReflection()->MutableMessage(&spec, kinds->field(i));
    check(spec);
  }
}

// Normal numbers that stay clear of 0, where kinks are.
std::vector<double> Numbers(int64_t size, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> numbers;
  while (static_cast<int64_t>(numbers.size()) < size) {
    if (const double x = normal(engine); std::abs(x) > 0.01) numbers.push_back(x);
  }
  return numbers;
}

Matrix RandomMatrix(int64_t rows, int64_t cols, uint32_t seed) {
  return Matrix(rows, cols, Numbers(rows * cols, seed));
}

double Dot(const Matrix& a, const Matrix& b) {
  double sum = 0;
  for (size_t i = 0; i < a.values.size(); ++i) sum += a.values[i] * b.values[i];
  return sum;
}

// `f` depends on `x`, whose gradient should be `gradient`.
void ExpectGradient(const std::function<double()>& f, std::vector<double>& x,
                    const std::vector<double>& gradient) {
  ASSERT_EQ(x.size(), gradient.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const double saved = x[i];
    x[i] = saved + kStep;
    const double above = f();
    x[i] = saved - kStep;
    const double below = f();
    x[i] = saved;
    const double numeric = (above - below) / (2 * kStep);
    EXPECT_THAT(std::abs(gradient[i] - numeric) / std::max(std::abs(numeric), kFloor),
                Le(kTolerance))
        << "value " << i << ": " << gradient[i] << " vs " << numeric;
  }
}

TEST(FiniteDifferenceTest, EveryActivation) {
  ForEachKind<v1::ActivationSpec>([](const v1::ActivationSpec& spec) {
    Matrix x = RandomMatrix(3, 4, 1);
    const Matrix dy = RandomMatrix(3, 4, 2);
    ExpectGradient([&] { return Dot(Activate(spec, x), dy); }, x.values,
                   ActivationGradient(spec, x, dy).values);
  });
}

TEST(FiniteDifferenceTest, EveryRegularizer) {
  ForEachKind<v1::RegularizerSpec>([](const v1::RegularizerSpec& spec) {
    std::vector<double> w = Numbers(6, 3);
    ExpectGradient([&] { return Penalty(spec, w); }, w, PenaltyGradient(spec, w));
  });
}

// Probabilities, real numbers and class indices that suit every kind.
Matrix Probabilities(int64_t rows, int64_t cols, uint32_t seed) {
  v1::ActivationSpec softmax;
  softmax.mutable_softmax();
  return Activate(softmax, RandomMatrix(rows, cols, seed));
}

void ExpectLossGradient(const v1::LossSpec& spec) {
  Matrix predictions = Probabilities(4, 3, 4);
  Matrix targets = Probabilities(4, 3, 5);
  if (spec.has_sparse_categorical_crossentropy()) targets = Matrix(4, 1, {0, 2, 1, 2});
  const std::vector<double> row_weights = {1, 0.5, 0, 2};
  ExpectGradient([&] { return ComputeLoss(spec, predictions, targets, row_weights).value; },
                 predictions.values,
                 ComputeLoss(spec, predictions, targets, row_weights).gradient.values);
}

TEST(FiniteDifferenceTest, EveryLoss) {
  ForEachKind<v1::LossSpec>([](v1::LossSpec spec) {
    ExpectLossGradient(spec);
    // The same from logits and with label smoothing, where the kind knows them.
    const google::protobuf::FieldDescriptor* kind =
        v1::LossSpec::descriptor()->FindFieldByNumber(static_cast<int>(spec.kind_case()));
    google::protobuf::Message* options = spec.GetReflection()->MutableMessage(&spec, kind);
    if (const auto* field = kind->message_type()->FindFieldByName("label_smoothing")) {
      options->GetReflection()->SetFloat(options, field, 0.25F);
      ExpectLossGradient(spec);
    }
    if (const auto* field = kind->message_type()->FindFieldByName("from_logits")) {
      options->GetReflection()->SetBool(options, field, true);
      ExpectLossGradient(spec);
    }
  });
}

// What a kind needs to be a layer in the middle of a network; input rows have 6 values.
v1::LayerSpec WithRequiredOptions(v1::LayerSpec spec) {
  switch (spec.kind_case()) {
    case v1::LayerSpec::kDense: {
      v1::DenseSpec& dense = *spec.mutable_dense();
      dense.set_units(3);
      dense.mutable_activation()->mutable_tanh();
      dense.mutable_kernel_regularizer()->mutable_l1();
      dense.mutable_bias_regularizer()->mutable_l2();
      dense.mutable_activity_regularizer()->mutable_l2();
      break;
    }
    case v1::LayerSpec::kActivation:
      spec.mutable_activation()->mutable_softmax();
      break;
    case v1::LayerSpec::kDropout:
      spec.mutable_dropout()->set_rate(0.25F);
      break;
    case v1::LayerSpec::kRescaling:
      spec.mutable_rescaling()->set_scale(-1.5F);
      spec.mutable_rescaling()->set_offset(0.5F);
      break;
    case v1::LayerSpec::kFlatten:
    case v1::LayerSpec::kNormalization:
    case v1::LayerSpec::KIND_NOT_SET:
      break;
  }
  return spec;
}

v1::LayerSpec DenseLayer(int64_t units) {
  v1::LayerSpec spec;
  spec.mutable_dense()->set_units(units);
  return spec;
}

TEST(FiniteDifferenceTest, EveryLayer) {
  ForEachKind<v1::LayerSpec>([](const v1::LayerSpec& spec) {
    // Between two dense layers, so that gradients come from above and go on below.
    v1::ModelSpec model;
    model.add_input_shape(4);
    *model.add_layers() = DenseLayer(6);
    *model.add_layers() = WithRequiredOptions(spec);
    *model.add_layers() = DenseLayer(2);
    ReferenceNetwork network(model);
    for (size_t i = 0; i < network.weights().size(); ++i) {
      ReferenceWeight& weight = network.weights()[i];
      weight.values = Numbers(weight.values.size(), 10 + i);
    }
    Matrix x = RandomMatrix(5, 4, 6);
    network.Adapt(x);
    const Matrix dy = RandomMatrix(5, 2, 7);
    const ReferenceNetwork::Keep keep = [](int, int64_t position) { return position % 4 != 1; };

    const auto objective = [&] { return Dot(network.Forward(x, keep), dy) + network.penalty(); };
    objective();
    const Matrix dx = network.Backward(dy);
    ExpectGradient(objective, x.values, dx.values);
    for (ReferenceWeight& weight : network.weights()) {
      if (!weight.trainable) continue;
      SCOPED_TRACE(weight.name);
      ExpectGradient(objective, weight.values, weight.gradient);
    }
  });
}

}  // namespace
}  // namespace fitd::testing
