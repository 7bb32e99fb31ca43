#include "client/upload_files.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "client/file_chunks.h"
#include "client/status_macros.h"

namespace fitd::client {

absl::StatusOr<UploadDigest> DigestFiles(const std::vector<std::string>& paths) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  if (context == nullptr || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    return absl::InternalError("SHA-256 is not available");
  }
  UploadDigest digest;
  for (const std::string& path : paths) {
    FITD_RETURN_IF_ERROR(ForEachChunk(path, [&](std::string_view chunk) {
      EVP_DigestUpdate(context.get(), chunk.data(), chunk.size());
      digest.bytes += static_cast<int64_t>(chunk.size());
      return true;
    }));
  }
  std::array<unsigned char, 32> bytes;
  EVP_DigestFinal_ex(context.get(), bytes.data(), nullptr);
  for (const unsigned char byte : bytes) digest.sha256 += fmt::format("{:02x}", byte);
  return digest;
}

}  // namespace fitd::client
