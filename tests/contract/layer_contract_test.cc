// Every kind of layer, and of the activations, initializers and regularizers that layers have.

#include <cmath>

#include "core/plan/predictor.h"
#include "gtest/gtest.h"
#include "tests/contract/engine_testing.h"
#include "tests/testing/temp_dir.h"

namespace fitd {
namespace {

// A value for each field that has no default.
void FillRequired(v1::LayerSpec& spec) {
  switch (spec.kind_case()) {
    case v1::LayerSpec::kDense:
      return spec.mutable_dense()->set_units(3);
    case v1::LayerSpec::kActivation:
      spec.mutable_activation()->mutable_tanh();
      return;
    case v1::LayerSpec::kDropout:
      return spec.mutable_dropout()->set_rate(0.25f);
    case v1::LayerSpec::kRescaling:
      return spec.mutable_rescaling()->set_scale(0.5f);
    case v1::LayerSpec::kFlatten:
    case v1::LayerSpec::kNormalization:
    case v1::LayerSpec::KIND_NOT_SET:
      return;
  }
}

Problem WithLayer(const v1::LayerSpec& layer, const std::string& before) {
  return ClassificationProblem(before + " layers { " + layer.ShortDebugString() + " }");
}

void ExpectTrainsAndRestores(const Problem& problem) {
  const std::unique_ptr<TrainingPlan> plan = MakePlan(problem);
  plan->Evaluate(problem.rows());
  const double loss = plan->loss();
  const Weights weights = plan->Snapshot();
  for (int step = 0; step < 2; ++step) {
    plan->Step(problem.rows(), 0.1f);
    EXPECT_TRUE(std::isfinite(plan->loss()));
    EXPECT_EQ(plan->FindNonFinite(), std::nullopt);
  }
  EXPECT_NE(plan->Snapshot().Sha256(), weights.Sha256());
  plan->Restore(weights);
  plan->Evaluate(problem.rows());
  EXPECT_EQ(plan->loss(), loss);
}

class LayerContractTest : public testing::TestWithParam<std::string> {
 protected:
  v1::LayerSpec layer() const {
    v1::LayerSpec spec = WithKind<v1::LayerSpec>(GetParam());
    FillRequired(spec);
    return spec;
  }
  // As the first layer...
  Problem first() const { return WithLayer(layer(), ""); }
  // ...and above one that learns through it.
  Problem inner() const {
    v1::LayerSpec spec = layer();
    if (spec.has_normalization()) {  // Adapted ones come first.
      spec.mutable_normalization()->add_mean(0.1f);
      spec.mutable_normalization()->add_variance(0.5f);
    }
    return WithLayer(spec, "layers { dense { units: 4 } }");
  }
};

TEST_P(LayerContractTest, TrainsAndRestores) {
  ExpectTrainsAndRestores(first());
  ExpectTrainsAndRestores(inner());
}

TEST_P(LayerContractTest, GradientsMatchDifferences) {
  ExpectGradientsMatchDifferences(first());
  ExpectGradientsMatchDifferences(inner());
}

TEST_P(LayerContractTest, PredictsFromAFileWhatThePlanEvaluates) {
  const Problem problem = first();
  const std::unique_ptr<TrainingPlan> plan = MakePlan(problem);
  plan->Step(problem.rows(), 0.1f);
  plan->Evaluate(problem.rows());
  const TempDir folder;
  FITD_ASSERT_OK(plan->Snapshot().Save(folder.File("weights")));
  FITD_ASSERT_OK_AND_ASSIGN(const Weights weights, Weights::Load(folder.File("weights")));
  FITD_ASSERT_OK_AND_ASSIGN(const auto predictor, Predictor::Create(problem.model, weights, {}));
  std::vector<float> outputs(static_cast<size_t>(problem.rows() * predictor->outputs()));
  predictor->Predict(problem.inputs.data(), problem.rows(), outputs.data());
  EXPECT_TRUE(std::equal(outputs.begin(), outputs.end(), plan->outputs()));
}

INSTANTIATE_TEST_SUITE_P(Kinds, LayerContractTest, AllKinds<v1::LayerSpec>(), KindTestName);

v1::LayerSpec SomeDense() {
  v1::LayerSpec spec;
  spec.mutable_dense()->set_units(3);
  return spec;
}

class ActivationContractTest : public testing::TestWithParam<std::string> {};

TEST_P(ActivationContractTest, GradientsMatchDifferencesAsLayerAndInDense) {
  v1::LayerSpec dense = SomeDense();
  *dense.mutable_dense()->mutable_activation() = WithKind<v1::ActivationSpec>(GetParam());
  ExpectGradientsMatchDifferences(WithLayer(dense, ""));
  v1::LayerSpec layer;
  *layer.mutable_activation() = WithKind<v1::ActivationSpec>(GetParam());
  ExpectGradientsMatchDifferences(WithLayer(layer, "layers { dense { units: 4 } }"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, ActivationContractTest, AllKinds<v1::ActivationSpec>(),
                         KindTestName);

class InitializerContractTest : public testing::TestWithParam<std::string> {};

TEST_P(InitializerContractTest, StartsAKernelThatTrains) {
  v1::LayerSpec dense = SomeDense();
  *dense.mutable_dense()->mutable_kernel_initializer() = WithKind<v1::InitializerSpec>(GetParam());
  ExpectTrainsAndRestores(WithLayer(dense, ""));
}

INSTANTIATE_TEST_SUITE_P(Kinds, InitializerContractTest, AllKinds<v1::InitializerSpec>(),
                         KindTestName);

class RegularizerContractTest : public testing::TestWithParam<std::string> {};

TEST_P(RegularizerContractTest, GradientsMatchDifferencesOnKernelBiasAndActivity) {
  const v1::RegularizerSpec regularizer = WithKind<v1::RegularizerSpec>(GetParam());
  v1::LayerSpec dense = SomeDense();
  *dense.mutable_dense()->mutable_kernel_regularizer() = regularizer;
  *dense.mutable_dense()->mutable_bias_regularizer() = regularizer;
  *dense.mutable_dense()->mutable_activity_regularizer() = regularizer;
  dense.mutable_dense()->mutable_bias_initializer()->mutable_constant()->set_value(0.3f);
  ExpectGradientsMatchDifferences(WithLayer(dense, "layers { dense { units: 4 } }"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, RegularizerContractTest, AllKinds<v1::RegularizerSpec>(),
                         KindTestName);

}  // namespace
}  // namespace fitd
