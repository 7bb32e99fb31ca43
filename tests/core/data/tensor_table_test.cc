#include "core/data/tensor_table.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/data/data_fixture.h"
#include "tests/core/data/gzip.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <typename T>
std::string Bytes(const std::vector<T>& values, bool big_endian = false) {
  std::string bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  if (big_endian) {
    for (size_t i = 0; i < bytes.size(); i += sizeof(T))
      std::reverse(bytes.begin() + i, bytes.begin() + i + sizeof(T));
  }
  return bytes;
}

std::string Idx(char type, const std::vector<uint32_t>& shape, const std::string& values) {
  return std::string{0, 0, type, static_cast<char>(shape.size())} + Bytes(shape, true) + values;
}

std::string Npy(const std::string& header, const std::string& values, char version = 1) {
  std::string size(version == 1 ? 2 : 4, '\0');
  size[0] = static_cast<char>(header.size() & 0xFF);
  size[1] = static_cast<char>(header.size() >> 8);
  return "\x93NUMPY" + std::string{version, 0} + size + header + values;
}

std::string Npy(const std::string& descr, const std::string& shape, const std::string& values) {
  return Npy("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }   \n",
             values);
}

class TensorTableTest : public DataFixture {
 protected:
  IngestSource Source(const std::string& name, const std::string& bytes, v1::ColumnRole role) {
    IngestSource source;
    source.path = Write(name, bytes);
    source.spec.set_file_name(name);
    source.spec.set_role(role);
    if (name.ends_with(".idx")) source.spec.mutable_idx();
    if (name.ends_with(".npy")) source.spec.mutable_npy();
    return source;
  }
  IngestSource RawSource(const std::string& bytes, v1::DataType dtype,
                         const std::vector<int64_t>& shape, v1::ColumnRole role) {
    IngestSource source = Source("t.raw", bytes, role);
    source.spec.mutable_raw()->set_dtype(dtype);
    source.spec.mutable_raw()->mutable_row_shape()->Assign(shape.begin(), shape.end());
    return source;
  }
  // `rows` labels: 0, 1, 2, ...
  IngestSource Labels(int rows) {
    std::string labels;
    for (int i = 0; i < rows; ++i) labels += static_cast<char>(i);
    return Source("labels.idx", Idx(8, {static_cast<uint32_t>(rows)}, labels),
                  v1::COLUMN_ROLE_LABEL);
  }
  absl::StatusOr<std::shared_ptr<const Table>> Features(const std::string& name,
                                                        const std::string& bytes, int rows,
                                                        bool allow_missing = false) {
    return IngestTable({Source(name, bytes, v1::COLUMN_ROLE_FEATURE), Labels(rows)},
                       {.allow_missing = allow_missing});
  }
  static std::vector<double> Values(const Table& table, int column) {
    std::vector<double> values;
    for (int64_t row = 0; row < table.rows(); ++row) {
      for (int64_t e = 0; e < table.View(column).size; ++e)
        values.push_back(table.NumberAt(column, row, e));
    }
    return values;
  }
};

TEST_F(TensorTableTest, ReadsIdxOfEveryType) {
  const auto expect = [&](char type, const std::string& values, v1::DataType stored) {
    FITD_ASSERT_OK_AND_ASSIGN(auto table, Features("x.idx", Idx(type, {2, 1, 2}, values), 2));
    EXPECT_THAT(Values(*table, 0), ElementsAre(1, 2, 3, 100));
    EXPECT_EQ(table->column(0).dtype(), stored);
    EXPECT_THAT(table->column(0).shape(), ElementsAre(1, 2));
    EXPECT_THAT(Values(*table, 1), ElementsAre(0, 1));
    EXPECT_THAT(table->column(1).shape(), IsEmpty());
  };
  expect(0x08, Bytes<uint8_t>({1, 2, 3, 100}), v1::DATA_TYPE_UINT8);
  expect(0x09, Bytes<int8_t>({1, 2, 3, 100}), v1::DATA_TYPE_UINT8);
  expect(0x0B, Bytes<int16_t>({1, 2, 3, 100}, true), v1::DATA_TYPE_UINT8);
  expect(0x0C, Bytes<int32_t>({1, 2, 3, 100}, true), v1::DATA_TYPE_UINT8);
  expect(0x0D, Bytes<float>({1, 2, 3, 100}, true), v1::DATA_TYPE_FLOAT32);
  expect(0x0E, Bytes<double>({1, 2, 3, 100}, true), v1::DATA_TYPE_FLOAT32);
}

