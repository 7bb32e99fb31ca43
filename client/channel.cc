#include "client/channel.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/client_interceptor.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/names.h"
#include "client/status_macros.h"

namespace fitd::client {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

constexpr std::string_view kUnix = "unix:";

grpc::ChannelArguments ChannelArguments() {
  grpc::ChannelArguments arguments;
  // The limit is the daemon's affair; this is the largest that one can be configured to.
  constexpr int kLargestMessage = 256 << 20;
  arguments.SetMaxReceiveMessageSize(kLargestMessage);
  arguments.SetMaxSendMessageSize(kLargestMessage);
  // gRPC waits 1 s before it connects again; a retry must find the daemon that has just come back.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // Despite its name how long a connection may take to come up: a busy machine is not unreachable.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // An http_proxy in the environment is not meant for a daemon on this machine.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

// gRPC would take port 65537 for port 1.
absl::Status CheckAddress(const std::string& address) {
  if (address.starts_with(kUnix)) return absl::OkStatus();
  const size_t colon = address.rfind(':');
  uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const bool valid = colon != std::string::npos && colon > 0 &&
                     std::from_chars(address.data() + colon + 1, end, port).ptr == end && port > 0;
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("the address is {}; expected HOST:PORT or unix:PATH", Quoted(address)));
}

bool StaysOnThisMachine(const std::string& address) {
  if (address.starts_with(kUnix)) return true;
  const std::string host = address.substr(0, address.rfind(':'));
  return host == "localhost" || host == "[::1]" || host == "127.0.0.1";
}

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad() || text.empty())
    return absl::InvalidArgumentError(fmt::format("cannot read {}", Quoted(path)));
  return text;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const Endpoint& endpoint) {
  if (endpoint.tls_ca.empty()) {
    if (!endpoint.tls_certificate.empty() || !endpoint.tls_key.empty())
      return absl::InvalidArgumentError(
          "a client certificate needs TLS: who vouches for the daemon?");
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions options;
  if (endpoint.tls_ca != kSystemCa) {
    FITD_ASSIGN_OR_RETURN(options.pem_root_certs, ReadPem(endpoint.tls_ca));
  }
  if (endpoint.tls_certificate.empty() != endpoint.tls_key.empty())
    return absl::InvalidArgumentError("a client certificate needs its key, and a key the other");
  if (!endpoint.tls_certificate.empty()) {
    FITD_ASSIGN_OR_RETURN(options.pem_cert_chain, ReadPem(endpoint.tls_certificate));
    FITD_ASSIGN_OR_RETURN(options.pem_private_key, ReadPem(endpoint.tls_key));
  }
  return grpc::SslCredentials(options);
}

// Adds the token to each call. gRPC's own way sends none without TLS, not even to this machine.
class TokenSender final : public Interceptor {
 public:
  explicit TokenSender(std::string header) : header_(std::move(header)) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA))
      methods->GetSendInitialMetadata()->emplace("authorization", header_);
    methods->Proceed();
  }

 private:
  const std::string header_;
};

class TokenSenderFactory final : public ClientInterceptorFactoryInterface {
 public:
  explicit TokenSenderFactory(const std::string& token) : header_("Bearer " + token) {}

  Interceptor* CreateClientInterceptor(ClientRpcInfo* /*info*/) override {
    return new TokenSender(header_);  // gRPC deletes it.
  }

 private:
  const std::string header_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const Endpoint& endpoint) {
  FITD_RETURN_IF_ERROR(CheckAddress(endpoint.address));
  if (!endpoint.token.empty() && endpoint.tls_ca.empty() && !StaysOnThisMachine(endpoint.address)) {
    return absl::InvalidArgumentError(
        fmt::format("the token would go to {} unencrypted; say with --tls-ca or FITD_TLS_CA who "
                    "vouches for the daemon",
                    endpoint.address));
  }
  FITD_ASSIGN_OR_RETURN(const auto credentials, Credentials(endpoint));
  std::vector<std::unique_ptr<ClientInterceptorFactoryInterface>> interceptors;
  if (!endpoint.token.empty())
    interceptors.push_back(std::make_unique<TokenSenderFactory>(endpoint.token));
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      endpoint.address, credentials, ChannelArguments(), std::move(interceptors));
}

}  // namespace fitd::client
