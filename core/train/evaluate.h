// A trained version measured on rows of a table.

#ifndef FITD_CORE_TRAIN_EVALUATE_H_
#define FITD_CORE_TRAIN_EVALUATE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/data/table.h"
#include "core/plan/predictor.h"
#include "fitd/v1/evaluation_service.pb.h"
#include "fitd/v1/model.pb.h"

namespace fitd {

struct EvaluationInput {
  const v1::ModelVersion* version = nullptr;  // Its spec, pipeline and lineage. Not owned.
  const Predictor* predictor = nullptr;       // Not owned.
  std::shared_ptr<const Table> table;
  std::string table_sha256;  // To know whether a selection of rows can be repeated.
  v1::RowSelection rows = v1::ROW_SELECTION_UNSPECIFIED;
  std::vector<v1::MetricSpec> metrics;  // Empty: those of the training.
  bool validate_only = false;           // Measure nothing: the answer is empty.
  std::function<bool()> cancelled = [] { return false; };
};

// Everything of the response but model and version. "loss" is the training's loss with the
// layers' penalties, as Keras's evaluate has it; it weighs rows by the training's
// sample_weight_column where the table has that. More than 1,000 classes get their reports but no
// confusion matrix. INVALID_ARGUMENT when the table does not fit the pipeline, when the selected
// rows cannot be told on it, or a metric does not fit the model; FAILED_PRECONDITION when no row is
// selected. Any number of threads may call it at once.
absl::StatusOr<v1::EvaluateResponse> Evaluate(const EvaluationInput& input);

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_EVALUATE_H_
