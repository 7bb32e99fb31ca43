#include "server/rpc/credentials.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "client/channel.h"
#include "client/fitd_client.h"
#include "fitd/v1/server_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/test_server.h"

namespace fitd {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() { std::filesystem::create_directories(server_.data_dir()); }

  std::string Token(const std::string& name, Role role) {
    return CreateToken(tokens_, name, role, absl::Now()).value();
  }

  std::string Write(const std::string& name, const std::string& content) {
    // In one step, as those who replace certificates should.
    std::ofstream(temp_.File(name + ".new")) << content;
    std::filesystem::rename(temp_.File(name + ".new"), temp_.File(name));
    return temp_.File(name);
  }

  void UseTls(const Certificate& certificate) {
    server_.config().set_tls_certificate(Write("cert.pem", certificate.pem));
    server_.config().set_tls_key(Write("key.pem", certificate.key_pem));
    endpoint_.tls_ca = Write("ca.pem", authority_.pem());
  }

  // A call that any token may make, on a new connection.
  absl::Status Call() { return CallWith(&client::Client::GetServerInfo); }

  template <typename Response, typename Request>
  absl::Status CallWith(absl::StatusOr<Response> (client::Client::*method)(Request)) {
    endpoint_.address = server_.address();
    const auto client = client::Client::Connect(endpoint_);
    if (!client.ok()) return client.status();
    return (client->get()->*method)({}).status();
  }

  TempDir temp_;
  CertificateAuthority authority_;
  TestServer server_;
  const std::string tokens_ = server_.config().tokens();
  client::Endpoint endpoint_;
};

TEST_F(CredentialsTest, TokensAreCheckedOnLoopback) {
  const std::string predictor = Token("p", Role::kPredictor);
  FITD_ASSERT_OK(server_.Start());
  EXPECT_THAT(Call(), StatusIs(StatusCode::kUnauthenticated, HasSubstr("asks for a token")));
  endpoint_.token = "fitd_wrong";
  EXPECT_THAT(Call(), StatusIs(StatusCode::kUnauthenticated, HasSubstr("unknown")));
  endpoint_.token = predictor;
  FITD_EXPECT_OK(Call());
  EXPECT_THAT(CallWith(&client::Client::CreateModel),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("needs trainer")));
}

TEST_F(CredentialsTest, TokensAreCheckedOnAUnixSocket) {
  server_.config().set_listen("unix:" + temp_.File("fitd.sock"));
  const std::string token = Token("p", Role::kPredictor);
  FITD_ASSERT_OK(server_.Start());
  client::Endpoint endpoint{.address = "unix:" + temp_.File("fitd.sock")};
  const auto call = [&] {
    return client::Client::Connect(endpoint).value()->GetServerInfo({}).status();
  };
  EXPECT_THAT(call(), StatusIs(StatusCode::kUnauthenticated));
  endpoint.token = token;
  FITD_EXPECT_OK(call());
}

TEST_F(CredentialsTest, StreamsAndUnknownMethodsAreCheckedToo) {
  Token("p", Role::kPredictor);
  FITD_ASSERT_OK(server_.Start());
  endpoint_.address = server_.address();
  const auto channel = client::MakeChannel(endpoint_).value();
  const auto stub = v1::ServerService::NewStub(channel);
  grpc::ClientContext context;
  const auto reader = stub->CheckStore(&context, {});
  v1::CheckStoreResponse response;
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);

  grpc::GenericStub generic(channel);
  grpc::ClientContext unknown;
  grpc::ByteBuffer answer;
  const grpc::Slice nothing;
  grpc::CompletionQueue queue;
  grpc::Status status;
  const grpc::ByteBuffer request(&nothing, 1);
  const auto call = generic.PrepareUnaryCall(&unknown, "/fitd.v1.None/None", request, &queue);
  call->StartCall();
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(CredentialsTest, HealthNeedsNoToken) {
  Token("p", Role::kPredictor);
  FITD_ASSERT_OK(server_.Start());
  endpoint_.address = server_.address();
  const auto stub = grpc::health::v1::Health::NewStub(client::MakeChannel(endpoint_).value());
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_TRUE(stub->Check(&context, {}, &response).ok());
}

