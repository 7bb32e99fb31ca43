// Certificates and keys as files, checked before gRPC gets them: it would start without and refuse
// every connection.

#ifndef FITD_SERVER_RPC_TLS_FILES_H_
#define FITD_SERVER_RPC_TLS_FILES_H_

#include <string>

#include "core/base/status.h"

namespace fitd {

// INVALID_ARGUMENT unless both are PEM, and the key is that of the first certificate.
absl::Status CheckCertificate(const std::string& certificate_path, const std::string& key_path);

// INVALID_ARGUMENT unless the file holds certificates as PEM.
absl::Status CheckCertificateAuthorities(const std::string& path);

}  // namespace fitd

#endif  // FITD_SERVER_RPC_TLS_FILES_H_
