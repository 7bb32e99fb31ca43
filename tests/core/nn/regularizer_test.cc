#include "core/nn/regularizer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/nn/layer_testing.h"

namespace fitd {
namespace {

v1::RegularizerSpec Resolved(const std::string& text, std::string* faults = nullptr) {
  v1::RegularizerSpec spec = ParseText<v1::RegularizerSpec>(text);
  Violations violations;
  ResolveRegularizer(spec, "r", violations);
  if (faults != nullptr) *faults = std::string(violations.ToStatus().message());
  return spec;
}

TEST(RegularizerTest, HasKerasDefaults) {
  EXPECT_FLOAT_EQ(MakePenalty(Resolved("l1 {}")).l1, 0.01f);
  EXPECT_FLOAT_EQ(MakePenalty(Resolved("l2 {}")).l2, 0.01f);
  EXPECT_TRUE(MakePenalty(Resolved("l1_l2 {}")).empty());
  EXPECT_TRUE(MakePenalty({}).empty());
}

TEST(RegularizerTest, TakesBothStrengths) {
  const Penalty penalty = MakePenalty(Resolved("l1_l2 { l1: 0.5 l2: 0.25 }"));
  EXPECT_EQ(penalty.l1, 0.5f);
  EXPECT_EQ(penalty.l2, 0.25f);
}

TEST(RegularizerTest, NamesEveryFault) {
  std::string faults;
  Resolved("l1_l2 { l1: -1 l2: inf }", &faults);
  EXPECT_EQ(faults,
            "r.l1_l2.l1: is -1; allowed: a number of 0 or more\n"
            "r.l1_l2.l2: is inf; allowed: a number of 0 or more");
  Resolved("", &faults);
  EXPECT_EQ(faults, "r: has no kind; allowed: l1, l2, l1_l2");
}

}  // namespace
}  // namespace fitd
