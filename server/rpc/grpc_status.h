// The one place where a status becomes gRPC's, with google.rpc.Status in the details.

#ifndef FITD_SERVER_RPC_GRPC_STATUS_H_
#define FITD_SERVER_RPC_GRPC_STATUS_H_

#include "core/base/guarded.h"
#include "core/base/status.h"
#include "grpcpp/support/status.h"

namespace fitd {

// Text and details are cut to what fits into 8 KiB of metadata: beyond that a client would see
// neither.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace fitd

#endif  // FITD_SERVER_RPC_GRPC_STATUS_H_
