#include "core/base/status.h"

#include <cerrno>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using ::testing::HasSubstr;

TEST(ErrnoStatusTest, SaysWhatTheCallerCanDo) {
  EXPECT_THAT(ErrnoStatus(ENOSPC, "write"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(ErrnoStatus(EMFILE, "open a file"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(ErrnoStatus(ENOENT, "open a file"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ErrnoStatus(EROFS, "create a file"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(ErrnoStatus(EIO, "read a file"),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("cannot read a file: ")));
}

absl::StatusOr<int> Half(int x) {
  if (x % 2 != 0) return InvalidArgument("odd");
  return x / 2;
}

absl::StatusOr<int> Quarter(int x) {
  FITD_ASSIGN_OR_RETURN(const int half, Half(x));
  FITD_RETURN_IF_ERROR(Half(half).status());
  return half / 2;
}

TEST(StatusMacrosTest, PassTheFirstErrorOn) {
  EXPECT_THAT(Quarter(8), IsOkAndHolds(2));
  EXPECT_THAT(Quarter(5), StatusIs(absl::StatusCode::kInvalidArgument, "odd"));
  EXPECT_THAT(Quarter(6), StatusIs(absl::StatusCode::kInvalidArgument, "odd"));
}

}  // namespace
}  // namespace fitd
