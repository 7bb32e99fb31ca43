#include "client/tensor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd::client {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using v1::SourceSpec;

SourceSpec Format(SourceSpec::FormatCase format) {
  SourceSpec source;
  if (format == SourceSpec::kIdx) source.mutable_idx();
  if (format == SourceSpec::kNpy) source.mutable_npy();
  return source;
}

SourceSpec Raw(v1::DataType dtype, std::vector<int64_t> row_shape) {
  SourceSpec source;
  source.mutable_raw()->set_dtype(dtype);
  source.mutable_raw()->mutable_row_shape()->Add(row_shape.begin(), row_shape.end());
  return source;
}

template <typename Value>
std::vector<Value> Values(const v1::Tensor& tensor) {
  std::vector<Value> values(tensor.data().size() / sizeof(Value));
  std::memcpy(values.data(), tensor.data().data(), tensor.data().size());
  return values;
}

std::string Npy(const std::string& header, const std::string& data) {
  const auto size = static_cast<char>(header.size());
  return std::string("\x93NUMPY\x01\x00", 8) + size + '\0' + header + data;
}

class TensorReaderTest : public testing::Test {
 protected:
  absl::StatusOr<v1::Tensor> Read(const std::string& content, const SourceSpec& source,
                                  int64_t most = 4096) {
    std::ofstream(dir_.File("x"), std::ios::binary) << content;
    auto reader = TensorReader::Open(dir_.File("x"), source);
    if (!reader.ok()) return reader.status();
    reader_ = *std::move(reader);
    return reader_->Next(most);
  }

  TempDir dir_;
  std::unique_ptr<TensorReader> reader_;
};

TEST_F(TensorReaderTest, ReadsIdxInChunks) {
  const std::string idx = std::string("\0\0\x08\x02\0\0\0\x03\0\0\0\x02", 12) + "abcdef";
  FITD_ASSERT_OK_AND_ASSIGN(v1::Tensor tensor, Read(idx, Format(SourceSpec::kIdx), 2));
  EXPECT_EQ(tensor.dtype(), v1::DATA_TYPE_UINT8);
  EXPECT_THAT(tensor.shape(), ElementsAre(2, 2));
  EXPECT_EQ(tensor.data(), "abcd");
  FITD_ASSERT_OK_AND_ASSIGN(tensor, reader_->Next(2));
  EXPECT_EQ(tensor.data(), "ef");
  FITD_ASSERT_OK_AND_ASSIGN(tensor, reader_->Next(2));
  EXPECT_EQ(tensor.shape(0), 0);
}

TEST_F(TensorReaderTest, TurnsBigEndianIntoLittleEndian) {
  const std::string idx("\0\0\x0C\x01\0\0\0\x02\0\0\x01\x02\xFF\xFF\xFF\xFF", 16);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Tensor tensor, Read(idx, Format(SourceSpec::kIdx)));
  EXPECT_THAT(Values<int32_t>(tensor), ElementsAre(258, -1));
}

TEST_F(TensorReaderTest, ReadsNpy) {
  const float values[] = {1.5F, -2.0F, 0.25F, 8.0F};
  const std::string npy = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n",
                              std::string(reinterpret_cast<const char*>(values), sizeof values));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Tensor tensor, Read(npy, Format(SourceSpec::kNpy)));
  EXPECT_THAT(tensor.shape(), ElementsAre(2, 2));
  EXPECT_THAT(Values<float>(tensor), ElementsAre(1.5F, -2.0F, 0.25F, 8.0F));
}

TEST_F(TensorReaderTest, UndoesGzip) {
  gzFile file = gzopen(dir_.File("x").c_str(), "wb");
  gzwrite(file, "abcdef", 6);
  gzclose(file);
  FITD_ASSERT_OK_AND_ASSIGN(const auto reader,
                            TensorReader::Open(dir_.File("x"), Raw(v1::DATA_TYPE_UINT8, {3})));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Tensor tensor, reader->Next(10));
  EXPECT_THAT(tensor.shape(), ElementsAre(2, 3));
  EXPECT_EQ(tensor.data(), "abcdef");
}

TEST_F(TensorReaderTest, SaysWhatIsWrong) {
  const auto idx = Format(SourceSpec::kIdx);
  const auto npy = Format(SourceSpec::kNpy);
  const std::vector<std::tuple<std::string, SourceSpec, std::string>> cases = {
      {"PK", idx, "the file ends inside its header"},
      {"PK\x03\x04", idx, "not an IDX file"},
      {std::string("\0\0\x08\x01\0\0\0\x03"
                   "ab",
                   10),
       idx, "the file ends before its last row"},
      {std::string("\0\0\x08\x03\0\0\0\x03\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16), idx,
       "rows above 256 MiB"},
      {std::string("\0\0\x08\x02\0\0\0\x03\0\0\0\0", 12), idx, "rows without values"},
      {"12345678", npy, "not an NPY file"},
      {Npy("{'shape': (1,)}", ""), npy, "no type in the header"},
      {Npy("{'descr': '<c8', 'shape': (1,)}", ""), npy, "values of type \"<c8\""},
      {Npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", ""), npy, "Fortran order"},
      {Npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", ""), npy,
       "the array has no axes"},
      {Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, "
           "9223372036854775807)}",
           ""),
       npy, "rows above 256 MiB"},
      {"abcde", Raw(v1::DATA_TYPE_UINT8, {3}), "the file ends inside a row; a row has 3 bytes"},
      {"abcde", Raw(v1::DATA_TYPE_UINT8, {0}), "rows without values"},
      {"abcde", Raw(v1::DATA_TYPE_UNSPECIFIED, {}), "rows without values"},
      {"\x1F\x8B garbage", Raw(v1::DATA_TYPE_UINT8, {}), "\"" + dir_.File("x").substr(0, 60)},
  };
  for (const auto& [content, source, message] : cases) {
    EXPECT_THAT(Read(content, source), StatusIs(StatusCode::kInvalidArgument, HasSubstr(message)))
        << content;
  }
}

TEST(FormatOfFileTest, GoesByTheEndOfTheName) {
  EXPECT_THAT(FormatOfFile("a/b.csv"), IsOkAndHolds(SourceSpec::kCsv));
  EXPECT_THAT(FormatOfFile("b.tsv.gz"), IsOkAndHolds(SourceSpec::kCsv));
  EXPECT_THAT(FormatOfFile("b.npy"), IsOkAndHolds(SourceSpec::kNpy));
  EXPECT_THAT(FormatOfFile("b.raw.gz"), IsOkAndHolds(SourceSpec::kRaw));
  EXPECT_THAT(FormatOfFile("train-images-idx3-ubyte.gz"), IsOkAndHolds(SourceSpec::kIdx));
  EXPECT_THAT(FormatOfFile("x.idx"), IsOkAndHolds(SourceSpec::kIdx));
  EXPECT_THAT(FormatOfFile("x.txt"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("--format")));
}

TEST(ParseFormatTest, NamesTheNearest) {
  EXPECT_THAT(ParseFormat("npy"), IsOkAndHolds(SourceSpec::kNpy));
  EXPECT_THAT(ParseFormat("ndx"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("known: csv, idx, npy, raw")));
}

}  // namespace
}  // namespace fitd::client
