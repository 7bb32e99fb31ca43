#include "core/plan/stackable.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/specs.h"

namespace fitd {
namespace {

TEST(StackableTest, LeavesWhatMayNotDiffer) {
  const auto stackable = [](const std::string& model, const std::string& optimizer = "adam {}") {
    const auto member =
        Stackable({.model = ResolvedModel(model),
                   .optimizer = ResolvedTraining("loss { sparse_categorical_crossentropy {} } " +
                                                 ("optimizer { " + optimizer + " }"))
                                    .optimizer()});
    return member ? member->model.ShortDebugString() + member->optimizer.ShortDebugString() : "";
  };
  const std::string dense = "layers { dense { units: 4 } } ";
  const auto dropout = [](const std::string& rate) {
    return "layers { dropout { rate: " + rate + " } } ";
  };
  const auto l2 = [](const std::string& strength) {
    return "input_shape: 20 layers { dense { units: 4 kernel_regularizer { l2 { l2: " + strength +
           " } } } }";
  };
  const std::string network = "input_shape: 20 " + dense;
  // The inputs that all share.
  EXPECT_NE(stackable("input_shape: 20 " + dropout("0.1") + dense),
            stackable("input_shape: 20 " + dropout("0.2") + dense));
  EXPECT_EQ(stackable(network + dropout("0.1")), stackable(network + dropout("0.2")));
  EXPECT_NE(stackable(network + dropout("0.1")), stackable(network + dropout("0")));
  EXPECT_EQ(stackable(l2("0.1")), stackable(l2("0.2")));
  EXPECT_NE(stackable(l2("0.1")), stackable(l2("0")));
  EXPECT_NE(stackable(network, "sgd { momentum: 0.1 }"), stackable(network, "sgd {}"));
  EXPECT_NE(stackable(network, "sgd {}"), stackable(network, "adam {}"));
  EXPECT_NE(stackable(network, "adam { amsgrad: true }"), stackable(network));
  EXPECT_NE(stackable(network, "adam {} clipnorm: 1"), stackable(network));
  EXPECT_EQ(stackable("input_shape: 20 layers { flatten {} }"), "");
}

}  // namespace
}  // namespace fitd
