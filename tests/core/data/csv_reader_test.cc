#include "core/data/csv_reader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/data/data_fixture.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Record = std::vector<std::string>;

class CsvReaderTest : public DataFixture {
 protected:
  absl::StatusOr<std::vector<Record>> Read(std::string_view text, char delimiter = ',') {
    FITD_ASSIGN_OR_RETURN(CsvReader reader,
                          CsvReader::Open(Write("f.csv", text), "f.csv", delimiter));
    std::vector<Record> records;
    for (;;) {
      FITD_ASSIGN_OR_RETURN(const bool more, reader.Next());
      if (!more) return records;
      records.emplace_back(reader.fields().begin(), reader.fields().end());
    }
  }
};

TEST_F(CsvReaderTest, SplitsRecordsWithEveryLineEnd) {
  const auto expected = IsOkAndHolds(ElementsAre(Record{"a", "b"}, Record{"1", ""}));
  EXPECT_THAT(Read("a,b\n1,\n"), expected);
  EXPECT_THAT(Read("a,b\r\n1,\r\n"), expected);
  EXPECT_THAT(Read("a,b\n1,"), expected);
  EXPECT_THAT(Read("a,b\r\n1,\r"), expected);
  EXPECT_THAT(Read("\xEF\xBB\xBF"
                   "a,b\n\n1,\n\r\n\n"),
              expected);
  EXPECT_THAT(Read("a;b\n1;\n", ';'), expected);
}

TEST_F(CsvReaderTest, FindsNothingInAnEmptyFile) {
  EXPECT_THAT(Read(""), IsOkAndHolds(ElementsAre()));
  EXPECT_THAT(Read("\n\r\n\r"), IsOkAndHolds(ElementsAre()));
}

TEST_F(CsvReaderTest, SaysThatAFileIsNoUtf8Text) {
  using std::string_view_literals::operator""sv;
  const auto utf16 =
      StatusIs(absl::StatusCode::kInvalidArgument, "f.csv: looks like UTF-16; save it as UTF-8");
  EXPECT_THAT(Read("\xFF\xFE"
                   "a\0,\0b\0\n\0"sv),
              utf16);
  EXPECT_THAT(Read("\xFE\xFF\0a\0,\0b"sv), utf16);
  EXPECT_THAT(Read("a\0,\0b\0\n\0"sv), utf16);
  EXPECT_THAT(Read("a,b\n1,x\0y\n"sv),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "f.csv:2:4: is a zero byte; a table is UTF-8 text"));
}

TEST_F(CsvReaderTest, UnquotesFields) {
  EXPECT_THAT(
      Read("\"a,b\",\"c\"\"d\"\"\",\"e\r\nf\"\r\n\"\",\"\"\"\",g\"h\n"),
      IsOkAndHolds(ElementsAre(Record{"a,b", "c\"d\"", "e\r\nf"}, Record{"", "\"", "g\"h"})));
}

TEST_F(CsvReaderTest, ReadsTheSameWhereverItsBufferEnds) {
  const std::string record = "\"x\"\"\r\n,\",1\r\n";
  for (size_t padding = 256 * 1024 - 2 * record.size(); padding < 256 * 1024 + 2; ++padding) {
    const std::string first(padding - 3, 'p');
    ASSERT_THAT(Read(first + ",0\n" + record + record),
                IsOkAndHolds(ElementsAre(Record{first, "0"}, Record{"x\"\r\n,", "1"},
                                         Record{"x\"\r\n,", "1"})))
        << padding;
  }
}

TEST_F(CsvReaderTest, NamesThePlaceOfARaggedRecord) {
  EXPECT_THAT(Read("a,b\n1,2\n1,22,3\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "f.csv:3:6: the line has 3 fields; expected 2, as in the first line"));
  EXPECT_THAT(Read("a,b\n\n\"1\n\"\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("f.csv:3:1:")));
}

TEST_F(CsvReaderTest, NamesThePlaceOfAWrongQuote) {
  EXPECT_THAT(Read("a,b\n1,\"2\n3,4\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "f.csv:2:3: a quoted field has no closing quote"));
  EXPECT_THAT(Read("a,b\n\"1\"x,2\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("f.csv:2:4: expected ','")));
}

TEST_F(CsvReaderTest, CountsLinesWithinQuotes) {
  FITD_ASSERT_OK_AND_ASSIGN(CsvReader reader,
                            CsvReader::Open(Write("f.csv", "\"a\n\nb\",cc,d\n"), "f.csv", ','));
  ASSERT_THAT(reader.Next(), IsOkAndHolds(true));
  EXPECT_EQ(reader.Where(0), "f.csv:1:1");
  EXPECT_EQ(reader.Where(1), "f.csv:3:4");
  EXPECT_EQ(reader.Where(2), "f.csv:3:7");
}

TEST_F(CsvReaderTest, LimitsTheLengthOfALine) {
  EXPECT_THAT(Read("a,b\n1," + std::string(CsvReader::kMaxRecordBytes - 3, 'x') + "\n"), IsOk());
  EXPECT_THAT(Read("a,b\n1," + std::string(CsvReader::kMaxRecordBytes, 'x') + "\n"),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("f.csv:2:1: a line is longer than 1048576 bytes")));
  EXPECT_THAT(Read("a,b\n1," + std::string(10'000'000, 'x')),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace fitd
