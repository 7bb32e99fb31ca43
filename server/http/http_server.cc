#include "server/http/http_server.h"

#include <thread>
#include <utility>

#include "fmt/format.h"
#include "httplib.h"
#include "prometheus/text_serializer.h"

namespace fitd {
namespace {

// Scrapes and probes are few and short.
constexpr size_t kThreads = 4;
constexpr int kTimeoutSeconds = 5;
constexpr size_t kMostBodyBytes = 1024;

}  // namespace

struct HttpServer::Listening {
  httplib::Server server;
  std::thread thread;
};

HttpServer::HttpServer(Sources sources)
    : sources_(std::move(sources)), listening_(std::make_unique<Listening>()) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& host, int port,
                                                              Sources sources) {
  std::unique_ptr<HttpServer> http(new HttpServer(std::move(sources)));
  httplib::Server& server = http->listening_->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_keep_alive_max_count(1);
  server.set_read_timeout(kTimeoutSeconds);
  server.set_write_timeout(kTimeoutSeconds);
  server.set_payload_max_length(kMostBodyBytes);
  const Sources& what = http->sources_;
  server.Get("/metrics", [&what](const httplib::Request&, httplib::Response& response) {
    std::vector<prometheus::MetricFamily> all;
    for (const prometheus::Collectable* collectable : what.metrics) {
      for (prometheus::MetricFamily& family : collectable->Collect())
        all.push_back(std::move(family));
    }
    response.set_content(prometheus::TextSerializer().Serialize(all),
                         "text/plain; version=0.0.4; charset=utf-8");
  });
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", "text/plain");
  });
  server.Get("/readyz", [&what](const httplib::Request&, httplib::Response& response) {
    const absl::Status ready = what.ready();
    response.status = ready.ok() ? 200 : 503;
    response.set_content(ready.ok() ? "ok\n" : Message(ready) + "\n", "text/plain");
  });
  // As Linux has it by default; with SO_REUSEPORT a second daemon would take half of the calls.
  server.set_socket_options([](socket_t socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  http->port_ = port == 0                         ? server.bind_to_any_port(host)
                : server.bind_to_port(host, port) ? port
                                                  : -1;
  if (http->port_ < 0) {
    return absl::UnavailableError(
        fmt::format("cannot serve HTTP on {}:{}: another process has it, or it is not ours to take",
                    host, port));
  }
  http->listening_->thread = std::thread([&server] { server.listen_after_bind(); });
  return http;
}

HttpServer::~HttpServer() {
  if (!listening_->thread.joinable()) return;
  // It does not stop before it has begun.
  while (!listening_->server.is_running()) std::this_thread::yield();
  listening_->server.stop();
  listening_->thread.join();
}

}  // namespace fitd
