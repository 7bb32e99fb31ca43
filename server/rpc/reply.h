// Answers a unary call with what a use case returns.

#ifndef FITD_SERVER_RPC_REPLY_H_
#define FITD_SERVER_RPC_REPLY_H_

#include <utility>

#include "grpcpp/support/server_callback.h"
#include "server/rpc/call_scope.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/thread_pool.h"

namespace fitd {

// Runs work(), which returns StatusOr<Response>, on the pool. Request and response live until the
// reactor is finished.
template <typename Request, typename Response, typename Work>
grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context, ThreadPool& pool,
                                const Request* request, Work work, Response* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const bool posted = pool.Post([context, reactor, request, work = std::move(work), response] {
    if (context->IsCancelled()) {
      reactor->Finish(grpc::Status::CANCELLED);
      return;
    }
    const CallScope scope(*context, MethodOf<Response>(), RequestIdOf(*request));
    absl::StatusOr<Response> result = Guarded(work);
    const grpc::Status status = ToGrpcStatus(result.status());
    if (status.ok()) *response = *std::move(result);
    reactor->Finish(status);
  });
  if (!posted)
    reactor->Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the daemon is stopping"));
  return reactor;
}

}  // namespace fitd

#endif  // FITD_SERVER_RPC_REPLY_H_
