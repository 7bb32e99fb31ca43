#include "server/rpc/credentials.h"

#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "fmt/format.h"
#include "grpc/grpc_security.h"
#include "grpcpp/security/auth_metadata_processor.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "server/log/log.h"
#include "server/rpc/address.h"
#include "server/rpc/grpc_status.h"

namespace fitd {
namespace {

constexpr unsigned kRefreshSeconds = 1;
constexpr char kAuthorization[] = "authorization";
constexpr char kPath[] = ":path";

absl::Status Check(Authenticator& authenticator, std::string_view path,
                   std::string_view authorization) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return authenticator.Check(path, authorization);
}

std::string_view Find(const grpc::AuthMetadataProcessor::InputMetadata& metadata,
                      const char* name) {
  const auto found = metadata.find(name);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

// Sees every call before its service does: of all services, streams, and methods that do not exist.
class CallCheck final : public grpc::AuthMetadataProcessor {
 public:
  explicit CallCheck(Authenticator& authenticator) : authenticator_(authenticator) {}

  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* /*context*/,
                       OutputMetadata* consumed, OutputMetadata* /*response*/) override {
    const std::string_view authorization = Find(metadata, kAuthorization);
    const absl::Status status = Check(authenticator_, Find(metadata, kPath), authorization);
    if (metadata.count(kAuthorization) > 0) consumed->emplace(kAuthorization, authorization);
    return ToGrpcStatus(status);
  }

 private:
  Authenticator& authenticator_;
};

// What grpc::InsecureServerCredentials is, with a check of the calls, which that does not take.
class OpenCredentials final : public grpc::ServerCredentials {
 public:
  explicit OpenCredentials(Authenticator& authenticator)
      : credentials_(grpc_insecure_server_credentials_create()) {
    grpc_server_credentials_set_auth_metadata_processor(
        credentials_, {.process = &Process, .destroy = nullptr, .state = &authenticator});
  }
  ~OpenCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static std::string_view Text(const grpc_slice& slice) {
    return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
  }

  static void Process(void* state, grpc_auth_context* /*context*/, const grpc_metadata* metadata,
                      size_t count, grpc_process_auth_metadata_done_cb done, void* user_data) {
    std::string_view path;
    std::string_view authorization;
    const grpc_metadata* consumed = nullptr;
    for (const grpc_metadata& entry : absl::MakeConstSpan(metadata, count)) {
      if (Text(entry.key) == kPath) path = Text(entry.value);
      if (Text(entry.key) != kAuthorization || consumed != nullptr) continue;
      authorization = Text(entry.value);
      consumed = &entry;
    }
    const absl::Status status = Check(*static_cast<Authenticator*>(state), path, authorization);
    const grpc::Status answer = ToGrpcStatus(status);
    done(user_data, consumed, consumed == nullptr ? 0 : 1, nullptr, 0,
         static_cast<grpc_status_code>(answer.error_code()),
         status.ok() ? nullptr : answer.error_message().c_str());
  }

  grpc_server_credentials* const credentials_;
};

std::shared_ptr<grpc::ServerCredentials> TlsCredentials(const v1::ServerConfig& config) {
  using grpc::experimental::FileWatcherCertificateProvider;
  const bool mutual = !config.tls_client_ca().empty();
  const auto provider = std::make_shared<FileWatcherCertificateProvider>(
      config.tls_key(), config.tls_certificate(), config.tls_client_ca(), kRefreshSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (mutual) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const v1::ServerConfig& config, Authenticator& authenticator) {
  const Reach reach = ParseAddress(config.listen()).value().reach;
  const bool tls = !config.tls_certificate().empty();
  if (reach == Reach::kNetwork && !config.insecure() && config.tls_client_ca().empty() &&
      !authenticator.has_tokens()) {
    return absl::UnauthenticatedError(fmt::format(
        "{} may be reached by other machines, and there is no token in {}; create one with `fitd "
        "token create NAME --role admin`, ask for certificates of clients with tls_client_ca, or "
        "set insecure",
        config.listen(), config.tokens()));
  }
  std::shared_ptr<grpc::ServerCredentials> credentials;
  if (tls) {
    credentials = TlsCredentials(config);
  } else if (reach == Reach::kUnixSocket) {
    credentials = grpc::experimental::LocalServerCredentials(UDS);
  } else if (reach == Reach::kLoopback) {
    credentials = grpc::experimental::LocalServerCredentials(LOCAL_TCP);
  } else {
    Log(LogLevel::kWarn, "unprotected",
        {{"listen", config.listen()},
         {"message", "without TLS others on the way can read and change all that is sent"}});
    return std::make_shared<OpenCredentials>(authenticator);
  }
  credentials->SetAuthMetadataProcessor(std::make_shared<CallCheck>(authenticator));
  return credentials;
}

}  // namespace fitd
