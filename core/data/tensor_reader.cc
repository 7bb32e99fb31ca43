#include "core/data/tensor_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "core/data/table.h"
#include "core/data/values.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr size_t kMostAxes = 8;
constexpr int64_t kMostValuesPerRow = 1 << 24;
constexpr int64_t kMostRows = std::numeric_limits<uint32_t>::max();

// The value of an unsigned integer of `size` bytes.
uint64_t LoadBits(const std::byte* data, const ElementType& type) {
  uint64_t bits = 0;
  for (size_t i = 0; i < type.size; ++i) {
    const size_t at = type.big_endian ? i : type.size - 1 - i;
    bits = bits << 8 | std::to_integer<uint64_t>(data[at]);
  }
  return bits;
}

int64_t SignExtended(uint64_t bits, size_t size) {
  const int shift = 64 - 8 * static_cast<int>(size);
  return static_cast<int64_t>(bits << shift) >> shift;
}

// IEEE 754 binary16.
double HalfToDouble(uint64_t bits) {
  const int exponent = static_cast<int>(bits >> 10 & 0x1F);
  const auto fraction = static_cast<double>(bits & 0x3FF);
  double magnitude;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else {
    magnitude = std::ldexp(1024 + fraction, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

TensorLayout RawLayout(const v1::RawSpec& raw) {
  TensorLayout layout;
  layout.type.size = static_cast<size_t>(DataTypeSize(raw.dtype()));
  VisitDataType(raw.dtype(), [&](auto zero) {
    using T = decltype(zero);
    layout.type.kind = std::is_floating_point_v<T> ? ElementType::Kind::kFloat
                       : std::is_signed_v<T>       ? ElementType::Kind::kSigned
                                                   : ElementType::Kind::kUnsigned;
  });
  layout.row_shape.assign(raw.row_shape().begin(), raw.row_shape().end());
  return layout;
}

absl::StatusOr<TensorLayout> ReadLayout(const v1::SourceSpec& spec, ByteSource& source) {
  switch (spec.format_case()) {
    case v1::SourceSpec::kIdx:
      return ReadIdxHeader(source);
    case v1::SourceSpec::kNpy:
      return ReadNpyHeader(source);
    case v1::SourceSpec::kRaw:
      return RawLayout(spec.raw());
    case v1::SourceSpec::kCsv:
    case v1::SourceSpec::FORMAT_NOT_SET:
      break;
  }
  return Internal("not a tensor format");
}

}  // namespace

absl::Status CheckRowShape(std::span<const int64_t> shape) {
  if (shape.size() > kMostAxes) {
    return InvalidArgument(
        fmt::format("has {} axes; allowed: at most {}", shape.size(), kMostAxes));
  }
  if (std::any_of(shape.begin(), shape.end(), [](int64_t axis) { return axis < 1; })) {
    return InvalidArgument(fmt::format("is {}; allowed: axes of at least 1", ShapeText(shape)));
  }
  const int64_t values = ElementCount(shape);
  if (values > kMostValuesPerRow) {
    return InvalidArgument(
        fmt::format("is {}, {} values; allowed: at most {} per row", ShapeText(shape),
                    values == kSaturated ? "an element count overflow of" : std::to_string(values),
                    kMostValuesPerRow));
  }
  return absl::OkStatus();
}

absl::StatusOr<TensorReader> TensorReader::Open(const IngestSource& source) {
  FITD_ASSIGN_OR_RETURN(ByteSource bytes,
                        ByteSource::Open(source.path, source.spec.file_name(), source.cancelled));
  FITD_ASSIGN_OR_RETURN(TensorLayout layout, ReadLayout(source.spec, bytes));
  if (const absl::Status status = CheckRowShape(layout.row_shape); !status.ok()) {
    return InvalidArgument(
        fmt::format("{}: the shape of a row {}", bytes.file_name(), Message(status)));
  }
  if (layout.rows == 0) return InvalidArgument(bytes.file_name() + ": has no rows");
  if (layout.rows.value_or(1) < 1 || layout.rows.value_or(1) > kMostRows) {
    return InvalidArgument(fmt::format("{}: has {} rows; allowed: 1 to {}", bytes.file_name(),
                                       *layout.rows, kMostRows));
  }
  return TensorReader(std::move(bytes), std::move(layout));
}

TensorReader::TensorReader(ByteSource source, TensorLayout layout)
    : source_(std::move(source)),
      layout_(std::move(layout)),
      values_per_row_(ElementCount(layout_.row_shape)) {}

absl::StatusOr<size_t> TensorReader::ReadBytes(size_t most) {
  const size_t size = layout_.type.size;
  const int64_t promised =
      layout_.rows ? *layout_.rows * values_per_row_ : std::numeric_limits<int64_t>::max();
  const size_t wanted =
      static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(most), promised - values_read_));
  bytes_.resize(std::max<size_t>(wanted * size, 1));
  if (wanted == 0) {
    FITD_ASSIGN_OR_RETURN(const size_t surplus, source_.Read(bytes_.data(), 1));
    if (surplus == 0) return 0;
    return InvalidArgument(fmt::format("{}: has more bytes than {} rows of shape {} need ({})",
                                       file_name(), *layout_.rows, ShapeText(layout_.row_shape),
                                       promised * static_cast<int64_t>(size)));
  }
  FITD_ASSIGN_OR_RETURN(const size_t count, source_.Read(bytes_.data(), wanted * size));
  values_read_ += static_cast<int64_t>(count / size);
  if (count == wanted * size) return wanted;
  if (layout_.rows) {
    return InvalidArgument(fmt::format(
        "{}: has {} rows of shape {} by its header, {} values; it ends after {}", file_name(),
        *layout_.rows, ShapeText(layout_.row_shape), promised, values_read_));
  }
  if (count % size != 0 || values_read_ % values_per_row_ != 0) {
    return InvalidArgument(
        fmt::format("{}: its size is not a multiple of a row of {} values of {} bytes", file_name(),
                    values_per_row_, size));
  }
  return count / size;
}

absl::StatusOr<size_t> TensorReader::Read(std::span<int64_t> integers) {
  const ElementType& type = layout_.type;
  FITD_ASSIGN_OR_RETURN(const size_t count, ReadBytes(integers.size()));
  for (size_t i = 0; i < count; ++i) {
    const uint64_t bits = LoadBits(bytes_.data() + i * type.size, type);
    integers[i] = type.kind == ElementType::Kind::kSigned ? SignExtended(bits, type.size)
                                                          : static_cast<int64_t>(bits);
    if (type.kind == ElementType::Kind::kUnsigned && integers[i] < 0) {
      return InvalidArgument(fmt::format("{}: holds {}; allowed: up to {}", file_name(), bits,
                                         std::numeric_limits<int64_t>::max()));
    }
  }
  return count;
}

absl::StatusOr<size_t> TensorReader::Read(std::span<double> reals) {
  const ElementType& type = layout_.type;
  FITD_ASSIGN_OR_RETURN(const size_t count, ReadBytes(reals.size()));
  for (size_t i = 0; i < count; ++i) {
    const uint64_t bits = LoadBits(bytes_.data() + i * type.size, type);
    if (type.size == 2) {
      reals[i] = HalfToDouble(bits);
    } else if (type.size == 4) {
      reals[i] = std::bit_cast<float>(static_cast<uint32_t>(bits));
    } else {
      reals[i] = std::bit_cast<double>(bits);
    }
  }
  return count;
}

}  // namespace fitd
