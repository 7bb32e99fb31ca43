// Files piece by piece.

#ifndef FITD_CLIENT_FILE_CHUNKS_H_
#define FITD_CLIENT_FILE_CHUNKS_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fitd::client {

// Calls `consume` with pieces of 1 MiB at most until the end of the file or until it returns false.
// INVALID_ARGUMENT for a file that cannot be read.
absl::Status ForEachChunk(const std::string& path,
                          const std::function<bool(std::string_view)>& consume);

}  // namespace fitd::client

#endif  // FITD_CLIENT_FILE_CHUNKS_H_
