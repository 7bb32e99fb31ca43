#include "server/jobs/paging.h"

#include <string>

#include "fitd/v1/dataset.pb.h"
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

TEST(PageRoomTest, EndsAPageByNumberOrBySize) {
  const auto entries = [](int64_t size, size_t bytes) {
    v1::Dataset entry;
    entry.set_name(std::string(bytes, 'x'));
    PageRoom room({.size = size, .cursor = ""});
    int taken = 0;
    while (room.Take(entry)) ++taken;
    return taken;
  };
  EXPECT_EQ(entries(3, 10), 3);
  EXPECT_EQ(entries(100, 300 << 10), 3);
  EXPECT_EQ(entries(100, 3 << 20), 1);
}

}  // namespace
}  // namespace fitd
