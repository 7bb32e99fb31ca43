#include "server/rpc/tls_files.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>

#include "fmt/format.h"

namespace fitd {
namespace {

using SslContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

SslContext NewContext() {
  SslContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  // There is nobody to ask for a passphrase.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return -1; });
  return context;
}

absl::Status Failed(const std::string& path, const std::string& what) {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return InvalidArgument(
      fmt::format("{} {}: {}", path, what, reason == nullptr ? "unreadable" : reason));
}

}  // namespace

absl::Status CheckCertificate(const std::string& certificate_path, const std::string& key_path) {
  ERR_clear_error();
  const SslContext context = NewContext();
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_path.c_str()) != 1)
    return Failed(certificate_path, "is no certificate (PEM)");
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_path.c_str(), SSL_FILETYPE_PEM) != 1)
    return Failed(key_path, "is no private key (PEM) of " + certificate_path);
  return absl::OkStatus();
}

absl::Status CheckCertificateAuthorities(const std::string& path) {
  ERR_clear_error();
  const SslContext context = NewContext();
  if (SSL_CTX_load_verify_locations(context.get(), path.c_str(), nullptr) != 1)
    return Failed(path, "holds no certificates (PEM)");
  return absl::OkStatus();
}

}  // namespace fitd
