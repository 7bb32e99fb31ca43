#include "core/data/bound_rows.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/base/counted.h"
#include "core/base/names.h"
#include "core/data/column_names.h"
#include "core/data/label_faults.h"
#include "core/data/values.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr char kPath[] = "dataset";
constexpr Part kAll = {0, 1};

bool IsCategorical(const v1::ColumnSchema& column) {
  return column.kind() == v1::COLUMN_KIND_CATEGORICAL;
}
bool IsArray(const v1::ColumnSchema& column) { return !column.shape().empty(); }

// The only feature column, if it is an array.
std::optional<int> OnlyArray(const Table& table) {
  std::optional<int> only;
  for (int i = 0; i < table.columns(); ++i) {
    if (table.column(i).role() != v1::COLUMN_ROLE_FEATURE) continue;
    if (only || !IsArray(table.column(i))) return std::nullopt;
    only = i;
  }
  return only;
}

GatherKernel ArrayKernel(v1::DataType dtype) {
  const Kernels& kernels = ActiveKernels();
  switch (dtype) {
    case v1::DATA_TYPE_UINT8:
      return kernels.gather_u8;
    case v1::DATA_TYPE_INT8:
      return kernels.gather_i8;
    case v1::DATA_TYPE_UINT16:
      return kernels.gather_u16;
    case v1::DATA_TYPE_INT16:
      return kernels.gather_i16;
    case v1::DATA_TYPE_INT32:
      return kernels.gather_i32;
    case v1::DATA_TYPE_FLOAT32:
      return kernels.gather_f32;
    case v1::DATA_TYPE_FLOAT64:
      return kernels.gather_f64;
    case v1::DATA_TYPE_INT64:
    case v1::DATA_TYPE_UNSPECIFIED:
    case v1::DataType_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::DataType_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return nullptr;
}

// Calls put(i, e, value) for value e of row rows[i].
template <typename Put>
void ForEachValue(const ColumnView& view, std::span<const uint32_t> rows, Put put) {
  VisitDataType(view.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::byte* row = view.data + static_cast<int64_t>(rows[i]) * view.row_width *
                                             static_cast<int64_t>(sizeof(T));
      for (int64_t e = 0; e < view.size; ++e)
        put(static_cast<int64_t>(i), e, LoadValue<T>(row + e * static_cast<int64_t>(sizeof(T))));
    }
  });
}

}  // namespace

void CheckSampleWeights(const Table& table, const std::string& column, const std::string& path,
                        Violations& violations) {
  const auto index = table.FindColumn(column);
  if (!index) {
    violations.Add(path, UnknownName("column", column, ColumnNames(table.header())));
    return;
  }
  const v1::ColumnSchema& schema = table.column(*index);
  const double min = table.header().statistics(*index).min();
  if (schema.role() == v1::COLUMN_ROLE_LABEL || IsCategorical(schema) || IsArray(schema)) {
    violations.Add(
        path, fmt::format("column {} is {}; sample weights are one number per row", Quoted(column),
                          schema.role() == v1::COLUMN_ROLE_LABEL ? "a label"
                          : IsArray(schema)                      ? "an array"
                                                                 : "text"));
  } else if (schema.missing() > 0) {
    violations.Add(path,
                   fmt::format("column {} lacks a value in {}; all sample weights must be there",
                               Quoted(column), Counted(schema.missing(), "row")));
  } else if (min < 0) {
    violations.Add(path, fmt::format("column {} goes down to {}; sample weights must be >= 0",
                                     Quoted(column), min));
  }
}

void BoundRows::BindFeatures(const v1::PipelineState& state, Violations& violations) {
  const bool by_name = std::any_of(
      state.features().begin(), state.features().end(),
      [&](const auto& feature) { return table_->FindColumn(feature.column()).has_value(); });
  if (!by_name && BindElements(state)) return;
  const std::vector<std::string> names = ColumnNames(table_->header());
  int64_t output = 0;
  for (const v1::FeatureTransform& feature : state.features()) {
    if (const auto column = table_->FindColumn(feature.column())) {
      BindFeature(feature, *column, output, violations);
    } else {
      violations.Add(kPath, LacksColumn(feature.column(), names));
    }
    output += feature.width();
  }
}

bool BoundRows::BindElements(const v1::PipelineState& state) {
  const auto column = OnlyArray(*table_);
  if (!column || table_->View(*column).size != feature_width_) return false;
  const bool numbers = std::none_of(state.features().begin(), state.features().end(),
                                    [](const auto& feature) { return feature.has_one_hot(); });
  if (!numbers) return false;
  ColumnView view = table_->View(*column);
  int64_t output = 0;
  for (const v1::FeatureTransform& feature : state.features()) {
    view.data = table_->View(*column).Address(0, output);
    view.size = feature.width();
    if (feature.has_array()) {
      AddArray(view, feature.array(), table_->column(*column).missing() > 0, output);
    } else {
      AddNumeric(view, feature.numeric(), output);
    }
    output += feature.width();
  }
  return true;
}

