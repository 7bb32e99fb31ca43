#include "core/data/pipeline.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "core/base/counted.h"
#include "core/base/names.h"
#include "core/base/violations.h"
#include "core/data/bound_rows.h"
#include "core/data/label_faults.h"
#include "core/data/value_index.h"
#include "core/data/values.h"
#include "core/tensor/shape.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr char kDatasetPath[] = "spec.dataset";
constexpr char kSampleWeightPath[] = "spec.training.sample_weight_column";

bool IsCategorical(const v1::ColumnSchema& column) {
  return column.kind() == v1::COLUMN_KIND_CATEGORICAL;
}

// Mean and population standard deviation of the values present. Sums are long double: squares of
// the largest doubles fit.
struct Figures {
  int64_t present = 0;
  double mean = 0;    // 0 if none is present.
  double stddev = 1;  // 1 if all are equal, or so near that kernels take the deviation for 0.
};

Figures Measure(const ColumnView& view, int64_t element, std::span<const uint32_t> rows) {
  Figures figures;
  long double sum = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -min;
  for (const uint32_t row : rows) {
    const double value = view.NumberAt(row, element);
    if (std::isnan(value)) continue;
    ++figures.present;
    sum += value;
    min = std::min(min, value);
    max = std::max(max, value);
  }
  if (figures.present == 0) return figures;
  const auto count = static_cast<long double>(figures.present);
  if (min == max) {
    figures.mean = min;
    return figures;
  }
  figures.mean = static_cast<double>(sum / count);
  long double squares = 0;
  for (const uint32_t row : rows) {
    const double value = view.NumberAt(row, element);
    if (std::isnan(value)) continue;
    const long double distance = static_cast<long double>(value) - figures.mean;
    squares += distance * distance;
  }
  const auto stddev = static_cast<double>(std::sqrt(squares / count));
  if (stddev >= std::numeric_limits<float>::min()) figures.stddev = stddev;
  return figures;
}

v1::FeatureTransform FitNumeric(const Table& table, int column, std::span<const uint32_t> rows,
                                bool standardize) {
  v1::FeatureTransform feature;
  const Figures figures = Measure(table.View(column), 0, rows);
  feature.set_width(1);
  feature.mutable_numeric()->set_fill(figures.mean);
  feature.mutable_numeric()->set_mean(standardize ? figures.mean : 0);
  feature.mutable_numeric()->set_stddev(standardize ? figures.stddev : 1);
  return feature;
}

// Adds the dictionary's words that occur in `rows`, in its order.
void AddWordsSeen(const Table& table, int column, std::span<const uint32_t> rows,
                  google::protobuf::RepeatedPtrField<std::string>& words) {
  const auto& dictionary = table.column(column).dictionary();
  std::vector<bool> seen(static_cast<size_t>(dictionary.size()) + 1);
  const ColumnView& view = table.View(column);
  for (const uint32_t row : rows) {
    const auto code = static_cast<size_t>(view.NumberAt(row));
    if (code < seen.size()) seen[code] = true;
  }
  for (int i = 0; i < dictionary.size(); ++i) {
    if (seen[static_cast<size_t>(i) + 1]) *words.Add() = dictionary[i];
  }
}

// All words of the data set, also those of rows held out: the width is then known before the rows
// are split, and a word that no training row has says as little as an unknown one.
v1::FeatureTransform FitOneHot(const Table& table, int column) {
  v1::FeatureTransform feature;
  auto& vocabulary = *feature.mutable_one_hot()->mutable_vocabulary();
  vocabulary = table.column(column).dictionary();
  feature.set_width(vocabulary.size() + 1);
  return feature;
}

v1::FeatureTransform FitArray(const Table& table, int column, std::span<const uint32_t> rows,
                              const PipelineOptions& options) {
  const v1::ColumnSchema& schema = table.column(column);
  v1::FeatureTransform feature;
  feature.set_width(ElementsPerRow(schema));
  v1::ArrayTransform& array = *feature.mutable_array();
  *array.mutable_shape() = schema.shape();
  array.set_dtype(schema.dtype());
  if (schema.missing() > 0) {
    for (int64_t e = 0; e < feature.width() && !options.cancelled(); ++e)
      array.add_fill(Measure(table.View(column), e, rows).mean);
  }
  return feature;
}

