#include "server/http/state_metrics.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "core/base/version.h"
#include "prometheus/client_metric.h"
#include "prometheus/metric_type.h"
#include "server/jobs/job_state.h"
#include "server/log/log.h"

namespace fitd {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr int64_t kMostJobs = 20;

MetricFamily Gauge(const std::string& name, const std::string& help) {
  return {.name = name, .help = help, .type = MetricType::Gauge, .metric = {}};
}

void Add(MetricFamily& family, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

MetricFamily One(const std::string& name, const std::string& help, double value) {
  MetricFamily family = Gauge(name, help);
  Add(family, {}, value);
  return family;
}

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE));
}

}  // namespace

std::vector<MetricFamily> StateMetrics::Collect() const {
  MetricFamily jobs = Gauge("fitd_jobs", "Jobs that are stored, by state.");
  MetricFamily epoch = Gauge("fitd_job_epoch", "Epoch that a running job is in.");
  MetricFamily steps =
      Gauge("fitd_job_steps_per_second", "Optimizer steps of a running job per second.");
  MetricFamily loss = Gauge("fitd_job_loss", "Loss of a running job over its epoch so far.");
  std::vector<v1::Job> running;
  const absl::Status read = store_.InTransaction([&](Transaction& transaction) {
    for (int number = v1::JobState_MIN + 1; number <= v1::JobState_MAX; ++number) {
      const auto state = static_cast<v1::JobState>(number);
      if (v1::JobState_IsValid(number))
        Add(jobs, {{"state", absl::AsciiStrToLower(StateName(state))}},
            static_cast<double>(transaction.jobs.Count(state)));
    }
    running = transaction.jobs.List(std::numeric_limits<int64_t>::max(), kMostJobs,
                                    {.states = {v1::JOB_STATE_RUNNING}});
    return absl::OkStatus();
  });
  if (!read.ok()) Log(LogLevel::kWarn, "metrics_incomplete", {{"error", Message(read)}});
  for (const v1::Job& job : running) {
    const auto newest = feeds_.NewestProgress(JobNumber(job.id()).value());
    if (!newest) continue;
    const std::vector<ClientMetric::Label> labels = {{"job", job.id()}};
    const v1::JobProgress& progress = newest->progress;
    Add(epoch, labels, static_cast<double>(progress.epoch()));
    const auto batch = static_cast<double>(job.spec().training().batch_size());
    if (batch > 0) Add(steps, labels, progress.rows_per_second() / batch);
    for (const v1::MetricValue& metric : progress.metrics()) {
      if (metric.name() == "loss" && metric.has_value()) Add(loss, labels, metric.value());
    }
  }

  std::vector<MetricFamily> families = {std::move(jobs), std::move(epoch), std::move(steps),
                                        std::move(loss)};
  MetricFamily build = Gauge("fitd_build_info", "1, with the daemon's version.");
  Add(build, {{"version", kVersion}}, 1);
  families.push_back(std::move(build));
  families.push_back(
      One("fitd_store_readable", "1 while the database answers, else 0.", read.ok()));
  const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - start_;
  families.push_back(One("fitd_uptime_seconds", "Time since the daemon started.", uptime.count()));
  families.push_back(One("fitd_memory_resident_bytes", "Memory in use.", ResidentBytes()));
  struct statvfs disk = {};
  if (statvfs(store_.directory().DatabasePath().c_str(), &disk) == 0) {
    const auto block = static_cast<double>(disk.f_frsize);
    families.push_back(One("fitd_disk_free_bytes", "Free on the data directory's disk.",
                           block * static_cast<double>(disk.f_bavail)));
    families.push_back(One("fitd_disk_size_bytes", "Size of the data directory's disk.",
                           block * static_cast<double>(disk.f_blocks)));
  }
  return families;
}

}  // namespace fitd
