#include "server/http/request_metrics.h"

#include "prometheus/counter.h"
#include "prometheus/histogram.h"
#include "server/auth/method_rules.h"

namespace fitd {
namespace {

// From a small prediction to a large evaluation.
const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30, 120};

}  // namespace

RequestMetrics::RequestMetrics()
    : requests_(prometheus::BuildCounter()
                    .Name("fitd_requests_total")
                    .Help("Calls that ended, by method and status code.")
                    .Register(registry_)),
      seconds_(prometheus::BuildHistogram()
                   .Name("fitd_request_seconds")
                   .Help("Time from the start of a call to its end, by method.")
                   .Register(registry_)) {}

void RequestMetrics::Count(std::string_view method, const std::string& code,
                           std::chrono::nanoseconds took) {
  const std::string name = LeastRole(method) ? std::string(method) : "other";
  requests_.Add({{"method", name}, {"code", code}}).Increment();
  seconds_.Add({{"method", name}}, kSeconds).Observe(std::chrono::duration<double>(took).count());
}

}  // namespace fitd
