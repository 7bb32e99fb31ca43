// The one place where a status becomes gRPC's, with google.rpc.Status in the details.

#ifndef FITD_SERVER_RPC_GRPC_STATUS_H_
#define FITD_SERVER_RPC_GRPC_STATUS_H_

#include <exception>
#include <functional>
#include <new>
#include <string>
#include <utility>

#include "core/base/status.h"
#include "grpcpp/support/status.h"

namespace fitd {

// Text and details are cut to what fits into 8 KiB of metadata: beyond that a client would see
// neither.
grpc::Status ToGrpcStatus(const absl::Status& status);

// Runs work(), which returns a StatusOr; an exception becomes RESOURCE_EXHAUSTED (no memory) or
// INTERNAL.
template <typename Work>
std::invoke_result_t<Work> Guarded(Work&& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("the daemon is out of memory");
  } catch (const std::exception& error) {
    return Internal(error.what());
  } catch (...) {
    return Internal("unknown exception");
  }
}

}  // namespace fitd

#endif  // FITD_SERVER_RPC_GRPC_STATUS_H_
