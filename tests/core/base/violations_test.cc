#include "core/base/violations.h"

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

TEST(ViolationsTest, IsOkWithoutAny) {
  const Violations violations;
  EXPECT_TRUE(violations.empty());
  EXPECT_THAT(violations.ToStatus(), IsOk());
}

TEST(ViolationsTest, ListsAllInTheTextAndInThePayload) {
  Violations violations;
  violations.Add("spec.layers[2].dense.units", "is -3; allowed: 1 to 1048576");
  violations.Add("spec.input_shape", "is empty");
  EXPECT_FALSE(violations.empty());

  const absl::Status status = violations.ToStatus();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               "spec.layers[2].dense.units: is -3; allowed: 1 to 1048576\n"
                               "spec.input_shape: is empty"));
  const auto payload = status.GetPayload(kBadRequestTypeUrl);
  ASSERT_TRUE(payload.has_value());
  google::rpc::BadRequest details;
  ASSERT_TRUE(details.ParseFromString(std::string(*payload)));
  ASSERT_EQ(details.field_violations_size(), 2);
  EXPECT_EQ(details.field_violations(0).field(), "spec.layers[2].dense.units");
  EXPECT_EQ(details.field_violations(0).description(), "is -3; allowed: 1 to 1048576");
  EXPECT_EQ(details.field_violations(1).field(), "spec.input_shape");
}

TEST(ViolationsTest, AreNotFoundWhenNothingButNamesIsUnknown) {
  Violations violations;
  violations.AddUnknown("spec.model", "unknown model \"m\"");
  violations.AddUnknown("spec.dataset", "unknown data set \"d\"");
  EXPECT_THAT(violations.ToStatus(), StatusIs(absl::StatusCode::kNotFound,
                                              "spec.model: unknown model \"m\"\n"
                                              "spec.dataset: unknown data set \"d\""));
  violations.Add("spec.initial_version", "is -1; allowed: 0 or more");
  EXPECT_THAT(violations.ToStatus().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ViolationsTest, TakesOverWhatAStatusSays) {
  Violations first;
  first.Add("a", "is bad");
  Violations second;
  second.Add(first.ToStatus());
  second.Add(absl::OkStatus());
  EXPECT_EQ(second.ToStatus(), first.ToStatus());
  second.Add(InvalidArgument("the file ends"));
  EXPECT_THAT(second.ToStatus(),
              StatusIs(absl::StatusCode::kInvalidArgument, "a: is bad\nthe file ends"));
}

TEST(LimitedViolationsTest, CountsWhatItDoesNotList) {
  LimitedViolations violations;
  EXPECT_TRUE(violations.empty());
  for (int i = 0; i < 25; ++i) violations.Add("rows[" + std::to_string(i) + "]", "is bad");
  const std::string message(violations.ToStatus("rows").message());
  EXPECT_TRUE(message.ends_with("rows[19]: is bad\nrows: and 5 more")) << message;
}

TEST(LimitedViolationsTest, AreFullAtSomeTime) {
  LimitedViolations violations;
  for (int i = 0; i < 9'999; ++i) violations.Add("rows", "is bad");
  EXPECT_FALSE(violations.full());
  violations.Add("rows", "is bad");
  EXPECT_TRUE(violations.full());
  const std::string message(violations.ToStatus("rows").message());
  EXPECT_TRUE(message.ends_with("\nrows: and at least 9980 more")) << message;
}

TEST(FieldPathTest, NamesElementsAndChildren) {
  EXPECT_EQ(IndexedPath("spec.layers", 2), "spec.layers[2]");
  EXPECT_EQ(ChildPath("spec", "layers"), "spec.layers");
  EXPECT_EQ(ChildPath("", "spec"), "spec");
}

}  // namespace
}  // namespace fitd
