// The rows of a table as a pipeline sees them: which stored bytes make which inputs, worked out
// once.

#ifndef FITD_CORE_DATA_BOUND_ROWS_H_
#define FITD_CORE_DATA_BOUND_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/violations.h"
#include "core/data/pipeline.h"
#include "core/data/table.h"
#include "core/data/value_index.h"
#include "core/kernels/kernels.h"
#include "fitd/v1/pipeline.pb.h"

namespace fitd {

// Adds to `violations`, under `path`, why the column cannot weigh rows: one finite number >= 0 in
// each.
void CheckSampleWeights(const Table& table, const std::string& column, const std::string& path,
                        Violations& violations);

// Thread-safe: constant once bound.
class BoundRows final : public RowSource {
 public:
  BoundRows(std::shared_ptr<const Table> table, int64_t feature_width)
      : table_(std::move(table)), feature_width_(feature_width) {}

  // Each adds what does not fit to `violations`; no row may be gathered then.
  void BindFeatures(const v1::PipelineState& state, Violations& violations);
  void BindTargets(const v1::TargetTransform& target, Violations& violations);
  void BindSampleWeights(const std::string& column, Violations& violations);

  int64_t rows() const override { return table_->rows(); }
  int64_t feature_width() const override { return feature_width_; }
  int64_t target_width() const override { return target_width_; }
  using RowSource::GatherFeatures;
  void GatherFeatures(std::span<const uint32_t> rows, std::span<const uint32_t> next,
                      const Rescale& rescale, float* x) const override;
  void GatherTargets(std::span<const uint32_t> rows, float* y) const override;
  void GatherSampleWeights(std::span<const uint32_t> rows, float* w) const override;

 private:
  // Numbers that lie side by side both in the table and in the input: (value - mean) / stddev, or
  // the fill for NaN.
  struct NumericRun {
    ColumnView view;  // Of the first; `size` is the length of the run.
    int64_t output;   // Where the first goes.
    std::vector<double> fill, mean, stddev;
  };
  struct Array {
    ColumnView view;
    int64_t output;
    GatherKernel kernel;      // Null: none for this type.
    std::vector<float> fill;  // Empty when no value is missing.
  };
  struct OneHot {
    ColumnView view;
    int64_t output;
    int32_t unknown;  // The last of the column's inputs.
    ValueIndex index;
  };

  void BindFeature(const v1::FeatureTransform& feature, int column, int64_t output,
                   Violations& violations);
  // Every value of an array column stands for one feature, in order. False if the table is not of
  // that form.
  bool BindElements(const v1::PipelineState& state);
  void AddNumeric(const ColumnView& value, const v1::NumericTransform& numeric, int64_t output);
  void AddArray(const ColumnView& view, const v1::ArrayTransform& array, bool missing,
                int64_t output);
  // Whether one call of a kernel gathers all there is.
  bool IsOneArray() const;
  // Gathers a few rows.
  void GatherArrays(std::span<const uint32_t> rows, const Rescale& rescale, float* x) const;
  void GatherNumbers(std::span<const uint32_t> rows, float* x) const;
  void GatherOneHots(std::span<const uint32_t> rows, float* x) const;
  // Has the memory of these rows' features fetched.
  void Prefetch(std::span<const uint32_t> rows) const;
  void CheckLabels(const v1::ClassTarget& classes, int column, Violations& violations) const;

  std::shared_ptr<const Table> table_;
  int64_t feature_width_;
  int64_t target_width_ = 0;
  std::vector<NumericRun> numeric_runs_;
  std::vector<Array> arrays_;
  std::vector<OneHot> one_hots_;
  std::vector<ColumnView> targets_;
  std::optional<ValueIndex> classes_;
  std::optional<ColumnView> sample_weights_;
};

}  // namespace fitd

#endif  // FITD_CORE_DATA_BOUND_ROWS_H_
