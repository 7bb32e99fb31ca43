#include "server/store/blob.h"

#include "core/nn/weights.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr size_t kDigits = 64;

}  // namespace

absl::StatusOr<std::string> StoredWeightsSha256(const std::string& path) {
  FITD_ASSIGN_OR_RETURN(const Weights weights, Weights::Load(path));
  return weights.Sha256();
}

std::string BlobName(const BlobKind& kind, std::string_view sha256) {
  return fmt::format("{}/{}{}", kind.folder, sha256, kind.extension);
}

const BlobKind* FindBlobKind(std::string_view name) {
  const std::string_view sha256 = BlobSha256(name);
  if (sha256.size() != kDigits || sha256.find_first_not_of("0123456789abcdef") != sha256.npos)
    return nullptr;
  for (const BlobKind* kind : kBlobKinds) {
    if (name == BlobName(*kind, sha256)) return kind;
  }
  return nullptr;
}

std::string_view BlobSha256(std::string_view name) {
  return name.substr(name.find('/') + 1).substr(0, kDigits);
}

}  // namespace fitd
