#include "core/nn/resolve_model.h"

#include <limits>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"

namespace fitd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kMaxParameters = 1'000'000;

std::string Faults(v1::ModelSpec spec) {
  Violations violations;
  ResolveModel(spec, kMaxParameters, "spec", violations);
  return std::string(violations.ToStatus().message());
}
std::string Faults(const std::string& text) { return Faults(ParseText<v1::ModelSpec>(text)); }

// Their start would hold a fit up for minutes, and nothing could stop it.
TEST(ResolveModelTest, LimitsTheWorkOfOrthogonalMatrices) {
  const auto faults = [](const std::string& text) {
    v1::ModelSpec spec = ParseText<v1::ModelSpec>(text);
    Violations violations;
    ResolveModel(spec, std::numeric_limits<int64_t>::max(), "spec", violations);
    return std::string(violations.ToStatus().message());
  };
  const std::string layer = "layers { dense { units: 3000 kernel_initializer { orthogonal {} } } }";
  EXPECT_EQ(faults("input_shape: 3000 " + layer), "");
  EXPECT_THAT(faults("input_shape: 3000 " + layer + layer),
              AllOf(HasSubstr("spec.layers[1].dense.kernel_initializer.orthogonal: "),
                    HasSubstr("[3000, 3000]"), HasSubstr("54000000000"),
                    HasSubstr("allowed: 34359738368 at most")));
  EXPECT_THAT(faults("input_shape: 1048576 layers { dense { units: 1048576 kernel_initializer { "
                     "orthogonal {} } } }"),
              HasSubstr("spec.layers[0].dense.kernel_initializer.orthogonal: "));
}

TEST(ResolveModelTest, ComputesShapesAndCounts) {
  v1::ModelSpec spec = ParseText<v1::ModelSpec>(
      "input_shape: [28, 28] layers { normalization {} } layers { flatten {} } layers { dense { "
      "units: 128 } } "
      "layers { dropout { rate: 0.5 } } layers { dense { units: 10 use_bias: false } }");
  Violations violations;
  const ModelShape shape = ResolveModel(spec, kMaxParameters, "spec", violations);
  EXPECT_TRUE(violations.empty());
  EXPECT_EQ(shape.inputs, 784);
  EXPECT_EQ(shape.outputs, 10);
  EXPECT_EQ(shape.largest_layer, 784);
  EXPECT_EQ(shape.trainable_parameters, 784 * 128 + 128 + 1280);
  EXPECT_EQ(shape.non_trainable_parameters, 2 * 28);
  ASSERT_EQ(shape.layers.size(), 5u);
  EXPECT_EQ(shape.layers[2].name(), "dense");
  EXPECT_EQ(shape.layers[2].kind(), "dense");
  EXPECT_THAT(shape.layers[0].output_shape(), ElementsAre(28, 28));
  EXPECT_THAT(shape.layers[1].output_shape(), ElementsAre(784));
  EXPECT_EQ(shape.layers[2].parameters(), 784 * 128 + 128);
}

TEST(ResolveModelTest, NamesLayersByKindAndNumber) {
  const v1::ModelSpec spec = ResolvedModel(
      "input_shape: 4 layers { dense { units: 4 } } layers { dense { units: 4 } } "
      "layers { name: \"dense_2\" dense { units: 4 } } layers { dense { units: 4 } } layers { "
      "dropout { rate: 0.1 } }");
  std::vector<std::string> names;
  for (const v1::LayerSpec& layer : spec.layers()) names.push_back(layer.name());
  EXPECT_THAT(names, ElementsAre("dense", "dense_1", "dense_2", "dense_3", "dropout"));
}

TEST(ResolveModelTest, IsUnchangedByResolvingAgain) {
  const v1::ModelSpec once = ResolvedModel(
      "input_shape: 4 layers { dense { units: 4 activation { elu {} } } } layers { activation { "
      "leaky_relu {} } }");
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(once, ResolvedModel(once)));
}

