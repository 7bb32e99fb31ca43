// Files that rows of the database speak of. They are named by content, so rows may share one.

#ifndef FITD_SERVER_STORE_BLOB_H_
#define FITD_SERVER_STORE_BLOB_H_

#include <string>
#include <string_view>

#include "core/base/status.h"

namespace fitd {

// The blobs of one kind are "<folder>/<sha256><extension>" below the data directory.
struct BlobKind {
  const char* folder;
  const char* extension;
  // Reads the file and gives the SHA-256 of its content; DATA_LOSS when it is damaged. Null where
  // the content is the file's bytes.
  absl::StatusOr<std::string> (*content_sha256)(const std::string& path);
};

// Loads the weights: needs memory for one version.
absl::StatusOr<std::string> StoredWeightsSha256(const std::string& path);

inline constexpr BlobKind kDatasetBlobs = {"datasets", ".tbl", nullptr};
inline constexpr BlobKind kWeightsBlobs = {"weights", ".wgt", &StoredWeightsSha256};
inline constexpr const BlobKind* kBlobKinds[] = {&kDatasetBlobs, &kWeightsBlobs};

std::string BlobName(const BlobKind& kind, std::string_view sha256);
// The kind of the blob with this name; null when no blob can be called that.
const BlobKind* FindBlobKind(std::string_view name);
// The SHA-256 in the name of a blob.
std::string_view BlobSha256(std::string_view name);

// A row that speaks of a blob.
struct BlobUse {
  std::string name;    // "weights/<sha256>.wgt"
  std::string object;  // For people: "version iris@3".
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_BLOB_H_
