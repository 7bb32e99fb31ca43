#include "core/data/byte_source.h"

#include "core/base/atomic_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/data/data_fixture.h"
#include "tests/core/data/gzip.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::HasSubstr;

class ByteSourceTest : public DataFixture {
 protected:
  absl::StatusOr<std::string> Read(std::string_view bytes, size_t step = 1000) {
    FITD_ASSIGN_OR_RETURN(ByteSource source, ByteSource::Open(Write("f", bytes), "f"));
    std::string read;
    std::string buffer(step, '\0');
    for (;;) {
      FITD_ASSIGN_OR_RETURN(const size_t count, source.Read(buffer.data(), step));
      read.append(buffer, 0, count);
      if (count < step) return read;
    }
  }
};

std::string Digits(size_t count) {
  std::string text;
  for (size_t i = 0; text.size() < count; ++i) text += std::to_string(i * i);
  return text;
}

TEST_F(ByteSourceTest, ReadsPlainBytes) {
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string("\x1F"), Digits(1'000'000)}) {
    EXPECT_THAT(Read(bytes), IsOkAndHolds(bytes));
  }
}

TEST_F(ByteSourceTest, UndoesGzip) {
  const std::string text = Digits(1'000'000);
  EXPECT_THAT(Read(Gzip(text)), IsOkAndHolds(text));
  EXPECT_THAT(Read(Gzip("")), IsOkAndHolds(""));
}

TEST_F(ByteSourceTest, ReadsConcatenatedMembersAsOne) {
  const std::string text = Digits(300'000);
  EXPECT_THAT(Read(Gzip(text) + Gzip("") + Gzip("end")), IsOkAndHolds(text + "end"));
}

TEST_F(ByteSourceTest, ReportsDamagedGzip) {
  const std::string whole = Gzip(Digits(100'000));
  EXPECT_THAT(Read(whole.substr(0, whole.size() - 1)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ends too early")));
  EXPECT_THAT(Read(whole.substr(0, 2)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Read(whole + "tail"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("other bytes after")));
  std::string flipped = whole;
  flipped[whole.size() / 2] ^= 0x10;
  EXPECT_THAT(Read(flipped), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("damaged")));
}

TEST_F(ByteSourceTest, GzippedTablesEqualPlainOnes) {
  for (const auto& [name, label] :
       {std::pair("iris.csv", "species"), std::pair("digits.csv", "digit"),
        std::pair("diabetes.csv", "progression")}) {
    const std::string path = std::string(FITD_TEST_DATA_DIR) + "/" + name;
    FITD_ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(path));
    FITD_ASSERT_OK_AND_ASSIGN(const IngestResult plain,
                              Ingest(std::vector{Csv(path, {label})}, {}, TablePath()));
    FITD_ASSERT_OK_AND_ASSIGN(
        const IngestResult zipped,
        Ingest(std::vector{Csv(Write(name, Gzip(text)), {label})}, {}, TablePath()));
    EXPECT_EQ(plain.sha256, zipped.sha256) << name;
  }
}

}  // namespace
}  // namespace fitd
