#include "core/data/table.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>

#include "core/data/number_text.h"
#include "core/data/table_format.h"
#include "core/data/values.h"
#include "core/tensor/shape.h"
#include "fmt/format.h"

namespace fitd {
namespace {

absl::Status Damaged(const std::string& what) {
  return DataLoss("the stored table is damaged: " + what);
}

}  // namespace

int64_t ElementsPerRow(const v1::ColumnSchema& column) {
  return ElementCount(Axes(column.shape()));
}

int64_t DataTypeSize(v1::DataType dtype) {
  switch (dtype) {
    case v1::DATA_TYPE_UINT8:
    case v1::DATA_TYPE_INT8:
      return 1;
    case v1::DATA_TYPE_UINT16:
    case v1::DATA_TYPE_INT16:
      return 2;
    case v1::DATA_TYPE_INT32:
    case v1::DATA_TYPE_FLOAT32:
      return 4;
    case v1::DATA_TYPE_INT64:
    case v1::DATA_TYPE_FLOAT64:
      return 8;
    case v1::DATA_TYPE_UNSPECIFIED:
    case v1::DataType_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::DataType_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return 0;
}

const std::byte* ColumnView::Address(int64_t row, int64_t element) const {
  return data + (row * row_width + element) * DataTypeSize(dtype);
}

double ColumnView::NumberAt(int64_t row, int64_t element) const {
  return VisitDataType(dtype, [&](auto zero) {
    return static_cast<double>(LoadValue<decltype(zero)>(Address(row, element)));
  });
}

absl::StatusOr<std::shared_ptr<const Table>> Table::Open(const std::string& path) {
  std::shared_ptr<Table> table(new Table);
  FITD_RETURN_IF_ERROR(table->Map(path));
  FITD_RETURN_IF_ERROR(table->ReadHeader());
  return table;
}

Table::~Table() {
  if (mapping_ != nullptr) munmap(const_cast<std::byte*>(mapping_), mapping_size_);
}

absl::Status Table::Map(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return ErrnoStatus(errno, "open a stored table");
  struct stat info;
  absl::Status status;
  if (fstat(fd, &info) != 0) {
    status = ErrnoStatus(errno, "look at a stored table");
  } else if (static_cast<size_t>(info.st_size) < sizeof(TablePreamble)) {
    status = Damaged("it is too short");
  } else {
    mapping_size_ = static_cast<size_t>(info.st_size);
    void* mapping = mmap(nullptr, mapping_size_, PROT_READ, MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED) {
      status = ErrnoStatus(errno, "map a stored table");
    } else {
      mapping_ = static_cast<const std::byte*>(mapping);
    }
  }
  close(fd);
  return status;
}

absl::Status Table::ReadHeader() {
  const auto preamble = LoadValue<TablePreamble>(mapping_);
  if (std::memcmp(preamble.magic, kTableMagic, sizeof kTableMagic) != 0)
    return Damaged("it has another magic number");
  if (preamble.file_size != mapping_size_) {
    return Damaged(fmt::format("it has {} bytes instead of {}", mapping_size_, preamble.file_size));
  }
  if (preamble.header_size > mapping_size_ - sizeof preamble)
    return Damaged("its header is cut off");
  const std::string_view bytes(reinterpret_cast<const char*>(mapping_) + sizeof preamble,
                               preamble.header_size);
  if (TableChecksum(preamble, bytes) != preamble.checksum)
    return Damaged("its header has another checksum");
  if (!header_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return Damaged("its header is unreadable");
  return PlaceColumns(TableDataOffset(preamble.header_size));
}

absl::Status Table::PlaceColumns(int64_t data_offset) {
  if (rows() < 1 || rows() > std::numeric_limits<uint32_t>::max())
    return Damaged("its number of rows is impossible");
  if (header_.statistics_size() != columns()) return Damaged("its statistics are incomplete");
  for (int index = 0; index < columns(); ++index) {
    const v1::ColumnSchema& schema = column(index);
    const bool axes_are_positive = std::all_of(schema.shape().begin(), schema.shape().end(),
                                               [](int64_t axis) { return axis >= 1; });
    if (!axes_are_positive || ElementsPerRow(schema) == kSaturated ||
        DataTypeSize(schema.dtype()) == 0) {
      return Damaged("a column's type is impossible");
    }
    if (!index_by_name_.try_emplace(schema.name(), index).second)
      return Damaged("two columns have one name");
  }

  views_.resize(static_cast<size_t>(columns()), {nullptr, 0, 0, v1::DATA_TYPE_UNSPECIFIED});
  const auto file_size = static_cast<int64_t>(mapping_size_);
  for (const v1::TableBlock& block : header_.blocks()) {
    const int64_t width = std::max<int64_t>(block.width(), 0);
    const int64_t bytes =
        SaturatingMultiply(SaturatingMultiply(rows(), width), DataTypeSize(block.dtype()));
    if (bytes < 1 || block.offset() < 0 || block.offset() % kTableAlignment != 0 ||
        block.offset() > file_size - data_offset ||
        bytes > file_size - data_offset - block.offset()) {
      return Damaged("a block lies outside the file");
    }
    const std::byte* data = mapping_ + data_offset + block.offset();
    int64_t filled = 0;
    for (const int index : block.columns()) {
      if (index < 0 || index >= columns() || View(index).data != nullptr ||
          column(index).dtype() != block.dtype()) {
        return Damaged("a block's columns are impossible");
      }
      const int64_t size = ElementsPerRow(column(index));
      if (size > width - filled) return Damaged("a block's columns do not fill its width");
      views_[static_cast<size_t>(index)] = {data + filled * DataTypeSize(block.dtype()), width,
                                            size, block.dtype()};
      filled += size;
    }
    if (filled != width) return Damaged("a block's columns do not fill its width");
  }
  for (const ColumnView& view : views_) {
    if (view.data == nullptr) return Damaged("a column has no values");
  }
  return absl::OkStatus();
}

std::optional<int> Table::FindColumn(std::string_view name) const {
  const auto found = index_by_name_.find(name);
  if (found == index_by_name_.end()) return std::nullopt;
  return found->second;
}

double Table::NumberAt(int column, int64_t row, int64_t element) const {
  return View(column).NumberAt(row, element);
}

std::string Table::TextAt(int column, int64_t row, int64_t element) const {
  const ColumnView& view = View(column);
  const double number = view.NumberAt(row, element);
  const v1::ColumnSchema& schema = this->column(column);
  if (schema.kind() == v1::COLUMN_KIND_CATEGORICAL) {
    // The content is not checked on opening: a code may be anything.
    const bool known = number >= 1 && number <= schema.dictionary_size();
    return known ? schema.dictionary(static_cast<int>(number) - 1) : "";
  }
  if (std::isnan(number)) return "";
  return VisitDataType(view.dtype, [&](auto zero) -> std::string {
    using T = decltype(zero);
    const T value = LoadValue<T>(view.Address(row, element));
    if constexpr (std::is_floating_point_v<T>) {
      return FormatNumber(value);
    } else {
      return std::to_string(value);
    }
  });
}

}  // namespace fitd
