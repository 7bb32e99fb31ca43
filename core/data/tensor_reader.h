// The values of an IDX, NPY or raw file in order, as 64-bit integers or doubles.

#ifndef FITD_CORE_DATA_TENSOR_READER_H_
#define FITD_CORE_DATA_TENSOR_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/data/byte_source.h"
#include "core/data/ingest.h"
#include "core/tensor/shape.h"

namespace fitd {

// How a file writes one value.
struct ElementType {
  enum class Kind { kUnsigned, kSigned, kFloat };
  Kind kind = Kind::kUnsigned;
  size_t size = 1;  // In bytes: 1, 2, 4 or 8.
  bool big_endian = false;
};

// What comes before the values of a file.
struct TensorLayout {
  ElementType type;
  std::optional<int64_t> rows;  // None: as many as there are.
  Shape row_shape;
};

// Both read up to the first value. INVALID_ARGUMENT says what is wrong with the header.
absl::StatusOr<TensorLayout> ReadIdxHeader(ByteSource& source);
absl::StatusOr<TensorLayout> ReadNpyHeader(ByteSource& source);

// OK for at most 8 axes, each >= 1, and at most 2^24 values. The message says what is wrong,
// without a path.
absl::Status CheckRowShape(std::span<const int64_t> shape);

// Single-thread. Memory is constant.
class TensorReader {
 public:
  static absl::StatusOr<TensorReader> Open(const IngestSource& source);

  const std::string& file_name() const { return source_.file_name(); }
  const TensorLayout& layout() const { return layout_; }
  bool is_real() const { return layout_.type.kind == ElementType::Kind::kFloat; }

  // Reads the next values, fewer only at the end. INVALID_ARGUMENT when the file holds more or
  // fewer than its header says, or an integer that does not fit.
  absl::StatusOr<size_t> Read(std::span<int64_t> integers);  // Unless is_real().
  absl::StatusOr<size_t> Read(std::span<double> reals);      // If is_real().

 private:
  TensorReader(ByteSource source, TensorLayout layout);
  // Fills bytes_; the number of values.
  absl::StatusOr<size_t> ReadBytes(size_t most);

  ByteSource source_;
  TensorLayout layout_;
  int64_t values_per_row_;
  int64_t values_read_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace fitd

#endif  // FITD_CORE_DATA_TENSOR_READER_H_
