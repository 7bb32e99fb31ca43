#include "server/jobs/paging.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::HasSubstr;

absl::Status Check(int32_t size, const std::string& token, std::string_view scope = "models") {
  Violations violations;
  ResolvePage(size, token, scope, violations);
  return violations.ToStatus();
}

TEST(PagingTest, TokenLeadsBackToItsCursor) {
  Violations violations;
  const Page page = ResolvePage(0, MakePageToken("models", "mnist"), "models", violations);
  FITD_EXPECT_OK(violations.ToStatus());
  EXPECT_EQ(page.cursor, "mnist");
  EXPECT_EQ(page.size, 100);
}

TEST(PagingTest, SizesOutOfRangeAreRefused) {
  FITD_EXPECT_OK(Check(1000, ""));
  EXPECT_THAT(Check(1001, ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_size: is 1001")));
  EXPECT_THAT(Check(-1, ""), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PagingTest, TokensOfOtherListsAndForgedOnesAreRefused) {
  EXPECT_THAT(Check(0, MakePageToken("datasets", "mnist")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")));
  for (const char* token : {"x", "????", "bW5pc3Q"}) {
    EXPECT_THAT(Check(0, token), StatusIs(absl::StatusCode::kInvalidArgument)) << token;
  }
}

}  // namespace
}  // namespace fitd
