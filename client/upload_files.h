// The digest of an upload's files.

#ifndef FITD_CLIENT_UPLOAD_FILES_H_
#define FITD_CLIENT_UPLOAD_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fitd::client {

struct UploadDigest {
  std::string sha256;  // Over the bytes of all files in order, lower-case hex.
  int64_t bytes = 0;
};

absl::StatusOr<UploadDigest> DigestFiles(const std::vector<std::string>& paths);

}  // namespace fitd::client

#endif  // FITD_CLIENT_UPLOAD_FILES_H_
