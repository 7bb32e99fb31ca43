// Files that may be gzipped.

#ifndef FITD_CLIENT_GZ_FILE_H_
#define FITD_CLIENT_GZ_FILE_H_

#include <zlib.h>

#include <array>
#include <cstddef>
#include <memory>
#include <streambuf>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fitd::client {

// Single-thread. Gives a gzipped file's content, and that of any other as it is.
class GzFile {
 public:
  // `path` "-" is the standard input. INVALID_ARGUMENT for a file that cannot be read.
  static absl::StatusOr<GzFile> Open(const std::string& path);

  // The next `size` bytes, fewer only at the end. INVALID_ARGUMENT for a damaged file.
  absl::StatusOr<size_t> Read(char* data, size_t size);

 private:
  struct Close {
    void operator()(gzFile file) const;
  };
  GzFile(std::string path, gzFile file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  std::unique_ptr<std::remove_pointer_t<gzFile>, Close> file_;
};

// The same for an std::istream, which ends where the file can be read no further: ask status().
class GzBuffer final : public std::streambuf {
 public:
  explicit GzBuffer(GzFile file) : file_(std::move(file)) {}

  const absl::Status& status() const { return status_; }

 protected:
  int_type underflow() override;

 private:
  GzFile file_;
  absl::Status status_;
  std::array<char, 1 << 16> bytes_;
};

}  // namespace fitd::client

#endif  // FITD_CLIENT_GZ_FILE_H_
