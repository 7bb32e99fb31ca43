#include "core/nn/network.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/specs.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Network MakeNetwork(const std::string& text) { return Network(ResolvedModel(text)); }

constexpr char kPlain[] =
    "input_shape: [2, 2] layers { normalization {} } layers { flatten {} } layers { dense { units: "
    "3 } } "
    "layers { name: \"out\" dense { units: 1 use_bias: false } }";

TEST(NetworkTest, NamesWeightsAfterTheirLayers) {
  const Network network = MakeNetwork(kPlain);
  std::vector<std::string> names;
  for (const Network::WeightPlace& place : network.weights()) names.push_back(place.name);
  EXPECT_THAT(names, ElementsAre("normalization/mean", "normalization/variance", "dense/kernel",
                                 "dense/bias", "out/kernel"));
  EXPECT_EQ(network.inputs(), 4);
  EXPECT_EQ(network.outputs(), 1);
  EXPECT_EQ(network.adapted_layer(), 0);
}

TEST(NetworkTest, LayersDrawDifferentNumbers) {
  const Network network =
      MakeNetwork("input_shape: 2 layers { dense { units: 2 } } layers { dense { units: 2 } }");
  std::vector<float> first(4), second(4);
  network.Initialize(network.weights()[0], 7, first);
  network.Initialize(network.weights()[2], 7, second);
  EXPECT_NE(first, second);
}

TEST(NetworkTest, StartsGivenStatisticsFromTheSpec) {
  const Network network =
      MakeNetwork("input_shape: 2 layers { normalization { mean: 3 variance: [4, 5] } }");
  std::vector<float> mean(2), variance(2);
  network.Initialize(network.weights()[0], 7, mean);
  network.Initialize(network.weights()[1], 7, variance);
  EXPECT_THAT(mean, ElementsAre(3, 3));
  EXPECT_THAT(variance, ElementsAre(4, 5));
  EXPECT_EQ(network.adapted_layer(), std::nullopt);
}

TEST(NetworkTest, ChecksNamesShapesAndSizesOfWeights) {
  const Network network = MakeNetwork("input_shape: 2 layers { dense { units: 1 } }");
  const Weights good = {{{.name = "dense/kernel", .shape = {2, 1}, .values = {1, 2}},
                         {.name = "dense/bias", .shape = {1}, .values = {3}}}};
  EXPECT_THAT(network.CheckWeights(good), IsOk());
  const auto refused = [&](auto&& damage, const char* message) {
    Weights weights = good;
    damage(weights);
    EXPECT_THAT(network.CheckWeights(weights),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
  };
  refused([](Weights& w) { w.tensors.pop_back(); }, "1 weight tensors for a network of 2");
  refused([](Weights& w) { w.tensors[1].name = "dense/gain"; }, "dense/gain [1]");
  refused([](Weights& w) { w.tensors[0].shape = {1, 2}; }, "expected: dense/kernel [2, 1]");
  refused([](Weights& w) { w.tensors[0].values.pop_back(); }, "with 1 values");
}

}  // namespace
}  // namespace fitd
