#include "server/http/http_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
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
  EXPECT_EQ(client.Post("/metrics")->status, 405);
  EXPECT_EQ(client.Delete("/metrics")->status, 405);
  EXPECT_EQ(client.Head("/metrics")->body, "");
}

// What is sent is not kept without a limit.
TEST_F(HttpServerTest, LongRequestsAreRefused) {
  EXPECT_EQ(Get("/healthz?" + std::string(5000, 'x')).first, 200);
  EXPECT_NE(Get("/healthz?" + std::string(9000, 'x')).first, 200);
  httplib::Client client("127.0.0.1", http_->port());
  const httplib::Result result = client.Get("/healthz", {{"X-Long", std::string(9000, 'x')}});
  EXPECT_TRUE(!result || result->status != 200);
  EXPECT_EQ(Get("/healthz").first, 200);
}

TEST_F(HttpServerTest, ARangeIsNotServedManyTimes) {
  std::string ranges = "bytes=0-";
  for (int i = 0; i < 100; ++i) ranges += ",0-";
  httplib::Client client("127.0.0.1", http_->port());
  const httplib::Result result = client.Get("/metrics", {{"Range", ranges}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, Get("/metrics").second);
}

// One that sends a byte now and then holds a thread for a while, and then loses it.
TEST_F(HttpServerTest, SlowRequestsEnd) {
  const int slow = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(http_->port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(slow, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const std::string line = "GET /healthz HTTP/1.1\r\nX: ";
  ASSERT_EQ(send(slow, line.data(), line.size(), MSG_NOSIGNAL), static_cast<ssize_t>(line.size()));
  while (send(slow, "x", 1, MSG_NOSIGNAL) == 1)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  close(slow);
  EXPECT_EQ(Get("/healthz").first, 200);
}

TEST_F(HttpServerTest, AddressThatIsTakenIsAnError) {
  EXPECT_THAT(HttpServer::Start("127.0.0.1", http_->port(), {.metrics = {}, .ready = {}}).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("another process has it")));
}

}  // namespace
}  // namespace fitd