void BoundRows::BindFeature(const v1::FeatureTransform& feature, int column, int64_t output,
                            Violations& violations) {
  const v1::ColumnSchema& schema = table_->column(column);
  const ColumnView& view = table_->View(column);
  if (view.size != (feature.has_array() ? feature.width() : 1)) {
    violations.Add(kPath, fmt::format("column {} has {} per row; the model was trained with {}",
                                      Quoted(schema.name()), Counted(view.size, "value"),
                                      feature.has_array() ? feature.width() : 1));
    return;
  }
  if (!feature.has_one_hot() && IsCategorical(schema)) {
    violations.Add(kPath, fmt::format("column {} holds text; the model was trained with numbers",
                                      Quoted(schema.name())));
    return;
  }
  switch (feature.kind_case()) {
    case v1::FeatureTransform::kNumeric:
      AddNumeric(view, feature.numeric(), output);
      break;
    case v1::FeatureTransform::kOneHot:
      one_hots_.push_back({view, output, static_cast<int32_t>(feature.width() - 1),
                           ValueIndex(schema, feature.one_hot().vocabulary())});
      break;
    case v1::FeatureTransform::kArray:
      AddArray(view, feature.array(), schema.missing() > 0, output);
      break;
    case v1::FeatureTransform::KIND_NOT_SET:
      break;
  }
}

void BoundRows::AddNumeric(const ColumnView& value, const v1::NumericTransform& numeric,
                           int64_t output) {
  const auto follows = [&](const NumericRun& run) {
    return run.output + run.view.size == output && run.view.dtype == value.dtype &&
           run.view.row_width == value.row_width &&
           run.view.Address(0, run.view.size) == value.data;
  };
  if (numeric_runs_.empty() || !follows(numeric_runs_.back())) {
    numeric_runs_.push_back({value, output, {}, {}, {}});
    numeric_runs_.back().view.size = 0;
  }
  NumericRun& run = numeric_runs_.back();
  ++run.view.size;
  run.fill.push_back(numeric.fill());
  run.mean.push_back(numeric.mean());
  run.stddev.push_back(numeric.stddev());
}

void BoundRows::AddArray(const ColumnView& view, const v1::ArrayTransform& array, bool missing,
                         int64_t output) {
  Array& bound = arrays_.emplace_back();
  bound.view = view;
  bound.output = output;
  bound.kernel = view.size == view.row_width ? ArrayKernel(view.dtype) : nullptr;
  if (!missing) return;
  bound.fill.assign(array.fill().begin(), array.fill().end());
  bound.fill.resize(static_cast<size_t>(view.size));
}

void BoundRows::BindTargets(const v1::TargetTransform& target, Violations& violations) {
  const std::vector<std::string> names = ColumnNames(table_->header());
  for (const std::string& name : target.columns()) {
    const auto column = table_->FindColumn(name);
    if (!column) {
      violations.Add(kPath, LacksColumn(name, names));
      continue;
    }
    const v1::ColumnSchema& schema = table_->column(*column);
    const ColumnView& view = table_->View(*column);
    if (target.has_classes()) {
      if (view.size != 1) {
        violations.Add(kPath, fmt::format("label column {} has {} values per row; the model was "
                                          "trained with classes, one per row",
                                          Quoted(name), view.size));
        continue;
      }
      classes_.emplace(schema, target.classes().label_names());
      CheckLabels(target.classes(), *column, violations);
    } else if (IsCategorical(schema)) {
      violations.Add(kPath,
                     fmt::format("label column {} holds text; the model was trained with numbers",
                                 Quoted(name)));
    }
    targets_.push_back(view);
    target_width_ += view.size;
  }
  const int standardized = target.regression().mean_size();
  if (violations.empty() && standardized > 0 && target_width_ != standardized) {
    violations.Add(kPath,
                   fmt::format("the labels are {} numbers per row; the model was trained with {}",
                               target_width_, standardized));
  }
}

void BoundRows::CheckLabels(const v1::ClassTarget& classes, int column,
                            Violations& violations) const {
  const ColumnView& view = table_->View(column);
  LabelFaults faults(classes.label_names());
  for (int64_t row = 0; row < table_->rows(); ++row) {
    if (classes_->Find(view.NumberAt(row)) < 0) faults.Add(row, table_->TextAt(column, row));
  }
  faults.Report(kPath, violations);
}

void BoundRows::BindSampleWeights(const std::string& column, Violations& violations) {
  CheckSampleWeights(*table_, column, kPath, violations);
  if (violations.empty()) sample_weights_ = table_->View(*table_->FindColumn(column));
}

bool BoundRows::IsOneArray() const {
  return arrays_.size() == 1 && arrays_[0].kernel != nullptr && arrays_[0].fill.empty() &&
         numeric_runs_.empty() && one_hots_.empty();
}

