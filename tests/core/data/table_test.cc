#include "core/data/table.h"

#include <random>

#include "core/base/atomic_file.h"
#include "core/data/table_format.h"
#include "core/data/table_writer.h"
#include "core/data/values.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/data/data_fixture.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

class TableTest : public DataFixture {
 protected:
  absl::Status Open(std::string_view bytes) {
    return Table::Open(Write("damaged", bytes)).status();
  }

  // A table file with this header and a sound checksum.
  absl::Status OpenWithHeader(const v1::TableHeader& header, size_t data_bytes) {
    const std::string bytes = header.SerializeAsString();
    TablePreamble preamble;
    std::memcpy(preamble.magic, kTableMagic, sizeof kTableMagic);
    preamble.header_size = static_cast<uint32_t>(bytes.size());
    std::string file(static_cast<size_t>(TableDataOffset(preamble.header_size)) + data_bytes, '\0');
    preamble.file_size = file.size();
    preamble.checksum = TableChecksum(preamble, bytes);
    std::memcpy(file.data(), &preamble, sizeof preamble);
    std::memcpy(file.data() + sizeof preamble, bytes.data(), bytes.size());
    return Open(file);
  }
};

v1::TableHeader OneColumn() {
  v1::TableHeader header;
  header.set_rows(2);
  header.add_columns()->set_name("a");
  header.mutable_columns(0)->set_dtype(v1::DATA_TYPE_INT32);
  header.add_statistics();
  auto& block = *header.add_blocks();
  block.set_dtype(v1::DATA_TYPE_INT32);
  block.add_columns(0);
  block.set_width(1);
  return header;
}

TEST_F(TableTest, ScalarsOfOneTypeShareABlock) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,b,c,d,y\n1,0.5,2,x,1\n3,1.5,4,z,0\n"));
  ASSERT_EQ(table->header().blocks_size(), 2);
  EXPECT_THAT(table->header().blocks(0).columns(), testing::ElementsAre(0, 2, 3, 4));
  EXPECT_EQ(table->NumberAt(2, 1), 4);
  EXPECT_EQ(table->NumberAt(1, 1), 1.5);
  EXPECT_EQ(table->TextAt(3, 1), "z");
  EXPECT_EQ(table->FindColumn("c"), 2);
  EXPECT_EQ(table->FindColumn("e"), std::nullopt);
}

TEST_F(TableTest, GivesBackWhatWasWritten) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 12; ++round) {
    v1::TableHeader header;
    header.set_rows(1 + static_cast<int64_t>(random() % 3000));
    const int columns = 1 + static_cast<int>(random() % 12);
    for (int i = 0; i < columns; ++i) {
      auto& column = *header.add_columns();
      column.set_name("c" + std::to_string(i));
      column.set_dtype(static_cast<v1::DataType>(1 + random() % 8));
      while (column.shape_size() < 2 && random() % 3 == 0)
        column.add_shape(1 + static_cast<int64_t>(random() % 16));
      header.add_statistics();
    }
    const auto value_at = [&](int64_t row, int column, int64_t element) {
      return static_cast<double>((row * 31 + column * 7 + element) % 128);
    };
    FITD_ASSERT_OK_AND_ASSIGN(TableWriter writer, TableWriter::Create(TablePath(), header));
    for (int64_t row = 0; row < header.rows(); ++row) {
      for (int column = 0; column < columns; ++column) {
        VisitDataType(header.columns(column).dtype(), [&](auto zero) {
          using T = decltype(zero);
          for (int64_t e = 0; e < ElementsPerRow(header.columns(column)); ++e) {
            StoreValue(static_cast<T>(value_at(row, column, e)),
                       writer.Slot(column) + e * static_cast<int64_t>(sizeof(T)));
          }
        });
      }
      FITD_ASSERT_OK(writer.EndRow());
    }
    FITD_ASSERT_OK(writer.Finish());
    FITD_ASSERT_OK_AND_ASSIGN(auto table, Table::Open(TablePath()));
    int64_t different = 0;
    for (int64_t row = 0; row < header.rows(); ++row) {
      for (int column = 0; column < columns; ++column) {
        for (int64_t e = 0; e < ElementsPerRow(header.columns(column)); ++e) {
          different += table->NumberAt(column, row, e) != value_at(row, column, e);
        }
      }
    }
    ASSERT_EQ(different, 0) << header.ShortDebugString();
  }
}