v1::FeatureTransform FitFeature(const Table& table, int column, std::span<const uint32_t> rows,
                                const PipelineOptions& options) {
  if (!table.column(column).shape().empty()) return FitArray(table, column, rows, options);
  if (IsCategorical(table.column(column))) return FitOneHot(table, column);
  return FitNumeric(table, column, rows, options.spec.standardize_features());
}

std::string JoinedNames(const Table& table, std::span<const int> columns) {
  std::string names;
  for (const int column : columns)
    names += (names.empty() ? "" : ", ") + Quoted(table.column(column).name());
  return names;
}

void FitClasses(const Table& table, std::span<const int> labels, std::span<const uint32_t> rows,
                int64_t outputs, v1::TargetTransform& target, Violations& violations) {
  if (labels.size() != 1 || ElementsPerRow(table.column(labels[0])) != 1) {
    violations.Add(
        kDatasetPath,
        fmt::format("classes come from one label column with one value per row; the labels are {}",
                    JoinedNames(table, labels)));
    return;
  }
  const int column = labels[0];
  const v1::ColumnSchema& schema = table.column(column);
  const int64_t classes = std::max<int64_t>(outputs, 2);
  auto& names = *target.mutable_classes()->mutable_label_names();
  if (IsCategorical(schema)) {
    AddWordsSeen(table, column, rows, names);
    if (names.size() > classes) {
      violations.Add(
          kDatasetPath,
          fmt::format(
              "column {} has {} different labels in the training rows; the model's {} {} for "
              "at most {}",
              Quoted(schema.name()), names.size(), outputs,
              outputs == 1 ? "output is" : "outputs are", classes));
      return;
    }
    // Outputs that no label stands for have a name too, one of their own that nobody takes for a
    // label.
    const std::set<std::string> taken(names.begin(), names.end());
    for (int64_t i = names.size(); names.size() < classes; ++i) {
      std::string name = fmt::format("(output {})", i + 1);
      if (!taken.contains(name)) *names.Add() = std::move(name);
    }
    return;
  }
  for (int64_t i = 0; i < classes; ++i) *names.Add() = std::to_string(i);
  const ValueIndex index(schema, names);
  const ColumnView& view = table.View(column);
  LabelFaults faults(names);
  for (const uint32_t row : rows) {
    if (index.Find(view.NumberAt(row)) < 0) faults.Add(row, table.TextAt(column, row));
  }
  faults.Report(kDatasetPath, violations);
}

void FitRegression(const Table& table, std::span<const int> labels, std::span<const uint32_t> rows,
                   const PipelineOptions& options, v1::TargetTransform& target,
                   Violations& violations) {
  v1::RegressionTarget& regression = *target.mutable_regression();
  int64_t width = 0;
  for (const int column : labels) {
    const v1::ColumnSchema& schema = table.column(column);
    width += ElementsPerRow(schema);
    if (IsCategorical(schema)) {
      violations.Add(
          kDatasetPath,
          fmt::format(
              "label column {} holds text, which this loss cannot measure; it needs numbers",
              Quoted(schema.name())));
    }
  }
  if (width != options.outputs) {
    violations.Add(kDatasetPath, fmt::format("the labels {} are {} per row; the model has {}",
                                             JoinedNames(table, labels), Counted(width, "number"),
                                             Counted(options.outputs, "output")));
  }
  if (!violations.empty() || !options.spec.standardize_targets()) return;
  for (const int column : labels) {
    for (int64_t e = 0; e < ElementsPerRow(table.column(column)); ++e) {
      const Figures figures = Measure(table.View(column), e, rows);
      regression.add_mean(figures.mean);
      regression.add_stddev(figures.stddev);
    }
  }
}

bool IsFinite(const google::protobuf::RepeatedField<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return std::isfinite(value); });
}

bool IsPositive(double stddev) { return std::isfinite(stddev) && stddev > 0; }

bool IsIncreasing(const google::protobuf::RepeatedPtrField<std::string>& words) {
  return std::adjacent_find(words.begin(), words.end(), std::greater_equal<>()) == words.end();
}

