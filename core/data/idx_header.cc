// IDX: two zero bytes, a type, the number of axes, then each axis as 32 bits, big-endian; the
// values follow.

#include <array>
#include <cstdint>
#include <optional>

#include "core/data/tensor_reader.h"
#include "fmt/format.h"

namespace fitd {
namespace {

std::optional<ElementType> TypeOf(uint8_t code) {
  using Kind = ElementType::Kind;
  switch (code) {
    case 0x08:
      return ElementType{Kind::kUnsigned, 1, true};
    case 0x09:
      return ElementType{Kind::kSigned, 1, true};
    case 0x0B:
      return ElementType{Kind::kSigned, 2, true};
    case 0x0C:
      return ElementType{Kind::kSigned, 4, true};
    case 0x0D:
      return ElementType{Kind::kFloat, 4, true};
    case 0x0E:
      return ElementType{Kind::kFloat, 8, true};
    default:
      return std::nullopt;
  }
}

}  // namespace

absl::StatusOr<TensorLayout> ReadIdxHeader(ByteSource& source) {
  std::array<uint8_t, 4> magic;
  FITD_ASSIGN_OR_RETURN(const size_t size, source.Read(magic.data(), magic.size()));
  if (size < magic.size() || magic[0] != 0 || magic[1] != 0) {
    return InvalidArgument(source.file_name() +
                           ": is not an IDX file: it does not start with two zero bytes");
  }
  const auto type = TypeOf(magic[2]);
  if (!type) {
    return InvalidArgument(
        fmt::format("{}: IDX type {:#04x} is unknown; known: 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e",
                    source.file_name(), magic[2]));
  }
  if (magic[3] == 0)
    return InvalidArgument(source.file_name() + ": has no axes; the first one counts the rows");
  TensorLayout layout;
  layout.type = *type;
  for (int axis = 0; axis < magic[3]; ++axis) {
    std::array<uint8_t, 4> bytes;
    FITD_ASSIGN_OR_RETURN(const size_t count, source.Read(bytes.data(), bytes.size()));
    if (count < bytes.size())
      return InvalidArgument(source.file_name() + ": ends within its IDX header");
    const int64_t extent = int64_t{bytes[0]} << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
    if (axis == 0) {
      layout.rows = extent;
    } else {
      layout.row_shape.push_back(extent);
    }
  }
  return layout;
}

}  // namespace fitd
