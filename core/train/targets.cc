#include "core/train/targets.h"

#include <fmt/format.h>

#include <string>

#include "core/base/names.h"
#include "core/data/table.h"
#include "core/metric/metric_factory.h"

namespace fitd {

std::vector<int> LabelColumns(const v1::TableHeader& header) {
  std::vector<int> columns;
  for (int i = 0; i < header.columns_size(); ++i) {
    if (header.columns(i).role() == v1::COLUMN_ROLE_LABEL) columns.push_back(i);
  }
  return columns;
}

int64_t LabelWidth(const v1::TableHeader& header) {
  int64_t width = 0;
  for (const int column : LabelColumns(header)) width += ElementsPerRow(header.columns(column));
  return width;
}

TargetKind TargetKindOf(const v1::LossSpec& loss, const v1::TableHeader& header) {
  const std::vector<int> labels = LabelColumns(header);
  const bool one_class_column = labels.size() == 1 &&
                                ElementsPerRow(header.columns(labels[0])) == 1 &&
                                header.columns(labels[0]).kind() != v1::COLUMN_KIND_REAL;
  return IsCrossentropy(loss) && one_class_column ? TargetKind::kClasses : TargetKind::kRegression;
}

void CheckMetricsOfNumbers(const google::protobuf::RepeatedPtrField<v1::MetricSpec>& metrics,
                           const v1::TableHeader& header, std::string_view path,
                           Violations& violations) {
  for (const int column : LabelColumns(header)) {
    if (column >= header.statistics_size() || !header.statistics(column).has_min()) continue;
    const v1::ColumnStatistics& labels = header.statistics(column);
    if (labels.min() >= 0 && labels.max() <= 1) continue;
    for (int i = 0; i < metrics.size(); ++i) {
      if (!ComparesClasses(metrics[i])) continue;
      violations.Add(
          IndexedPath(path, static_cast<size_t>(i)),
          fmt::format(
              "{} compares classes; the labels of column {} are numbers from {} to {}. Use "
              "mean_absolute_error, mean_squared_error, root_mean_squared_error or r2_score",
              Quoted(metrics[i].name()), Quoted(header.columns(column).name()), labels.min(),
              labels.max()));
    }
    return;
  }
}

bool IsCrossentropy(const v1::LossSpec& loss) {
  switch (loss.kind_case()) {
    case v1::LossSpec::kBinaryCrossentropy:
    case v1::LossSpec::kCategoricalCrossentropy:
    case v1::LossSpec::kSparseCategoricalCrossentropy:
      return true;
    case v1::LossSpec::kMeanSquaredError:
    case v1::LossSpec::kMeanAbsoluteError:
    case v1::LossSpec::kHuber:
    case v1::LossSpec::KIND_NOT_SET:
      return false;
  }
  return false;
}

bool FromLogits(const v1::LossSpec& loss) {
  switch (loss.kind_case()) {
    case v1::LossSpec::kBinaryCrossentropy:
      return loss.binary_crossentropy().from_logits();
    case v1::LossSpec::kCategoricalCrossentropy:
      return loss.categorical_crossentropy().from_logits();
    case v1::LossSpec::kSparseCategoricalCrossentropy:
      return loss.sparse_categorical_crossentropy().from_logits();
    case v1::LossSpec::kMeanSquaredError:
    case v1::LossSpec::kMeanAbsoluteError:
    case v1::LossSpec::kHuber:
    case v1::LossSpec::KIND_NOT_SET:
      return false;
  }
  return false;
}

}  // namespace fitd
