// The input pipeline: raw rows to features and targets, the same code in training, evaluation and
// prediction.

#ifndef FITD_CORE_DATA_PIPELINE_H_
#define FITD_CORE_DATA_PIPELINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/data/table.h"
#include "core/kernels/kernels.h"
#include "fitd/v1/pipeline.pb.h"
#include "fitd/v1/prediction_service.pb.h"

namespace fitd {

// How targets are to be understood; follows from the loss and the labels.
enum class TargetKind {
  kClasses,     // One label column of integers or strings: a class index per row.
  kRegression,  // Numbers, also one-hot rows for categorical_crossentropy.
};

struct PipelineOptions {
  v1::PipelineSpec spec;  // Resolved: both fields set.
  TargetKind target = TargetKind::kClasses;
  int64_t outputs = 1;               // Of the model; bounds class indices (2 for one output).
  std::string sample_weight_column;  // Not a feature; empty for none.
  std::function<bool()> cancelled = [] { return false; };  // Asked between passes over the rows.
};

// The number of inputs that a pipeline fitted on all rows would have.
int64_t FeatureWidth(const v1::TableHeader& header);

// Rows of one table as seen through a pipeline. Thread-safe. Gathers never fail: everything was
// checked by Bind.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual int64_t rows() const = 0;
  virtual int64_t feature_width() const = 0;
  // Values per row in GatherTargets: 1 for classes, else the number of target values.
  virtual int64_t target_width() const = 0;
  // x[i, :] = features of row rows[i], rescaled; x is [rows.size(), feature_width]. `next` are rows
  // that will be gathered soon: their memory is fetched meanwhile.
  virtual void GatherFeatures(std::span<const uint32_t> rows, std::span<const uint32_t> next,
                              const Rescale& rescale, float* x) const = 0;
  void GatherFeatures(std::span<const uint32_t> rows, float* x) const {
    GatherFeatures(rows, {}, {}, x);
  }
  // y[i, :] = targets of row rows[i]: class indices as floats, or numbers in the target's own unit.
  virtual void GatherTargets(std::span<const uint32_t> rows, float* y) const = 0;
  // w[i] = the sample weight column's value; only when one was bound.
  virtual void GatherSampleWeights(std::span<const uint32_t> rows, float* w) const = 0;
};

// Thread-safe: constant after construction.
class Pipeline {
 public:
  // Learns from `rows` of the table. CANCELLED; INVALID_ARGUMENT names the column, row and value of
  // a label that does not fit; paths of violations start with "spec".
  static absl::StatusOr<Pipeline> Fit(const Table& table, std::span<const uint32_t> rows,
                                      const PipelineOptions& options);
  // From a version. DATA_LOSS when the message makes no sense.
  static absl::StatusOr<Pipeline> Load(const v1::PipelineState& state);

  const v1::PipelineState& state() const { return state_; }

  // Which of the table's columns are which. INVALID_ARGUMENT names the columns that are missing or
  // of another kind and, with `with_targets`, the rows whose labels the pipeline does not know.
  // Keeps the table alive.
  absl::StatusOr<std::unique_ptr<RowSource>> Bind(
      std::shared_ptr<const Table> table, bool with_targets,
      const std::string& sample_weight_column = "") const;

  // Features of rows that came over the wire, [rows, feature_width]. INVALID_ARGUMENT with
  // "rows.rows[2].values[0]" or "tensor.shape" in its violations. NaN means missing in named rows,
  // and in tensors if the training data had missing values; else it is an error, like Inf.
  absl::StatusOr<std::vector<float>> Transform(const v1::RowBatch& batch) const;
  absl::StatusOr<std::vector<float>> Transform(const v1::Tensor& tensor) const;

 private:
  explicit Pipeline(v1::PipelineState state);
  v1::PipelineState state_;
};

}  // namespace fitd

#endif  // FITD_CORE_DATA_PIPELINE_H_