TEST_F(CredentialsTest, TlsAndTokenTogether) {
  UseTls(authority_.Issue("fitd"));
  const std::string token = Token("p", Role::kPredictor);
  FITD_ASSERT_OK(server_.Start());
  EXPECT_THAT(Call(), StatusIs(StatusCode::kUnauthenticated));
  endpoint_.token = token;
  FITD_EXPECT_OK(Call());
}

// Failure case 91: plain text, and a certificate of somebody else's authority.
TEST_F(CredentialsTest, TlsRefusesPlainTextAndIsNotBelievedBlindly) {
  UseTls(authority_.Issue("fitd"));
  FITD_ASSERT_OK(server_.Start());
  FITD_EXPECT_OK(Call());
  endpoint_.tls_ca = Write("other.pem", CertificateAuthority().pem());
  EXPECT_THAT(Call(), StatusIs(StatusCode::kUnavailable));
  endpoint_.tls_ca.clear();
  EXPECT_THAT(Call(), StatusIs(StatusCode::kUnavailable));
}

TEST_F(CredentialsTest, ClientsShowACertificateWhereOneIsAskedFor) {
  UseTls(authority_.Issue("fitd"));
  server_.config().set_tls_client_ca(endpoint_.tls_ca);
  FITD_ASSERT_OK(server_.Start());
  EXPECT_THAT(Call(), StatusIs(StatusCode::kUnavailable));
  const auto show = [&](const Certificate& certificate) {
    endpoint_.tls_certificate = Write("client.pem", certificate.pem);
    endpoint_.tls_key = Write("client-key.pem", certificate.key_pem);
    return Call();
  };
  FITD_EXPECT_OK(show(authority_.Issue("client")));
  EXPECT_THAT(show(authority_.Issue("late", /*expired=*/true)), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(show(CertificateAuthority().Issue("stranger")), StatusIs(StatusCode::kUnavailable));
}

TEST_F(CredentialsTest, NewCertificateIsUsedWithoutARestart) {
  UseTls(authority_.Issue("fitd"));
  FITD_ASSERT_OK(server_.Start());
  FITD_EXPECT_OK(Call());
  CertificateAuthority next;
  const Certificate certificate = next.Issue("fitd");
  Write("cert.pem", certificate.pem);
  Write("key.pem", certificate.key_pem);
  endpoint_.tls_ca = Write("next.pem", next.pem());
  // Within a second or two; the deadline only ends a test that fails.
  absl::Status status;
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  do {
    status = Call();
  } while (!status.ok() && absl::Now() < deadline);
  FITD_EXPECT_OK(status);
}

TEST_F(CredentialsTest, OtherMachinesNeedATokenOrACertificate) {
  server_.config().set_listen("0.0.0.0:0");
  UseTls(authority_.Issue("fitd"));
  EXPECT_THAT(server_.Start(),
              StatusIs(StatusCode::kUnauthenticated, HasSubstr("fitd token create")));
  server_.Stop();
  server_.config().set_tls_client_ca(endpoint_.tls_ca);
  FITD_EXPECT_OK(server_.Start());
  server_.Stop();
  server_.config().clear_tls_client_ca();
  Token("p", Role::kPredictor);
  FITD_EXPECT_OK(server_.Start());
}

TEST_F(CredentialsTest, AFileOfTokensThatIsAskedForMustBeThere) {
  server_.config().set_tokens(temp_.File("mounted/tokens"));
  EXPECT_THAT(server_.Start(), StatusIs(StatusCode::kNotFound, HasSubstr("mounted/tokens")));
}

TEST_F(CredentialsTest, InsecureNeverIgnoresTokens) {
  server_.config().set_listen("0.0.0.0:0");
  server_.config().set_insecure(true);
  FITD_ASSERT_OK(server_.Start());
  FITD_EXPECT_OK(Call());
  const std::string token = Token("p", Role::kPredictor);
  EXPECT_THAT(Call(), StatusIs(StatusCode::kUnauthenticated, HasSubstr("asks for a token")));
  endpoint_.token = "fitd_wrong";
  EXPECT_THAT(Call(), StatusIs(StatusCode::kUnauthenticated, HasSubstr("unknown")));
  endpoint_.token = token;
  FITD_EXPECT_OK(Call());
  EXPECT_THAT(CallWith(&client::Client::CreateModel),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("needs trainer")));
}

}  // namespace
}  // namespace fitd
