#include "core/base/kinds.h"

#include "fitd/v1/loss.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(KindsTest, NamesEveryKindOfASpec) {
  const auto names = KindNames(*v1::LossSpec::descriptor());
  EXPECT_THAT(names, SizeIs(v1::LossSpec::descriptor()->FindOneofByName("kind")->field_count()));
  EXPECT_THAT(names, Contains("huber"));
}

TEST(KindsTest, NamesTheKindThatIsSet) {
  v1::LossSpec spec;
  EXPECT_EQ(KindName(spec), "");
  spec.mutable_huber();
  EXPECT_EQ(KindName(spec), "huber");
  EXPECT_EQ(KindPath(spec, "spec.training.loss"), "spec.training.loss.huber");
}

TEST(KindsTest, RequiresAKind) {
  v1::LossSpec spec;
  Violations violations;
  RequireKind(spec, "spec.loss", violations);
  EXPECT_THAT(violations.ToStatus(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("spec.loss: has no kind; allowed: mean_squared_error, ")));
  spec.mutable_huber();
  Violations none;
  RequireKind(spec, "spec.loss", none);
  EXPECT_TRUE(none.empty());
}

TEST(KindsTest, ChecksFields) {
  Violations violations;
  CheckField(true, 3, "1 to 5", "spec.units", violations);
  EXPECT_TRUE(violations.empty());
  CheckField(false, -3, "1 to 5", "spec.units", violations);
  EXPECT_THAT(violations.ToStatus(),
              StatusIs(absl::StatusCode::kInvalidArgument, "spec.units: is -3; allowed: 1 to 5"));
}

}  // namespace
}  // namespace fitd