bool MakesSense(const v1::FeatureTransform& feature) {
  switch (feature.kind_case()) {
    case v1::FeatureTransform::kNumeric: {
      const v1::NumericTransform& numeric = feature.numeric();
      return feature.width() == 1 && std::isfinite(numeric.fill()) &&
             std::isfinite(numeric.mean()) && IsPositive(numeric.stddev());
    }
    case v1::FeatureTransform::kOneHot:
      return feature.width() == feature.one_hot().vocabulary_size() + 1 &&
             IsIncreasing(feature.one_hot().vocabulary());
    case v1::FeatureTransform::kArray: {
      const v1::ArrayTransform& array = feature.array();
      const auto& shape = array.shape();
      return std::all_of(shape.begin(), shape.end(), [](int64_t axis) { return axis >= 1; }) &&
             feature.width() == ElementCount(Axes(shape)) && DataTypeSize(array.dtype()) > 0 &&
             IsFinite(array.fill()) &&
             (array.fill().empty() || array.fill_size() == feature.width());
    }
    case v1::FeatureTransform::KIND_NOT_SET:
      break;
  }
  return false;
}

bool MakesSense(const v1::TargetTransform& target) {
  if (target.columns().empty()) return false;
  switch (target.kind_case()) {
    case v1::TargetTransform::kClasses:
      return target.columns_size() == 1 && target.classes().label_names_size() >= 2;
    case v1::TargetTransform::kRegression: {
      const v1::RegressionTarget& regression = target.regression();
      return regression.mean_size() == regression.stddev_size() && IsFinite(regression.mean()) &&
             std::all_of(regression.stddev().begin(), regression.stddev().end(), IsPositive);
    }
    case v1::TargetTransform::KIND_NOT_SET:
      break;
  }
  return false;
}

}  // namespace

int64_t FeatureWidth(const v1::TableHeader& header) {
  int64_t width = 0;
  for (const v1::ColumnSchema& column : header.columns()) {
    if (column.role() != v1::COLUMN_ROLE_FEATURE) continue;
    width += IsCategorical(column) ? column.dictionary_size() + 1 : ElementsPerRow(column);
  }
  return width;
}

absl::StatusOr<Pipeline> Pipeline::Fit(const Table& table, std::span<const uint32_t> rows,
                                       const PipelineOptions& options) {
  v1::PipelineState state;
  Violations violations;
  if (!options.sample_weight_column.empty()) {
    CheckSampleWeights(table, options.sample_weight_column, kSampleWeightPath, violations);
  }
  std::vector<int> labels;
  for (int column = 0; column < table.columns() && !options.cancelled(); ++column) {
    const v1::ColumnSchema& schema = table.column(column);
    if (schema.role() == v1::COLUMN_ROLE_LABEL) {
      labels.push_back(column);
      state.mutable_target()->add_columns(schema.name());
    } else if (schema.name() != options.sample_weight_column) {
      v1::FeatureTransform& feature = *state.add_features();
      feature = FitFeature(table, column, rows, options);
      feature.set_column(schema.name());
      state.set_feature_width(state.feature_width() + feature.width());
    }
  }
  if (options.cancelled()) return absl::CancelledError();
  if (state.features().empty()) {
    violations.Add(kSampleWeightPath, "is the only column that could be a feature");
  }
  switch (options.target) {
    case TargetKind::kClasses:
      FitClasses(table, labels, rows, options.outputs, *state.mutable_target(), violations);
      break;
    case TargetKind::kRegression:
      FitRegression(table, labels, rows, options, *state.mutable_target(), violations);
      break;
  }
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return Pipeline(std::move(state));
}

absl::StatusOr<Pipeline> Pipeline::Load(const v1::PipelineState& state) {
  int64_t width = 0;
  for (const v1::FeatureTransform& feature : state.features()) {
    if (!MakesSense(feature) || __builtin_add_overflow(width, feature.width(), &width)) {
      return DataLoss(fmt::format("the pipeline's transform of column {} makes no sense",
                                  Quoted(feature.column())));
    }
  }
  if (width < 1 || width != state.feature_width()) {
    return DataLoss(fmt::format("the pipeline's features are {} inputs; it says {}", width,
                                state.feature_width()));
  }
  if (!MakesSense(state.target())) return DataLoss("the pipeline's target makes no sense");
  return Pipeline(state);
}

absl::StatusOr<std::unique_ptr<RowSource>> Pipeline::Bind(
    std::shared_ptr<const Table> table, bool with_targets,
    const std::string& sample_weight_column) const {
  auto rows = std::make_unique<BoundRows>(std::move(table), state_.feature_width());
  Violations violations;
  rows->BindFeatures(state_, violations);
  if (with_targets) rows->BindTargets(state_.target(), violations);
  if (!sample_weight_column.empty()) rows->BindSampleWeights(sample_weight_column, violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  return rows;
}

Pipeline::Pipeline(v1::PipelineState state) : state_(std::move(state)) {}

}  // namespace fitd
