// A fit as a user asked for it in, a fit with every default written out and checked against its
// model and data.

#ifndef FITD_CORE_TRAIN_RESOLVE_TRAINING_H_
#define FITD_CORE_TRAIN_RESOLVE_TRAINING_H_

#include <string>
#include <string_view>

#include "core/base/violations.h"
#include "core/metric/resolve_metrics.h"
#include "core/nn/resolve_model.h"
#include "fitd/v1/dataset.pb.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/training.pb.h"

namespace fitd {

// Writes every default into `training` and checks what can be checked from headers alone: options
// and ranges; the data's feature width against the model's input; the loss against the model's
// output and the labels' kind, width and range (from statistics); metric names; monitors of
// callbacks. `validation` may be null. Paths start with `path` ("spec.training"); faults of the
// data are its siblings' ("spec.dataset", "spec.validation_dataset"). Resolving twice changes
// nothing.
void ResolveTraining(const v1::ModelSpec& model, const ModelShape& shape,
                     const v1::TableHeader& train, const v1::TableHeader* validation,
                     std::string_view path, v1::TrainingSpec& training, Violations& violations);

// The part of it that needs neither model nor data: what is wrong whatever they are. `validates`:
// there are validation rows. `shapes` may be null, if nobody knows what metrics will be given.
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

#endif  // FITD_CORE_TRAIN_RESOLVE_TRAINING_H_