void BoundRows::Prefetch(std::span<const uint32_t> rows) const {
  const auto prefetch = [&](const ColumnView& view) {
    constexpr int64_t kLine = 64;
    const int64_t bytes = view.size * DataTypeSize(view.dtype);
    for (const uint32_t row : rows) {
      const std::byte* const begin = view.Address(row);
      for (int64_t i = 0; i < bytes; i += kLine) __builtin_prefetch(begin + i);
      if (bytes > 0) __builtin_prefetch(begin + bytes - 1);
    }
  };
  for (const Array& array : arrays_) prefetch(array.view);
  for (const NumericRun& run : numeric_runs_) prefetch(run.view);
  for (const OneHot& one_hot : one_hots_) prefetch(one_hot.view);
}

// A few rows at a time, so that what is fetched for later does not hold up what is read now.
void BoundRows::GatherFeatures(std::span<const uint32_t> rows, std::span<const uint32_t> next,
                               const Rescale& rescale, float* x) const {
  constexpr size_t kChunk = 8;
  const bool one_array = IsOneArray();
  for (size_t begin = 0; begin < rows.size(); begin += kChunk) {
    const size_t count = std::min(kChunk, rows.size() - begin);
    if (begin < next.size()) Prefetch(next.subspan(begin, std::min(count, next.size() - begin)));
    const std::span<const uint32_t> chunk = rows.subspan(begin, count);
    if (one_array) {
      GatherArrays(chunk, rescale, x);
    } else {
      GatherArrays(chunk, {}, x);
      GatherNumbers(chunk, x);
      GatherOneHots(chunk, x);
      if (rescale.scale != 1 || rescale.offset != 0) {
        ActiveKernels().affine({.rows = static_cast<int64_t>(count),
                                .cols = feature_width_,
                                .vector_size = 1,
                                .x = x,
                                .scale = &rescale.scale,
                                .offset = &rescale.offset,
                                .y = x},
                               kAll);
      }
    }
    x += static_cast<int64_t>(count) * feature_width_;
  }
}

void BoundRows::GatherArrays(std::span<const uint32_t> rows, const Rescale& rescale,
                             float* x) const {
  for (const Array& array : arrays_) {
    float* const out = x + array.output;
    if (array.kernel != nullptr) {
      array.kernel({static_cast<int64_t>(rows.size()), rows.data(), array.view.data,
                    array.view.size, out, feature_width_, rescale},
                   kAll);
    } else {
      ForEachValue(array.view, rows, [&](int64_t i, int64_t e, auto value) {
        out[i * feature_width_ + e] = static_cast<float>(value);
      });
    }
    if (array.fill.empty()) continue;
    for (int64_t i = 0; i < static_cast<int64_t>(rows.size()); ++i) {
      for (int64_t e = 0; e < array.view.size; ++e) {
        float& value = out[i * feature_width_ + e];
        if (std::isnan(value)) value = array.fill[static_cast<size_t>(e)];
      }
    }
  }
}

void BoundRows::GatherNumbers(std::span<const uint32_t> rows, float* x) const {
  for (const NumericRun& run : numeric_runs_) {
    float* const out = x + run.output;
    const double* const fill = run.fill.data();
    const double* const mean = run.mean.data();
    const double* const stddev = run.stddev.data();
    ForEachValue(run.view, rows, [&](int64_t i, int64_t e, auto value) {
      double number = static_cast<double>(value);
      if constexpr (std::is_floating_point_v<decltype(value)>) {
        if (std::isnan(number)) number = fill[e];
      }
      out[i * feature_width_ + e] = static_cast<float>((number - mean[e]) / stddev[e]);
    });
  }
}

void BoundRows::GatherOneHots(std::span<const uint32_t> rows, float* x) const {
  for (const OneHot& one_hot : one_hots_) {
    ForEachValue(one_hot.view, rows, [&](int64_t i, int64_t, auto value) {
      float* const out = x + i * feature_width_ + one_hot.output;
      const int32_t found = one_hot.index.Find(static_cast<double>(value));
      std::fill_n(out, one_hot.unknown + 1, 0.0F);
      out[found < 0 ? one_hot.unknown : found] = 1;
    });
  }
}

void BoundRows::GatherTargets(std::span<const uint32_t> rows, float* y) const {
  if (classes_) {
    ForEachValue(targets_[0], rows, [&](int64_t i, int64_t, auto value) {
      y[i] = static_cast<float>(classes_->Find(static_cast<double>(value)));
    });
    return;
  }
  for (const ColumnView& target : targets_) {
    ForEachValue(target, rows, [&](int64_t i, int64_t e, auto value) {
      y[i * target_width_ + e] = static_cast<float>(value);
    });
    y += target.size;
  }
}

void BoundRows::GatherSampleWeights(std::span<const uint32_t> rows, float* w) const {
  ForEachValue(*sample_weights_, rows,
               [&](int64_t i, int64_t, auto value) { w[i] = static_cast<float>(value); });
}

}  // namespace fitd
