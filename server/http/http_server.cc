#include "server/http/http_server.h"

#include <string_view>
#include <utility>

#include "civetweb.h"
#include "fmt/format.h"
#include "prometheus/text_serializer.h"

namespace fitd {
namespace {

constexpr char kText[] = "text/plain";

struct Answer {
  int status = 200;
  std::string body;
  std::string type = kText;
};

int Send(mg_connection* connection, const Answer& answer) {
  const std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
      answer.status, mg_get_response_code_text(connection, answer.status), answer.type,
      answer.body.size());
  mg_write(connection, head.data(), head.size());
  if (std::string_view(mg_get_request_info(connection)->request_method) != "HEAD")
    mg_write(connection, answer.body.data(), answer.body.size());
  return answer.status;
}

std::string Serialize(const std::vector<const prometheus::Collectable*>& metrics) {
  std::vector<prometheus::MetricFamily> all;
  for (const prometheus::Collectable* collectable : metrics) {
    for (prometheus::MetricFamily& family : collectable->Collect())
      all.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(all);
}

Answer AnswerTo(const HttpServer::Sources& sources, std::string_view method,
                std::string_view path) {
  if (method != "GET" && method != "HEAD") return {.status = 405, .body = "GET or HEAD\n"};
  if (path == "/healthz") return {.body = "ok\n"};
  if (path == "/metrics") {
    return {.body = Serialize(sources.metrics), .type = "text/plain; version=0.0.4; charset=utf-8"};
  }
  if (path == "/readyz") {
    const absl::Status ready = sources.ready();
    if (ready.ok()) return {.body = "ok\n"};
    return {.status = 503, .body = Message(ready) + "\n"};
  }
  return {.status = 404, .body = "/metrics, /healthz or /readyz\n"};
}

int Handle(mg_connection* connection) {
  const mg_request_info* request = mg_get_request_info(connection);
  const auto& sources = *static_cast<const HttpServer::Sources*>(request->user_data);
  return Send(connection, AnswerTo(sources, request->request_method, request->local_uri));
}

}  // namespace

HttpServer::HttpServer(Sources sources) : sources_(std::move(sources)) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& host, int port,
                                                              Sources sources) {
  std::unique_ptr<HttpServer> http(new HttpServer(std::move(sources)));
  const bool ipv6 = host.find(':') != std::string::npos;
  const std::string address = fmt::format("{}:{}", ipv6 ? "[" + host + "]" : host, port);
  // Scrapes and probes are few and short. Nobody may hold a thread for longer than the time-out.
  const char* options[] = {"listening_ports",
                           address.c_str(),  //
                           "num_threads",
                           "4",  //
                           "request_timeout_ms",
                           "3000",  //
                           "max_request_size",
                           "8192",  //
                           "enable_keep_alive",
                           "no",  //
                           nullptr};
  mg_callbacks callbacks = {};
  callbacks.begin_request = &Handle;
  http->context_ = mg_start(&callbacks, &http->sources_, options);
  mg_server_port ports[1] = {};
  if (http->context_ == nullptr || mg_get_server_ports(http->context_, 1, ports) != 1) {
    return absl::UnavailableError(fmt::format(
        "cannot serve HTTP on {}: another process has it, or it is not ours to take", address));
  }
  http->port_ = ports[0].port;
  return http;
}

HttpServer::~HttpServer() {
  if (context_ != nullptr) mg_stop(context_);
}

}  // namespace fitd
