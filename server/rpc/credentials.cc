#include "server/rpc/credentials.h"

#include <string>
#include <string_view>

#include "fmt/format.h"
#include "grpcpp/security/auth_metadata_processor.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "server/log/log.h"
#include "server/rpc/address.h"
#include "server/rpc/grpc_status.h"

namespace fitd {
namespace {

constexpr unsigned kRefreshSeconds = 1;

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
    constexpr char kAuthorization[] = "authorization";
    const std::string_view authorization = Find(metadata, kAuthorization);
    std::string_view path = Find(metadata, ":path");
    if (path.starts_with('/')) path.remove_prefix(1);
    const absl::Status status = authenticator_.Check(path, authorization);
    if (metadata.count(kAuthorization) > 0) consumed->emplace(kAuthorization, authorization);
    return ToGrpcStatus(status);
  }

 private:
  Authenticator& authenticator_;
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
  } else if (authenticator.required()) {
    return FailedPrecondition(fmt::format(
        "{} has tokens, which are not checked without TLS on {}; set tls_certificate and tls_key, "
        "or listen on 127.0.0.1, ::1 or a unix socket",
        config.tokens(), config.listen()));
  } else {
    Log(LogLevel::kWarn, "unprotected", {{"listen", config.listen()}});
    return grpc::InsecureServerCredentials();
  }
  credentials->SetAuthMetadataProcessor(std::make_shared<CallCheck>(authenticator));
  return credentials;
}

}  // namespace fitd
