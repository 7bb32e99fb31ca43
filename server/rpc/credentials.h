// How clients prove who they are, and the daemon to them.

#ifndef FITD_SERVER_RPC_CREDENTIALS_H_
#define FITD_SERVER_RPC_CREDENTIALS_H_

#include <memory>

#include "core/base/status.h"
#include "fitd/v1/server_config.pb.h"
#include "grpcpp/security/server_credentials.h"
#include "server/auth/authenticator.h"

namespace fitd {

// For the address of `config`: TLS if it names a certificate, which is read again when its file is
// replaced, and every call checked by `authenticator`, which must outlive the server.
// UNAUTHENTICATED when other machines could call without a token or a certificate of theirs and
// `insecure` is not set.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const v1::ServerConfig& config, Authenticator& authenticator);

}  // namespace fitd

#endif  // FITD_SERVER_RPC_CREDENTIALS_H_
