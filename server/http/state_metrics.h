// What the daemon holds and does, read when it is asked for.

#ifndef FITD_SERVER_HTTP_STATE_METRICS_H_
#define FITD_SERVER_HTTP_STATE_METRICS_H_

#include <chrono>
#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "server/jobs/job_feeds.h"
#include "server/store/store.h"

namespace fitd {

// Thread-safe. What it refers to must outlive it.
class StateMetrics final : public prometheus::Collectable {
 public:
  StateMetrics(Store& store, JobFeeds& feeds) : store_(store), feeds_(feeds) {}

  // Jobs by state; epoch, speed and loss of the running ones, 20 at most; memory and disk.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  Store& store_;
  JobFeeds& feeds_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace fitd

#endif  // FITD_SERVER_HTTP_STATE_METRICS_H_