TEST(ResolveModelTest, NamesAllFaultsAtOnce) {
  EXPECT_EQ(Faults("input_shape: 4 layers { dense { units: -3 } } layers { dropout { rate: 2 } }"),
            "spec.layers[0].dense.units: is -3; allowed: 1 to 1,048,576; no default\n"
            "spec.layers[1].dropout.rate: is 2; allowed: 0 to below 1");
}

TEST(ResolveModelTest, ListsTheKindsWhenNoneIsSet) {
  EXPECT_EQ(Faults("input_shape: 4 layers {}"),
            "spec.layers[0]: has no kind; allowed: dense, activation, dropout, flatten, rescaling, "
            "normalization");
}

TEST(ResolveModelTest, ChecksNames) {
  EXPECT_THAT(Faults("input_shape: 4 layers { name: \"A b\" flatten {} }"),
              HasSubstr("spec.layers[0].name: is \"A b\"; allowed: 1 to 64 of a-z, 0-9, '_'"));
  EXPECT_THAT(
      Faults("input_shape: 4 layers { name: \"x\" flatten {} } layers { name: \"x\" flatten {} }"),
      HasSubstr("spec.layers[1].name: is \"x\", which layers[0] has too"));
}

TEST(ResolveModelTest, ChecksTheInputShape) {
  EXPECT_THAT(Faults("layers { flatten {} }"),
              HasSubstr("spec.input_shape: is 0; allowed: 1 to 8 axes"));
  EXPECT_THAT(
      Faults("input_shape: [4, 0, -1, 1048577] layers { flatten {} }"),
      AllOf(HasSubstr("spec.input_shape[1]: is 0;"), HasSubstr("spec.input_shape[2]: is -1;"),
            HasSubstr("spec.input_shape[3]: is 1048577;")));
  EXPECT_THAT(Faults("input_shape: [1,1,1,1,1,1,1,1,1] layers { flatten {} }"),
              HasSubstr("is 9; allowed: 1 to 8 axes"));
}

TEST(ResolveModelTest, ChecksTheNumberOfLayers) {
  EXPECT_THAT(Faults("input_shape: 4"),
              HasSubstr("spec.layers: has 0 layers; allowed: 1 to 10,000"));
  v1::ModelSpec spec;
  spec.add_input_shape(1);
  for (int i = 0; i < 10'001; ++i) spec.add_layers()->mutable_flatten();
  EXPECT_EQ(Faults(spec), "spec.layers: has 10001 layers; allowed: 1 to 10,000");
}

TEST(ResolveModelTest, RefusesSizesThatOverflow) {
  EXPECT_THAT(
      Faults(
          "input_shape: [1048576, 1048576, 1048576, 1048576, 1048576, 1048576, 1048576, 1048576] "
          "layers { flatten {} } layers { dense { units: 1048576 } }"),
      HasSubstr("too many values per row"));
  v1::ModelSpec spec =
      ParseText<v1::ModelSpec>("input_shape: [1048576, 1024] layers { flatten {} }");
  for (int i = 0; i < 9'999; ++i) spec.add_layers()->mutable_dense()->set_units(1'048'576);
  EXPECT_THAT(Faults(spec),
              HasSubstr("spec.layers: have 12118827646058496 weights; allowed: 1000000 at most"));
}

TEST(ResolveModelTest, AdaptsOnlyBeforeLayersWithWeights) {
  EXPECT_THAT(
      Faults("input_shape: 4 layers { dense { units: 2 } } layers { normalization {} }"),
      HasSubstr(
          "spec.layers[1].normalization: is to be adapted to the data but comes after \"dense\""));
  EXPECT_EQ(Faults("input_shape: 4 layers { dense { units: 2 } } layers { normalization { mean: 0 "
                   "variance: 1 } }"),
            "");
}

}  // namespace
}  // namespace fitd
