// NPY: a magic string, a version, and a header that is a Python dictionary of a fixed form; the
// values follow.

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include "core/base/names.h"
#include "core/data/tensor_reader.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr size_t kMaxHeaderBytes = 65536;

// "<f4": byte order, kind, size.
std::optional<ElementType> TypeOf(std::string_view descr) {
  using Kind = ElementType::Kind;
  if (descr.size() != 3 || std::string_view("<>|=").find(descr[0]) == std::string_view::npos)
    return std::nullopt;
  ElementType type;
  type.big_endian = descr[0] == '>';
  type.size = static_cast<size_t>(descr[2] - '0');
  const bool integer_size = type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8;
  switch (descr[1]) {
    case 'b':
      if (type.size != 1) return std::nullopt;
      return type;
    case 'u':
      if (!integer_size) return std::nullopt;
      return type;
    case 'i':
      type.kind = Kind::kSigned;
      if (!integer_size) return std::nullopt;
      return type;
    case 'f':
      type.kind = Kind::kFloat;
      if (!integer_size || type.size == 1) return std::nullopt;
      return type;
    default:
      return std::nullopt;
  }
}

// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), } with the keys in any order.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& file_name)
      : rest_(text), file_name_(file_name) {}

  absl::StatusOr<TensorLayout> Parse() {
    if (!Take('{')) return Malformed();
    while (!Take('}')) {
      const auto key = TakeString();
      if (!key || !Take(':')) return Malformed();
      FITD_RETURN_IF_ERROR(ParseValue(*key));
      if (!Take(',') && Peek() != '}') return Malformed();
    }
    SkipSpaces();
    if (!rest_.empty() || !type_ || !fortran_order_ || !shape_) return Malformed();
    if (*fortran_order_ && shape_->size() > 1) {
      return InvalidArgument(file_name_ +
                             ": is in Fortran order; save it in C order (numpy.ascontiguousarray)");
    }
    if (shape_->empty())
      return InvalidArgument(file_name_ + ": has no axes; the first one counts the rows");
    TensorLayout layout;
    layout.type = *type_;
    layout.rows = shape_->front();
    layout.row_shape.assign(shape_->begin() + 1, shape_->end());
    return layout;
  }

 private:
  absl::Status ParseValue(std::string_view key) {
    if (key == "descr" && !type_) {
      const auto descr = TakeString();
      if (!descr)
        return InvalidArgument(
            file_name_ + ": has a structured NPY type; allowed: plain integers, floats and bool");
      type_ = TypeOf(*descr);
      if (!type_) {
        return InvalidArgument(fmt::format(
            "{}: NPY type {} is not supported; allowed: integers, floats of 16 to 64 bits, bool",
            file_name_, Quoted(*descr)));
      }
      return absl::OkStatus();
    }
    if (key == "fortran_order" && !fortran_order_) {
      if (TakeWord("True")) {
        fortran_order_ = true;
      } else if (TakeWord("False")) {
        fortran_order_ = false;
      }
      return fortran_order_ ? absl::OkStatus() : Malformed();
    }
    if (key == "shape" && !shape_) return ParseShape();
    return Malformed();
  }

  absl::Status ParseShape() {
    shape_.emplace();
    if (!Take('(')) return Malformed();
    while (!Take(')')) {
      SkipSpaces();
      int64_t axis;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), axis);
      if (error != std::errc() || axis < 0) return Malformed();
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      shape_->push_back(axis);
      if (!Take(',') && Peek() != ')') return Malformed();
    }
    return absl::OkStatus();
  }

  void SkipSpaces() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
  }
  char Peek() {
    SkipSpaces();
    return rest_.empty() ? '\0' : rest_[0];
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeWord(std::string_view word) {
    SkipSpaces();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::optional<std::string_view> TakeString() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }
  absl::Status Malformed() const {
    return InvalidArgument(file_name_ + ": has a malformed NPY header");
  }

  std::string_view rest_;
  const std::string& file_name_;
  std::optional<ElementType> type_;
  std::optional<bool> fortran_order_;
  std::optional<Shape> shape_;
};

}  // namespace

absl::StatusOr<TensorLayout> ReadNpyHeader(ByteSource& source) {
  std::array<uint8_t, 8> start;
  FITD_ASSIGN_OR_RETURN(const size_t size, source.Read(start.data(), start.size()));
  constexpr std::array<uint8_t, 6> kMagic = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  if (size < start.size() || !std::equal(kMagic.begin(), kMagic.end(), start.begin())) {
    return InvalidArgument(source.file_name() +
                           ": is not an NPY file: its first bytes are not \\x93NUMPY");
  }
  const int version = start[6];
  if (version < 1 || version > 3) {
    return InvalidArgument(
        fmt::format("{}: has NPY version {}; allowed: 1 to 3", source.file_name(), version));
  }
  const size_t length_bytes = version == 1 ? 2 : 4;
  std::array<uint8_t, 4> length = {};
  FITD_ASSIGN_OR_RETURN(const size_t length_size, source.Read(length.data(), length_bytes));
  const size_t header_size = size_t{length[0]} | size_t{length[1]} << 8 | size_t{length[2]} << 16 |
                             size_t{length[3]} << 24;
  if (length_size < length_bytes || header_size > kMaxHeaderBytes) {
    return InvalidArgument(fmt::format("{}: has an NPY header of {} bytes; allowed: up to {}",
                                       source.file_name(), header_size, kMaxHeaderBytes));
  }
  std::string header(header_size, '\0');
  FITD_ASSIGN_OR_RETURN(const size_t count, source.Read(header.data(), header.size()));
  if (count < header.size())
    return InvalidArgument(source.file_name() + ": ends within its NPY header");
  return HeaderParser(header, source.file_name()).Parse();
}

}  // namespace fitd
