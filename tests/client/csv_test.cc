#include "client/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace fitd::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Rows = std::vector<std::vector<std::string>>;

absl::StatusOr<Rows> Read(const std::string& text, char delimiter = ',') {
  std::istringstream input(text);
  CsvReader reader(input, "x.csv", delimiter);
  Rows rows;
  std::vector<std::string> fields;
  for (;;) {
    const absl::StatusOr<bool> any = reader.Next(fields);
    if (!any.ok()) return any.status();
    if (!*any) return rows;
    rows.push_back(fields);
  }
}

TEST(CsvReaderTest, SplitsRecordsAndFields) {
  EXPECT_THAT(Read("a,b\n1,2\n"), IsOkAndHolds(Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_THAT(Read("a,b\r\n1,\r\n"), IsOkAndHolds(Rows{{"a", "b"}, {"1", ""}}));
  EXPECT_THAT(Read("a;b", ';'), IsOkAndHolds(Rows{{"a", "b"}}));
  EXPECT_THAT(Read(",\n,"), IsOkAndHolds(Rows{{"", ""}, {"", ""}}));
}

TEST(CsvReaderTest, UndoesQuotes) {
  EXPECT_THAT(Read("\"a,\n\"\"b\"\"\",c\n"), IsOkAndHolds(Rows{{"a,\n\"b\"", "c"}}));
  EXPECT_THAT(Read("\"\",x"), IsOkAndHolds(Rows{{"", "x"}}));
  EXPECT_THAT(Read("5\" pipe,x"), IsOkAndHolds(Rows{{"5\" pipe", "x"}}));
}

TEST(CsvReaderTest, SkipsByteOrderMarkAndEmptyLines) {
  EXPECT_THAT(Read("\xEF\xBB\xBF\"a\",b\n\n\r\n1,2\n\n"),
              IsOkAndHolds(Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_THAT(Read("\xEF\xBC\x81,b"), IsOkAndHolds(Rows{{"\xEF\xBC\x81", "b"}}));
  EXPECT_THAT(Read(""), IsOkAndHolds(Rows{}));
}

TEST(CsvReaderTest, NamesTheLineOfAFault) {
  EXPECT_THAT(Read("a\n\"b\nc"), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("x.csv:2: a quote is not closed")));
  EXPECT_THAT(Read("a,\"b\"c"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("x.csv:1: field 2: text after the closing quote")));
}

TEST(CsvReaderTest, BoundsARecord) {
  EXPECT_THAT(Read(std::string((16 << 20) + 1, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("longer than 16 MiB")));
}

TEST(CsvReaderTest, CountsLines) {
  std::istringstream input("a\n\"x\ny\"\r\nb");
  CsvReader reader(input, "x.csv");
  std::vector<std::string> fields;
  std::vector<int64_t> lines;
  while (*reader.Next(fields)) lines.push_back(reader.line());
  EXPECT_THAT(lines, ElementsAre(1, 2, 4));
}

}  // namespace
}  // namespace fitd::client
