#include "client/tensor_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "client/names.h"
#include "client/status_macros.h"

namespace fitd::client {
namespace {

using v1::SourceSpec;

constexpr int64_t kChunkBytes = int64_t{4} << 20;
constexpr int64_t kLargestRow = int64_t{256} << 20;

// Product of the sizes, or nothing if one is negative or the product is above `limit`.
std::optional<int64_t> Product(std::span<const int64_t> sizes, int64_t limit) {
  int64_t product = 1;
  for (const int64_t size : sizes) {
    if (size < 0 || (size > 0 && product > limit / size)) return std::nullopt;
    product *= size;
  }
  return product;
}

uint32_t BigEndian32(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

struct NpyType {
  std::string_view code;
  v1::DataType dtype;
};
constexpr std::array<NpyType, 9> kNpyTypes = {{{"b1", v1::DATA_TYPE_UINT8},
                                               {"u1", v1::DATA_TYPE_UINT8},
                                               {"i1", v1::DATA_TYPE_INT8},
                                               {"u2", v1::DATA_TYPE_UINT16},
                                               {"i2", v1::DATA_TYPE_INT16},
                                               {"i4", v1::DATA_TYPE_INT32},
                                               {"i8", v1::DATA_TYPE_INT64},
                                               {"f4", v1::DATA_TYPE_FLOAT32},
                                               {"f8", v1::DATA_TYPE_FLOAT64}}};

// What follows "'key':" in the header of an .npy file, a Python dictionary; empty if the key is
// missing.
std::string_view NpyValue(std::string_view header, std::string_view key) {
  const std::string quoted = fmt::format("'{}':", key);
  const size_t at = header.find(quoted);
  if (at == std::string_view::npos) return "";
  header.remove_prefix(at + quoted.size());
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header;
}

// "(3, 4)" -> {3, 4}.
std::optional<std::vector<int64_t>> ParseTuple(std::string_view text) {
  if (!text.starts_with('(')) return std::nullopt;
  std::vector<int64_t> values;
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size();
  for (;;) {
    while (at != end && (*at == ' ' || *at == ',')) ++at;
    if (at == end) return std::nullopt;
    if (*at == ')') return values;
    int64_t value;
    const auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc()) return std::nullopt;
    values.push_back(value);
    at = stop;
  }
}

}  // namespace

absl::StatusOr<SourceSpec::FormatCase> FormatOfFile(std::string_view path) {
  std::string_view name = path;
  if (name.ends_with(".gz")) name.remove_suffix(3);
  if (name.ends_with(".csv") || name.ends_with(".tsv")) return SourceSpec::kCsv;
  if (name.ends_with(".npy")) return SourceSpec::kNpy;
  if (name.ends_with(".raw") || name.ends_with(".bin")) return SourceSpec::kRaw;
  // MNIST's own names: train-images-idx3-ubyte, or with a dot for the last dash.
  const size_t idx = name.rfind("idx");
  if (idx != std::string_view::npos && idx > 0 && (name[idx - 1] == '-' || name[idx - 1] == '.')) {
    return SourceSpec::kIdx;
  }
  return absl::InvalidArgumentError(fmt::format(
      "{}: the name does not tell the format; write --format csv, idx, npy or raw", Quoted(path)));
}

absl::StatusOr<SourceSpec::FormatCase> ParseFormat(std::string_view name) {
  const auto& formats = *SourceSpec::descriptor()->FindOneofByName("format");
  std::vector<std::string> known;
  for (int i = 0; i < formats.field_count(); ++i) {
    known.push_back(formats.field(i)->name());
    if (known.back() == name)
      return static_cast<SourceSpec::FormatCase>(formats.field(i)->number());
  }
  return absl::InvalidArgumentError(UnknownName("format", name, known));
}

int64_t DataTypeSize(v1::DataType type) {
  switch (type) {
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

absl::StatusOr<std::unique_ptr<TensorReader>> TensorReader::Open(const std::string& path,
                                                                 const SourceSpec& source) {
  FITD_ASSIGN_OR_RETURN(GzFile file, GzFile::Open(path));
  std::unique_ptr<TensorReader> reader(new TensorReader(path, std::move(file)));
  switch (source.format_case()) {
    case SourceSpec::kIdx:
      FITD_RETURN_IF_ERROR(reader->ReadIdxHeader());
      break;
    case SourceSpec::kNpy:
      FITD_RETURN_IF_ERROR(reader->ReadNpyHeader());
      break;
    case SourceSpec::kRaw: {
      reader->dtype_ = source.raw().dtype();
      std::vector<int64_t> shape = {-1};
      shape.insert(shape.end(), source.raw().row_shape().begin(), source.raw().row_shape().end());
      FITD_RETURN_IF_ERROR(reader->SetShape(shape));
      break;
    }
    case SourceSpec::kCsv:
    case SourceSpec::FORMAT_NOT_SET:
      return reader->Wrong("not a tensor file");
  }
  return reader;
}

absl::StatusOr<v1::Tensor> TensorReader::Next(int64_t most) {
  int64_t rows = std::clamp(kChunkBytes / row_bytes_, int64_t{1}, most);
  if (rows_left_ >= 0) rows = std::min(rows, rows_left_);
  std::string data(static_cast<size_t>(rows * row_bytes_), '\0');
  FITD_ASSIGN_OR_RETURN(const size_t size, file_.Read(data.data(), data.size()));
  if (size < data.size() && rows_left_ >= 0) return Wrong("the file ends before its last row");
  if (size % static_cast<size_t>(row_bytes_) != 0) {
    return Wrong(fmt::format("the file ends inside a row; a row has {} bytes", row_bytes_));
  }
  data.resize(size);
  rows = static_cast<int64_t>(size) / row_bytes_;
  if (rows_left_ >= 0) rows_left_ -= rows;
  if (big_endian_) {
    const int64_t value = DataTypeSize(dtype_);
    for (auto at = data.begin(); at != data.end(); at += value) std::reverse(at, at + value);
  }
  v1::Tensor tensor;
  tensor.set_dtype(dtype_);
  tensor.add_shape(rows);
  tensor.mutable_shape()->Add(row_shape_.begin(), row_shape_.end());
  tensor.set_data(std::move(data));
  return tensor;
}

absl::Status TensorReader::ReadIdxHeader() {
  FITD_ASSIGN_OR_RETURN(const std::string magic, ReadExactly(4));
  switch (static_cast<unsigned char>(magic[2])) {
    case 0x08:
      dtype_ = v1::DATA_TYPE_UINT8;
      break;
    case 0x09:
      dtype_ = v1::DATA_TYPE_INT8;
      break;
    case 0x0B:
      dtype_ = v1::DATA_TYPE_INT16;
      break;
    case 0x0C:
      dtype_ = v1::DATA_TYPE_INT32;
      break;
    case 0x0D:
      dtype_ = v1::DATA_TYPE_FLOAT32;
      break;
    case 0x0E:
      dtype_ = v1::DATA_TYPE_FLOAT64;
      break;
    default:
      break;
  }
  const auto axes = static_cast<unsigned char>(magic[3]);
  if (magic[0] != 0 || magic[1] != 0 || dtype_ == v1::DATA_TYPE_UNSPECIFIED || axes == 0) {
    return Wrong("not an IDX file");
  }
  big_endian_ = true;
  FITD_ASSIGN_OR_RETURN(const std::string sizes, ReadExactly(size_t{4} * axes));
  std::vector<int64_t> shape;
  for (size_t i = 0; i < axes; ++i) shape.push_back(BigEndian32(sizes.data() + 4 * i));
  return SetShape(shape);
}

absl::Status TensorReader::ReadNpyHeader() {
  FITD_ASSIGN_OR_RETURN(const std::string magic, ReadExactly(8));
  if (!magic.starts_with("\x93NUMPY")) return Wrong("not an NPY file");
  // Version 1 has a length of 2 bytes, versions 2 and 3 of 4; little-endian.
  FITD_ASSIGN_OR_RETURN(std::string length, ReadExactly(magic[6] == 1 ? 2 : 4));
  std::reverse(length.begin(), length.end());
  length.insert(0, 4 - length.size(), '\0');
  constexpr uint32_t kLongestHeader = 1 << 20;
  const uint32_t size = BigEndian32(length.data());
  if (size > kLongestHeader) return Wrong("not an NPY file: the header is too long");
  FITD_ASSIGN_OR_RETURN(const std::string header, ReadExactly(size));

  const std::string_view descr = NpyValue(header, "descr");
  if (descr.size() < 5 || descr[0] != '\'') return Wrong("not an NPY file: no type in the header");
  const auto type = std::find_if(kNpyTypes.begin(), kNpyTypes.end(), [&](const NpyType& t) {
    return t.code == descr.substr(2, 2) && descr[4] == '\'';
  });
  if (type == kNpyTypes.end()) {
    return Wrong(fmt::format(
        "values of type {}; known: bool, int8 to int64, uint8, uint16, float32, float64",
        Quoted(descr.substr(1, descr.find('\'', 1) - 1))));
  }
  dtype_ = type->dtype;
  big_endian_ = descr[1] == '>';
  if (NpyValue(header, "fortran_order").starts_with("True")) {
    return Wrong("the array is in Fortran order; save numpy.ascontiguousarray of it");
  }
  const auto shape = ParseTuple(NpyValue(header, "shape"));
  if (!shape.has_value() || shape->empty()) return Wrong("no rows: the array has no axes");
  return SetShape(*shape);
}

absl::Status TensorReader::SetShape(const std::vector<int64_t>& shape) {
  row_shape_.assign(shape.begin() + 1, shape.end());
  std::vector<int64_t> sizes = row_shape_;
  sizes.push_back(DataTypeSize(dtype_));
  const std::optional<int64_t> bytes = Product(sizes, kLargestRow);
  if (!bytes.has_value()) return Wrong("rows above 256 MiB");
  if (*bytes == 0) return Wrong("rows without values");
  row_bytes_ = *bytes;
  rows_left_ = shape[0];
  return absl::OkStatus();
}

absl::StatusOr<std::string> TensorReader::ReadExactly(size_t size) {
  std::string data(size, '\0');
  FITD_ASSIGN_OR_RETURN(const size_t read, file_.Read(data.data(), size));
  if (read < size) return Wrong("the file ends inside its header");
  return data;
}

absl::Status TensorReader::Wrong(std::string_view what) const {
  return absl::InvalidArgumentError(fmt::format("{}: {}", Quoted(path_), what));
}

}  // namespace fitd::client
