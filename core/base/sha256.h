// SHA-256 (FIPS 180-4), by OpenSSL.

#ifndef FITD_CORE_BASE_SHA256_H_
#define FITD_CORE_BASE_SHA256_H_

#include <memory>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace fitd {

// Single-thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::string_view bytes);
  void Update(const void* data, size_t size);
  // Lower-case hex, 64 digits. Ends the computation; call once.
  std::string HexDigest();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256Hex(std::string_view bytes);

// NOT_FOUND when there is no such file.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

}  // namespace fitd

#endif  // FITD_CORE_BASE_SHA256_H_