TEST_F(TableTest, FindsEveryTruncation) {
  FITD_ASSERT_OK(BundledTable("iris.csv", "species"));
  FITD_ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(TablePath()));
  FITD_EXPECT_OK(Open(bytes));
  for (size_t size = 0; size < bytes.size(); size += 64) {
    ASSERT_THAT(Open(bytes.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
  EXPECT_THAT(Open(bytes.substr(0, bytes.size() - 1)), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Open(bytes + "x"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(TableTest, FindsEveryFlippedByteOfTheHeader) {
  FITD_ASSERT_OK(CsvTable("a,c,y\n1,u,0\n2,v,1\n"));
  FITD_ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(TablePath()));
  const auto preamble = LoadValue<TablePreamble>(bytes.data());
  for (size_t i = 0; i < sizeof preamble + preamble.header_size; ++i) {
    bytes[i] ^= 0x41;
    ASSERT_THAT(Open(bytes), StatusIs(absl::StatusCode::kDataLoss)) << i;
    bytes[i] ^= 0x41;
  }
}

TEST_F(TableTest, SurvivesCodesThatNoDictionaryHas) {
  FITD_ASSERT_OK_AND_ASSIGN(
      const IngestResult result,
      Ingest(std::vector{Csv(Write("t.csv", "c,y\nu,0\n"), {"y"})}, {}, TablePath()));
  FITD_ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(TablePath()));
  bytes[bytes.size() - 2] = '\xFF';
  FITD_ASSERT_OK_AND_ASSIGN(auto table, Table::Open(Write("damaged", bytes)));
  EXPECT_EQ(table->NumberAt(0, 0), 255);
  EXPECT_EQ(table->TextAt(0, 0), "");
}

TEST_F(TableTest, ChecksWhatASoundHeaderSays) {
  FITD_EXPECT_OK(OpenWithHeader(OneColumn(), 8));
  const auto damaged = [&](auto change) {
    v1::TableHeader header = OneColumn();
    change(header);
    EXPECT_THAT(OpenWithHeader(header, 8), StatusIs(absl::StatusCode::kDataLoss))
        << header.ShortDebugString();
  };
  damaged([](v1::TableHeader& h) { h.set_rows(0); });
  damaged([](v1::TableHeader& h) { h.set_rows(3); });
  damaged([](v1::TableHeader& h) { h.set_rows(int64_t{1} << 32); });
  damaged([](v1::TableHeader& h) { h.clear_blocks(); });
  damaged([](v1::TableHeader& h) { h.clear_statistics(); });
  damaged([](v1::TableHeader& h) { *h.add_columns() = h.columns(0); });
  damaged([](v1::TableHeader& h) { h.mutable_columns(0)->add_shape(int64_t{1} << 62); });
  damaged([](v1::TableHeader& h) { h.mutable_columns(0)->add_shape(-1); });
  damaged([](v1::TableHeader& h) { h.mutable_columns(0)->set_dtype(v1::DATA_TYPE_FLOAT32); });
  damaged([](v1::TableHeader& h) { h.mutable_blocks(0)->set_dtype(v1::DATA_TYPE_UNSPECIFIED); });
  damaged([](v1::TableHeader& h) { h.mutable_blocks(0)->set_offset(-64); });
  damaged([](v1::TableHeader& h) { h.mutable_blocks(0)->set_offset(64); });
  damaged([](v1::TableHeader& h) { h.mutable_blocks(0)->set_offset(1); });
  damaged([](v1::TableHeader& h) { h.mutable_blocks(0)->set_width(2); });
  damaged([](v1::TableHeader& h) {
    h.mutable_blocks(0)->set_width(std::numeric_limits<int64_t>::max());
  });
  damaged([](v1::TableHeader& h) { h.mutable_blocks(0)->set_columns(0, 1); });
  damaged([](v1::TableHeader& h) { h.mutable_blocks(0)->add_columns(0); });
}

TEST_F(TableTest, ReportsAMissingFile) {
  EXPECT_THAT(Table::Open(dir_.File("nothing")), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace fitd
