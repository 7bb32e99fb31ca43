#include "core/base/guarded.h"

#include <new>
#include <stdexcept>

#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

// Failure case 69.
TEST(GuardedTest, ExceptionsBecomeStatuses) {
  const auto thrown = [](auto exception) {
    return Guarded([&]() -> absl::StatusOr<int> { throw exception; });
  };
  EXPECT_THAT(thrown(std::bad_alloc()), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(thrown(std::runtime_error("why")), StatusIs(absl::StatusCode::kInternal, "why"));
  EXPECT_THAT(thrown(7), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace fitd