TEST_F(TensorTableTest, ReadsNpyOfEveryType) {
  const auto expect = [&](const std::string& descr, const std::string& values,
                          std::vector<double> expected) {
    FITD_ASSERT_OK_AND_ASSIGN(auto table, Features("x.npy", Npy(descr, "(2, 2)", values), 2));
    EXPECT_EQ(Values(*table, 0), expected) << descr;
  };
  expect("|b1", Bytes<uint8_t>({1, 0, 0, 1}), {1, 0, 0, 1});
  expect("|u1", Bytes<uint8_t>({1, 0, 0, 255}), {1, 0, 0, 255});
  expect("|i1", Bytes<int8_t>({1, -128, 0, 1}), {1, -128, 0, 1});
  expect("<u2", Bytes<uint16_t>({1, 65535, 0, 1}), {1, 65535, 0, 1});
  expect(">i2", Bytes<int16_t>({1, -2, 0, 1}, true), {1, -2, 0, 1});
  expect("<u4", Bytes<uint32_t>({1, 4294967295, 0, 1}), {1, 4294967295, 0, 1});
  expect("<i4", Bytes<int32_t>({1, -70000, 0, 1}), {1, -70000, 0, 1});
  expect("<u8", Bytes<uint64_t>({1, uint64_t{1} << 40, 0, 1}), {1, 0x1p40, 0, 1});
  expect(">i8", Bytes<int64_t>({1, -(int64_t{1} << 40), 0, 1}, true), {1, -0x1p40, 0, 1});
  expect("<f2", Bytes<uint16_t>({0x3C00, 0xC000, 0x0001, 0x7BFF}), {1, -2, 0x1p-24, 65504});
  expect("<f4", Bytes<float>({1, -0.5, 0, 1}), {1, -0.5, 0, 1});
  expect(">f8", Bytes<double>({1, 0.1, 0, 1}, true), {1, static_cast<double>(0.1F), 0, 1});
}

TEST_F(TensorTableTest, ReadsEveryNpyVersionAndKeyOrder) {
  const std::string header = "{\"shape\":(2,),'descr':'|u1','fortran_order':False}";
  for (const char version : {1, 2, 3}) {
    FITD_ASSERT_OK_AND_ASSIGN(auto table, Features("x.npy", Npy(header, "\1\2", version), 2));
    EXPECT_THAT(Values(*table, 0), ElementsAre(1, 2));
    EXPECT_THAT(table->column(0).shape(), ElementsAre(1));
  }
}

TEST_F(TensorTableTest, RefusesBadNpyHeaders) {
  const auto bad = [&](const std::string& header) {
    return Features("x.npy", Npy(header, "\1\2"), 2);
  };
  const auto invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(bad("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 1)}"),
              invalid("Fortran order"));
  EXPECT_THAT(bad("{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}"),
              invalid("\"<c8\" is not supported"));
  EXPECT_THAT(bad("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"),
              invalid("structured"));
  EXPECT_THAT(bad("{'descr': '|u1', 'fortran_order': False, 'shape': ()}"), invalid("no axes"));
  for (const std::string header :
       {"", "{", "{}", "{'descr': '|u1', 'fortran_order': False}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2)} x",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '|u1', 'fortran_order': Maybe, 'shape': (2,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'more': 1}"}) {
    EXPECT_THAT(bad(header), invalid("malformed")) << header;
  }
  EXPECT_THAT(Features("x.npy", "\x93NUMPY\4", 2), invalid("not an NPY file"));
  EXPECT_THAT(Features("x.npy", Npy("{}", "", 4), 2), invalid("version 4"));
  EXPECT_THAT(Features("x.npy", "\x93NUMPY" + std::string{2, 0, -1, -1, -1, -1}, 2),
              invalid("allowed: up to 65536"));
  EXPECT_THAT(Features("x.npy", "\x93NUMPY" + std::string{1, 0, 9, 0} + "{'d", 2),
              invalid("ends within"));
}

TEST_F(TensorTableTest, RefusesBadIdxHeaders) {
  const auto invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(Features("x.idx", "", 2), invalid("not an IDX file"));
  EXPECT_THAT(Features("x.idx", std::string("\0\0\x08", 3), 2), invalid("not an IDX file"));
  EXPECT_THAT(Features("x.idx", Idx(0x07, {2}, "\1\2"), 2), invalid("0x07"));
  EXPECT_THAT(Features("x.idx", Idx(0x08, {}, ""), 2), invalid("no axes"));
  EXPECT_THAT(Features("x.idx", Idx(0x08, {2, 3}, "").substr(0, 9), 2), invalid("ends within"));
  EXPECT_THAT(Features("x.idx", Idx(0x08, {2, 0}, ""), 2), invalid("axes of at least 1"));
  EXPECT_THAT(Features("x.idx", Idx(0x08, std::vector<uint32_t>(255, 1), "\1"), 2),
              invalid("254 axes"));
  EXPECT_THAT(Features("x.idx", Idx(0x08, {0}, ""), 2),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no rows")));
}

TEST_F(TensorTableTest, RefusesShapesWithoutAllocatingThem) {
  EXPECT_THAT(
      Features("x.idx", Idx(0x08, {1000, 1000000, 1000000}, std::string(16, 'x')), 2),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("allowed: at most 16777216 per row")));
  EXPECT_THAT(
      Features("x.npy", Npy("<f4", "(16, 1152921504606846978)", "1234"), 2),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1152921504606846978 values")));
  EXPECT_THAT(Features("x.npy", Npy("<f4", "(1, 4194305, 4194305, 211106198978564)", "1234"), 2),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("element count overflow")));
  EXPECT_THAT(Features("x.npy", Npy("|u1", "(4000000000, 1000)", std::string(16, 'x')), 2),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("it ends after 16")));
}

