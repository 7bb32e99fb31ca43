#include "client/upload_files.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "client/names.h"
#include "client/status_macros.h"

namespace fitd::client {

absl::Status ForEachChunk(const std::string& path,
                          const std::function<bool(std::string_view)>& consume) {
  constexpr size_t kChunkBytes = size_t{1} << 20;
  const auto unreadable = [&] {
    return absl::InvalidArgumentError(
        fmt::format("cannot read {}: {}", Quoted(path), std::strerror(errno)));
  };
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rb"), close);
  if (file == nullptr) return unreadable();
  std::string chunk(kChunkBytes, '\0');
  while (const size_t size = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    if (!consume(std::string_view(chunk.data(), size))) return absl::OkStatus();
  }
  return std::ferror(file.get()) != 0 ? unreadable() : absl::OkStatus();
}

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
