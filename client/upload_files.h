// The files of an upload: their digest and their chunks.

#ifndef FITD_CLIENT_UPLOAD_FILES_H_
#define FITD_CLIENT_UPLOAD_FILES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fitd::client {

// Calls `consume` with pieces of 1 MiB at most until the end of the file or until it returns false.
// INVALID_ARGUMENT for a file that cannot be read.
absl::Status ForEachChunk(const std::string& path,
                          const std::function<bool(std::string_view)>& consume);

struct UploadDigest {
  std::string sha256;  // Over the bytes of all files in order, lower-case hex.
  int64_t bytes = 0;
};

absl::StatusOr<UploadDigest> DigestFiles(const std::vector<std::string>& paths);

}  // namespace fitd::client

#endif  // FITD_CLIENT_UPLOAD_FILES_H_
