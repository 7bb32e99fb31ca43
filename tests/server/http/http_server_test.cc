#include "server/http/http_server.h"

#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::HasSubstr;

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    prometheus::BuildGauge().Name("answer").Help("The answer.").Register(registry_).Add({}).Set(42);
  }

  void SetUp() override {
    FITD_ASSERT_OK_AND_ASSIGN(
        http_, HttpServer::Start("127.0.0.1", 0,
                                 {.metrics = {&registry_}, .ready = [this] { return ready_; }}));
  }

  // Status and body.
  std::pair<int, std::string> Get(const std::string& path) {
    const httplib::Result result = httplib::Client("127.0.0.1", http_->port()).Get(path);
    return result ? std::pair(result->status, result->body) : std::pair(0, std::string());
  }

  prometheus::Registry registry_;
  absl::Status ready_;
  std::unique_ptr<HttpServer> http_;
};

TEST_F(HttpServerTest, MetricsAreInPrometheusFormat) {
  const auto [status, body] = Get("/metrics");
  EXPECT_EQ(status, 200);
  EXPECT_THAT(body, HasSubstr("# HELP answer The answer.\n# TYPE answer gauge\nanswer 42\n"));
}

TEST_F(HttpServerTest, ProbesTellReadyFromAlive) {
  EXPECT_EQ(Get("/healthz"), std::pair(200, std::string("ok\n")));
  EXPECT_EQ(Get("/readyz"), std::pair(200, std::string("ok\n")));
  ready_ = absl::UnavailableError("the daemon is stopping");
  EXPECT_EQ(Get("/healthz"), std::pair(200, std::string("ok\n")));
  EXPECT_EQ(Get("/readyz"), std::pair(503, std::string("the daemon is stopping\n")));
}

// Failure case 90: nothing but what is offered.
TEST_F(HttpServerTest, NothingElseIsServed) {
  EXPECT_EQ(Get("/").first, 404);
  EXPECT_EQ(Get("/../etc/passwd").first, 404);
  httplib::Client client("127.0.0.1", http_->port());
  EXPECT_EQ(client.Post("/metrics")->status, 404);
  EXPECT_EQ(client.Delete("/metrics")->status, 404);
  EXPECT_EQ(client.Post("/metrics", std::string(1 << 20, 'x'), "text/plain")->status, 413);
}

TEST_F(HttpServerTest, AddressThatIsTakenIsAnError) {
  EXPECT_THAT(HttpServer::Start("127.0.0.1", http_->port(), {.metrics = {}, .ready = {}}).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("another process has it")));
}

}  // namespace
}  // namespace fitd
