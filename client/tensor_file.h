// Local files: which format they are in, and tensor files (IDX, NPY, raw; gzip undone) read in
// chunks of rows.

#ifndef FITD_CLIENT_TENSOR_FILE_H_
#define FITD_CLIENT_TENSOR_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "client/gz_file.h"
#include "fitd/v1/dataset.pb.h"
#include "fitd/v1/tensor.pb.h"

namespace fitd::client {

// The format by the end of a file's name, ".gz" aside: ".csv" and ".tsv"; ".npy"; ".idx",
// "-idx3-ubyte" and its like;
// ".raw" and ".bin". INVALID_ARGUMENT for any other.
absl::StatusOr<v1::SourceSpec::FormatCase> FormatOfFile(std::string_view path);

// "csv", "idx", "npy", "raw". INVALID_ARGUMENT for any other.
absl::StatusOr<v1::SourceSpec::FormatCase> ParseFormat(std::string_view name);

// Bytes of one value.
int64_t DataTypeSize(v1::DataType type);

// Single-thread.
class TensorReader {
 public:
  // `path` "-" is the standard input. `source` holds the format (not csv) and, for raw files, the
  // type and row shape. INVALID_ARGUMENT for a file that cannot be read or is not of this format.
  static absl::StatusOr<std::unique_ptr<TensorReader>> Open(const std::string& path,
                                                            const v1::SourceSpec& source);

  // The next rows, `most` and about 4 MiB at most, shape [rows, ...]; no row at the end.
  // INVALID_ARGUMENT for a file that ends inside a row or before the rows that it announces.
  absl::StatusOr<v1::Tensor> Next(int64_t most);

 private:
  TensorReader(std::string path, GzFile file) : path_(std::move(path)), file_(std::move(file)) {}

  absl::Status ReadIdxHeader();
  absl::Status ReadNpyHeader();
  absl::Status SetShape(const std::vector<int64_t>& shape);
  absl::StatusOr<std::string> ReadExactly(size_t size);
  absl::Status Wrong(std::string_view what) const;

  std::string path_;
  GzFile file_;
  v1::DataType dtype_ = v1::DATA_TYPE_UNSPECIFIED;
  bool big_endian_ = false;
  std::vector<int64_t> row_shape_;
  int64_t row_bytes_ = 0;
  int64_t rows_left_ = -1;  // -1: as many as the file holds.
};

}  // namespace fitd::client

#endif  // FITD_CLIENT_TENSOR_FILE_H_
