// A stored data set: immutable blocks of columns in a memory-mapped file. docs/formats.md describes
// the bytes.

#ifndef FITD_CORE_DATA_TABLE_H_
#define FITD_CORE_DATA_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "fitd/v1/dataset.pb.h"

namespace fitd {

// Where a column's values lie: value e of row r is at data + (r * row_width + e) * size of dtype.
struct ColumnView {
  const std::byte* data;
  int64_t row_width;  // Values per row of the block that the column is part of.
  int64_t size;       // Values per row of the column itself.
  v1::DataType dtype;

  const std::byte* Address(int64_t row, int64_t element = 0) const;
  // The stored value as a double: codes for categorical columns, NaN for missing numbers.
  double NumberAt(int64_t row, int64_t element = 0) const;
};

// Thread-safe after Open. Shared by the jobs that read it; the mapping lives as long as the last of
// them.
class Table {
 public:
  // DATA_LOSS when the file is damaged (every length and the header's checksum are checked; the
  // content's hash is not).
  static absl::StatusOr<std::shared_ptr<const Table>> Open(const std::string& path);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // At most 2^32 - 1.
  int64_t rows() const { return header_.rows(); }
  const v1::TableHeader& header() const { return header_; }
  int columns() const { return header_.columns_size(); }
  const v1::ColumnSchema& column(int index) const { return header_.columns(index); }
  std::optional<int> FindColumn(std::string_view name) const;

  const ColumnView& View(int column) const { return views_[static_cast<size_t>(column)]; }
  // One value as a double; NaN where it is missing. Categorical columns: the code.
  double NumberAt(int column, int64_t row, int64_t element = 0) const;
  // One scalar value as text: numbers in shortest form, categorical values from the dictionary;
  // empty where missing.
  std::string TextAt(int column, int64_t row, int64_t element = 0) const;

 private:
  Table() = default;
  absl::Status Map(const std::string& path);
  absl::Status ReadHeader();
  absl::Status PlaceColumns(int64_t data_offset);

  const std::byte* mapping_ = nullptr;
  size_t mapping_size_ = 0;
  v1::TableHeader header_;
  std::vector<ColumnView> views_;  // By column.
  std::map<std::string, int, std::less<>> index_by_name_;
};

// Values per row: the product of the shape; 1 for a scalar.
int64_t ElementsPerRow(const v1::ColumnSchema& column);

// Bytes of one value; 0 for DATA_TYPE_UNSPECIFIED.
int64_t DataTypeSize(v1::DataType dtype);

}  // namespace fitd

#endif  // FITD_CORE_DATA_TABLE_H_
