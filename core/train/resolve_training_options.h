// The part of a fit's request that needs neither model nor data: its defaults, and what is wrong
// whatever they are.

#ifndef FITD_CORE_TRAIN_RESOLVE_TRAINING_OPTIONS_H_
#define FITD_CORE_TRAIN_RESOLVE_TRAINING_OPTIONS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/violations.h"
#include "core/metric/resolve_metrics.h"
#include "fitd/v1/training.pb.h"

namespace fitd {

// Part of ResolveTraining. `validates`: there are validation rows. `shapes` may be null, if nobody
// knows what metrics will be given. Paths start with `path`.
void ResolveTrainingOptions(std::string_view path, bool validates, const MetricShapes* shapes,
                            v1::TrainingSpec& training, Violations& violations);

// Whether some of the data set's own rows validate.
bool HoldsOutRows(const v1::TrainingSpec& training);

// Checks that a fit tells of the metric `name`, and whether larger or smaller is better: `mode`, by
// the metric unless that is MIN or MAX. `training` is resolved; `validates`: there are validation
// rows.
struct MonitorPaths {
  std::string name;
  std::string mode;
};
v1::MonitorMode ResolveMonitor(const v1::TrainingSpec& training, bool validates,
                               const std::string& name, v1::MonitorMode mode,
                               const MonitorPaths& paths, Violations& violations);

// The most rows that go through the network at once: a batch, or all of the larger set where that
// is smaller.
int64_t RowsAtOnce(const v1::TrainingSpec& training, int64_t training_rows,
                   int64_t validation_rows);

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_RESOLVE_TRAINING_OPTIONS_H_
