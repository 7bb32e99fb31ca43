// What the log lines of a call say of it.

#ifndef FITD_SERVER_RPC_CALL_SCOPE_H_
#define FITD_SERVER_RPC_CALL_SCOPE_H_

#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "grpcpp/server_context.h"
#include "server/log/log.h"

namespace fitd {

// The method that answers with this message; each has one of its own.
const google::protobuf::MethodDescriptor& MethodThatAnswers(
    const google::protobuf::Descriptor& response);

template <typename Response>
const google::protobuf::MethodDescriptor& MethodOf() {
  static const google::protobuf::MethodDescriptor& method =
      MethodThatAnswers(*Response::descriptor());
  return method;
}

template <typename Request>
std::string_view RequestIdOf(const Request& request) {
  if constexpr (requires { request.request_id(); }) {
    return request.request_id();
  } else {
    return {};
  }
}

// Adds method, peer and, unless it is empty, request_id. Holds references, as long as the call is
// not finished; costs nothing until a line is written.
class CallScope final : public LogScope {
 public:
  CallScope(const grpc::CallbackServerContext& context,
            const google::protobuf::MethodDescriptor& method, std::string_view request_id)
      : context_(context), method_(method), request_id_(request_id) {}

  std::vector<LogField> Fields() const override;

 private:
  const grpc::CallbackServerContext& context_;
  const google::protobuf::MethodDescriptor& method_;
  const std::string_view request_id_;
};

}  // namespace fitd

#endif  // FITD_SERVER_RPC_CALL_SCOPE_H_
