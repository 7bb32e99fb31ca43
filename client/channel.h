// The connection to a daemon. Heavy to include: it pulls in gRPC.

#ifndef FITD_CLIENT_CHANNEL_H_
#define FITD_CLIENT_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>

#include "absl/status/statusor.h"
#include "client/fitd_client.h"

namespace fitd::client {

// Connects when it is first used. INVALID_ARGUMENT for what is no address, for files that cannot be
// read, and for a token that would leave this machine unencrypted.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const Endpoint& endpoint);

}  // namespace fitd::client

#endif  // FITD_CLIENT_CHANNEL_H_