TEST_F(TensorTableTest, WantsAsManyBytesAsTheHeaderSays) {
  EXPECT_THAT(Features("x.idx", Idx(8, {2, 2}, "abc"), 2),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4 values; it ends after 3")));
  EXPECT_THAT(
      Features("x.idx", Idx(8, {2, 2}, "abcde"), 2),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has more bytes than 2 rows")));
}

TEST_F(TensorTableTest, WantsOneLabelPerRow) {
  EXPECT_THAT(Features("x.idx", Idx(8, {3, 1}, "abc"), 2),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("x.idx has 3 rows"), HasSubstr("labels.idx has 2"))));
}

TEST_F(TensorTableTest, RowsOfRawFilesFollowFromTheirSize) {
  const IngestSource features = RawSource(Bytes<int16_t>({1, -2, 3, -400}), v1::DATA_TYPE_INT16,
                                          {2}, v1::COLUMN_ROLE_FEATURE);
  FITD_ASSERT_OK_AND_ASSIGN(auto table, IngestTable({Labels(2), features}));
  EXPECT_THAT(Values(*table, 0), ElementsAre(1, -2, 3, -400));
  EXPECT_EQ(table->column(0).dtype(), v1::DATA_TYPE_INT16);
  for (const size_t size : {5, 6}) {
    const IngestSource cut =
        RawSource(std::string(size, 'x'), v1::DATA_TYPE_INT16, {2}, v1::COLUMN_ROLE_FEATURE);
    EXPECT_THAT(IngestTable({cut, Labels(2)}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a multiple")));
  }
}

TEST_F(TensorTableTest, NamesRowAndCountOfValuesThatAreNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_THAT(Features("x.npy", Npy("<f4", "(2, 2)", Bytes<float>({0, 1, 2, nan})), 2),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("x.npy: row 2, value 2 is not a finite")));
  EXPECT_THAT(
      Features("x.npy", Npy("<f4", "(2, 2)", Bytes<float>({infinity, 1, -infinity, nan})), 2, true),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("row 1, value 1"), HasSubstr("2 values are not"))));
  EXPECT_THAT(Features("x.npy", Npy("<f8", "(2,)", Bytes<double>({1, 1e39})), 2),
              StatusIs(absl::StatusCode::kInvalidArgument));
  FITD_ASSERT_OK_AND_ASSIGN(
      auto table, Features("x.npy", Npy("<f4", "(2, 2)", Bytes<float>({0, 1, 2, nan})), 2, true));
  EXPECT_EQ(table->column(0).missing(), 1);
  EXPECT_TRUE(std::isnan(table->NumberAt(0, 1, 1)));
}

TEST_F(TensorTableTest, TellsOfFaultsInBothFiles) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(IngestTable({Source("x.idx", Idx(8, {2, 2}, "abc"), v1::COLUMN_ROLE_FEATURE),
                           Source("y.npy", Npy("<f4", "(2,)", Bytes<float>({1, nan})),
                                  v1::COLUMN_ROLE_LABEL)}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("it ends after 3"), HasSubstr("y.npy: row 2"))));
}

TEST_F(TensorTableTest, KeepsDenormalsAndNegativeZero) {
  FITD_ASSERT_OK_AND_ASSIGN(
      auto table, Features("x.npy", Npy("<f4", "(2,)", Bytes<float>({-0.0F, 1e-40F})), 2));
  EXPECT_TRUE(std::signbit(table->NumberAt(0, 0)));
  EXPECT_EQ(table->NumberAt(0, 1), static_cast<double>(1e-40F));
}

TEST_F(TensorTableTest, LabelsAreNeverMissing) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<IngestSource> sources = {
      Source("x.idx", Idx(8, {2}, "ab"), v1::COLUMN_ROLE_FEATURE),
      Source("y.npy", Npy("<f4", "(2,)", Bytes<float>({1, nan})), v1::COLUMN_ROLE_LABEL)};
  EXPECT_THAT(IngestTable(sources, {.allow_missing = true}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("y.npy: row 2")));
}

TEST_F(TensorTableTest, UndoesGzip) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, Features("x.idx", Gzip(Idx(8, {2, 2}, "abcd")), 2));
  EXPECT_THAT(Values(*table, 0), ElementsAre('a', 'b', 'c', 'd'));
}

TEST_F(TensorTableTest, MeasuresFeaturesAndCountsLabels) {
  FITD_ASSERT_OK_AND_ASSIGN(
      auto table, Features("x.idx", Idx(8, {3, 2}, Bytes<uint8_t>({0, 10, 20, 30, 40, 50})), 3));
  const v1::ColumnStatistics& statistics = table->header().statistics(0);
  EXPECT_EQ(statistics.count(), 6);
  EXPECT_EQ(statistics.max(), 50);
  EXPECT_DOUBLE_EQ(statistics.mean(), 25);
  EXPECT_DOUBLE_EQ(statistics.stddev(), std::sqrt(1750.0 / 6));
  EXPECT_EQ(table->header().statistics(1).top_values_size(), 3);
}

}  // namespace
}  // namespace fitd
