// How many calls there were, how they ended, and how long they took.

#ifndef FITD_SERVER_HTTP_REQUEST_METRICS_H_
#define FITD_SERVER_HTTP_REQUEST_METRICS_H_

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "prometheus/registry.h"

namespace fitd {

// Thread-safe.
class RequestMetrics final : public prometheus::Collectable {
 public:
  RequestMetrics();

  // `method` is "fitd.v1.ModelService/GetModel"; those that have no rule are counted as one, so
  // that nobody can make up series. `code` is "OK", "NOT_FOUND", ...
  void Count(std::string_view method, const std::string& code, std::chrono::nanoseconds took);

  std::vector<prometheus::MetricFamily> Collect() const override { return registry_.Collect(); }

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& seconds_;
};

}  // namespace fitd

#endif  // FITD_SERVER_HTTP_REQUEST_METRICS_H_
