// The data of a fit: which rows train, which validate, and the pipeline between table and network.

#ifndef FITD_CORE_TRAIN_FIT_DATA_H_
#define FITD_CORE_TRAIN_FIT_DATA_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/data/pipeline.h"
#include "core/data/split.h"
#include "core/data/table.h"
#include "core/nn/resolve_model.h"
#include "core/train/fit.h"
#include "fitd/v1/training.pb.h"

namespace fitd {

// Some rows of a table as a network sees them. Thread-safe: constant after construction.
struct RowSet {
  std::shared_ptr<const RowSource> source;
  std::vector<uint32_t> rows;

  int64_t size() const { return static_cast<int64_t>(rows.size()); }
};

struct FitData {
  Pipeline pipeline;
  RowSet training;
  RowSet validation;  // Empty when nothing is held out.
};

// Splits as the training says; evaluation repeats it. FAILED_PRECONDITION when one side would be
// empty.
absl::StatusOr<Split> SplitForTraining(const Table& table, const v1::TrainingSpec& training);

// Splits, fits the pipeline on the training rows alone (or takes that of a warm start) and binds
// it. CANCELLED when `stopped` says so; INVALID_ARGUMENT when data, pipeline and model do not fit
// together.
absl::StatusOr<FitData> PrepareFitData(const FitInput& input, const ModelShape& shape,
                                       const std::function<bool()>& stopped);

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_FIT_DATA_H_
