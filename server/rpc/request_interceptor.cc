#include "server/rpc/request_interceptor.h"

#include <chrono>
#include <string>
#include <string_view>

#include "google/rpc/code.pb.h"

namespace fitd {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerInterceptorFactoryInterface;
using grpc::experimental::ServerRpcInfo;

// Of one call.
class RequestCounter final : public Interceptor {
 public:
  RequestCounter(RequestMetrics& metrics, const char* path) : metrics_(metrics), path_(path) {}
  ~RequestCounter() override {
    std::string_view method = path_;
    if (method.starts_with('/')) method.remove_prefix(1);
    metrics_.Count(method, google::rpc::Code_Name(code_),
                   std::chrono::steady_clock::now() - start_);
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS))
      code_ = static_cast<google::rpc::Code>(methods->GetSendStatus().error_code());
    methods->Proceed();
  }

 private:
  RequestMetrics& metrics_;
  const std::string path_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  google::rpc::Code code_ = google::rpc::CANCELLED;
};

class RequestCounterFactory final : public ServerInterceptorFactoryInterface {
 public:
  explicit RequestCounterFactory(RequestMetrics& metrics) : metrics_(metrics) {}

  Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new RequestCounter(metrics_, info->method());  // gRPC deletes it.
  }

 private:
  RequestMetrics& metrics_;
};

}  // namespace

std::unique_ptr<ServerInterceptorFactoryInterface> MakeRequestCounter(RequestMetrics& metrics) {
  return std::make_unique<RequestCounterFactory>(metrics);
}

}  // namespace fitd
