// A fit that is not done, and its stored form (docs/formats.md).

#ifndef FITD_CORE_TRAIN_CHECKPOINT_H_
#define FITD_CORE_TRAIN_CHECKPOINT_H_

#include <string>

#include "core/base/status.h"
#include "core/nn/weights.h"
#include "core/plan/training_plan.h"
#include "fitd/v1/checkpoint.pb.h"

namespace fitd {

// All that the rest of a fit depends on, beside its input: every random choice is a function of
// seed and position. Thread-compatible.
struct Checkpoint {
  v1::CheckpointState state;
  PlanState plan;
  Weights best;  // Of state.best(); empty when there is none.

  // Atomic. RESOURCE_EXHAUSTED when the disk is full.
  absl::Status Save(const std::string& path) const;
  // DATA_LOSS when the file is damaged.
  static absl::StatusOr<Checkpoint> Load(const std::string& path);
};

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_CHECKPOINT_H_
