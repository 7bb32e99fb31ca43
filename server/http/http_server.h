// What probes and Prometheus ask for, over HTTP.

#ifndef FITD_SERVER_HTTP_HTTP_SERVER_H_
#define FITD_SERVER_HTTP_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"

struct mg_context;

namespace fitd {

// GET /metrics, /healthz (the process answers) and /readyz (calls would be served). Thread-safe.
class HttpServer {
 public:
  struct Sources {
    std::vector<const prometheus::Collectable*> metrics;  // Must outlive the server.
    std::function<absl::Status()> ready;                  // Why it is not, if it is not.
  };
  // Serves at once; port 0 takes a free one. UNAVAILABLE when the address cannot be had.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& host, int port,
                                                           Sources sources);
  ~HttpServer();

  int port() const { return port_; }

 private:
  explicit HttpServer(Sources sources);

  Sources sources_;  // Constant after construction.
  int port_ = 0;
  mg_context* context_ = nullptr;
};

}  // namespace fitd

#endif  // FITD_SERVER_HTTP_HTTP_SERVER_H_
