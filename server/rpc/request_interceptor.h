// Counts calls of every service.

#ifndef FITD_SERVER_RPC_REQUEST_INTERCEPTOR_H_
#define FITD_SERVER_RPC_REQUEST_INTERCEPTOR_H_

#include <memory>

#include "grpcpp/support/server_interceptor.h"
#include "server/http/request_metrics.h"

namespace fitd {

// `metrics` must outlive the server. A call that ends without a status, because its client is gone,
// counts as CANCELLED.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRequestCounter(
    RequestMetrics& metrics);

}  // namespace fitd

#endif  // FITD_SERVER_RPC_REQUEST_INTERCEPTOR_H_
