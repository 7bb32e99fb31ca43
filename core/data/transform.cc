// Pipeline::Transform: rows and tensors that came over the wire.

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/counted.h"
#include "core/base/names.h"
#include "core/base/violations.h"
#include "core/data/column_names.h"
#include "core/data/missing_values.h"
#include "core/data/number_text.h"
#include "core/data/pipeline.h"
#include "core/data/values.h"
#include "core/tensor/shape.h"
#include "fmt/format.h"
#include "fmt/ranges.h"

namespace fitd {
namespace {

float Standardized(double value, const v1::NumericTransform& numeric) {
  if (std::isnan(value)) value = numeric.fill();
  return static_cast<float>((value - numeric.mean()) / numeric.stddev());
}

// Writes the value of a numeric column, NaN when missing. What is wrong with it, or "".
std::string ReadNumber(const v1::Value& value, const MissingValues& missing, double* number) {
  *number = std::nan("");
  switch (value.kind_case()) {
    case v1::Value::kNumber:
      *number = value.number();
      return std::isinf(*number) ? "is infinite" : "";
    case v1::Value::kText:
      if (missing.Contains(value.text()) || ParseReal(value.text(), number) == RealText::kNumber)
        return "";
      return fmt::format("{} is not a number", Quoted(value.text()));
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return "";
}

// The value of a categorical column; none when missing.
std::optional<std::string> TextOf(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kNumber:
      return std::isnan(value.number()) ? std::nullopt
                                        : std::optional(FormatNumber(value.number()));
    case v1::Value::kText:
      return value.text();
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return std::nullopt;
}

// One column of the pipeline and where a batch's rows hold it.
struct NamedFeature {
  const v1::FeatureTransform* transform;
  int value;                                       // Index into Row.values.
  int64_t output;                                  // Of the first input that it fills.
  std::unordered_map<std::string, int64_t> words;  // Of a one-hot transform.
};

std::vector<NamedFeature> FindFeatures(const v1::PipelineState& state, const v1::RowBatch& batch,
                                       LimitedViolations& violations) {
  const std::vector<std::string> names(batch.columns().begin(), batch.columns().end());
  std::unordered_map<std::string, int> positions;
  for (int i = 0; i < batch.columns_size(); ++i) {
    if (positions.try_emplace(batch.columns(i), i).second) continue;
    violations.Add(fmt::format("rows.columns[{}]", i),
                   fmt::format("{} is there twice", Quoted(batch.columns(i))));
  }
  std::vector<NamedFeature> features;
  int64_t output = 0;
  for (const v1::FeatureTransform& transform : state.features()) {
    const auto found = positions.find(transform.column());
    if (transform.has_array()) {
      violations.Add(
          "rows",
          fmt::format("the model's input {} is an array of {} numbers per row; send a tensor",
                      Quoted(transform.column()), transform.width()));
    } else if (found == positions.end()) {
      violations.Add("rows.columns", LacksColumn(transform.column(), names));
    } else {
      NamedFeature& feature =
          features.emplace_back(NamedFeature{&transform, found->second, output, {}});
      for (const std::string& word : transform.one_hot().vocabulary()) {
        feature.words.emplace(word, static_cast<int64_t>(feature.words.size()));
      }
    }
    output += transform.width();
  }
  return features;
}

// Fills the inputs of one feature, which are 0. What is wrong with the value, or "".
std::string FillFeature(const NamedFeature& feature, const v1::Value& value,
                        const MissingValues& missing, float* x) {
  if (feature.transform->has_one_hot()) {
    const auto text = TextOf(value);
    const auto word = text ? feature.words.find(*text) : feature.words.end();
    x[word == feature.words.end() ? feature.transform->width() - 1 : word->second] = 1;
    return "";
  }
  double number;
  std::string fault = ReadNumber(value, missing, &number);
  if (!fault.empty()) return fault;
  *x = Standardized(number, feature.transform->numeric());
  return std::isfinite(*x) ? ""
                           : fmt::format("{} is out of the range of the model's inputs", number);
}

// A million axes would make a message of megabytes.
std::string ShortShapeText(const std::vector<int64_t>& shape) {
  constexpr size_t kMostAxes = 8;
  return shape.size() <= kMostAxes ? ShapeText(shape) : fmt::format("of {} axes", shape.size());
}

// Number of rows, once the shape is right.
std::optional<int64_t> RowsOf(const v1::PipelineState& state, const v1::Tensor& tensor,
                              Violations& violations) {
  const std::vector<int64_t> shape(tensor.shape().begin(), tensor.shape().end());
  const std::vector<int64_t> flat = {state.feature_width()};
  std::vector<int64_t> full = flat;
  if (state.features_size() == 1 && state.features(0).has_array()) {
    const auto& array = state.features(0).array().shape();
    full.assign(array.begin(), array.end());
  }
  const int64_t value_bytes = DataTypeSize(tensor.dtype());
  if (value_bytes == 0) violations.Add("tensor.dtype", "is required");
  const std::vector<int64_t> row(shape.empty() ? shape.begin() : shape.begin() + 1, shape.end());
  if (shape.empty() || shape[0] < 1 || (row != flat && row != full)) {
    std::string expected = fmt::format("[rows, {}]", state.feature_width());
    if (full != flat) expected += fmt::format(" or [rows, {}]", fmt::join(full, ", "));
    violations.Add("tensor.shape", fmt::format("is {}; expected {} with at least one row",
                                               ShortShapeText(shape), expected));
    return std::nullopt;
  }
  if (value_bytes == 0) return std::nullopt;
  const int64_t bytes = SaturatingMultiply(ElementCount(shape), value_bytes);
  if (bytes != static_cast<int64_t>(tensor.data().size())) {
    violations.Add(
        "tensor.data",
        fmt::format("has {} bytes; the shape {} and {} make {}", tensor.data().size(),
                    ShortShapeText(shape), v1::DataType_Name(tensor.dtype()),
                    bytes == kSaturated ? "more than fit in memory" : std::to_string(bytes)));
    return std::nullopt;
  }
  return shape[0];
}

}  // namespace

absl::StatusOr<std::vector<float>> Pipeline::Transform(const v1::RowBatch& batch) const {
  LimitedViolations violations;
  const std::vector<NamedFeature> features = FindFeatures(state_, batch, violations);
  if (batch.rows().empty()) violations.Add("rows.rows", "is empty");

  const MissingValues missing;
  std::vector<float> x(static_cast<size_t>(batch.rows_size()) *
                       static_cast<size_t>(state_.feature_width()));
  for (int r = 0; r < batch.rows_size() && !violations.full(); ++r) {
    const v1::Row& row = batch.rows(r);
    if (row.values_size() != batch.columns_size()) {
      violations.Add(fmt::format("rows.rows[{}].values", r),
                     fmt::format("has {} for {}", Counted(row.values_size(), "value"),
                                 Counted(batch.columns_size(), "column")));
      continue;
    }
    float* const out = x.data() + r * state_.feature_width();
    for (const NamedFeature& feature : features) {
      const std::string fault =
          FillFeature(feature, row.values(feature.value), missing, out + feature.output);
      if (!fault.empty())
        violations.Add(fmt::format("rows.rows[{}].values[{}]", r, feature.value), fault);
    }
  }
  if (!violations.empty()) return violations.ToStatus("rows");
  return x;
}

absl::StatusOr<std::vector<float>> Pipeline::Transform(const v1::Tensor& tensor) const {
  Violations violations;
  for (const v1::FeatureTransform& feature : state_.features()) {
    if (!feature.has_one_hot()) continue;
    violations.Add(
        "tensor",
        fmt::format("the model's column {} holds text, which a tensor cannot; send named rows",
                    Quoted(feature.column())));
  }
  const auto rows = RowsOf(state_, tensor, violations);
  FITD_RETURN_IF_ERROR(violations.ToStatus());

  std::vector<float> x(static_cast<size_t>(*rows * state_.feature_width()));
  int64_t faults = 0;
  int64_t first_fault = 0;
  VisitDataType(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const char* value = tensor.data().data();
    for (int64_t output = 0; output < static_cast<int64_t>(x.size());) {
      for (const v1::FeatureTransform& feature : state_.features()) {
        for (int64_t e = 0; e < feature.width(); ++e, ++output, value += sizeof(T)) {
          auto given = static_cast<double>(LoadValue<T>(value));
          if (std::isnan(given) && e < feature.array().fill_size())
            given = feature.array().fill(static_cast<int>(e));
          float& input = x[static_cast<size_t>(output)];
          input = feature.has_numeric() ? Standardized(given, feature.numeric())
                                        : static_cast<float>(given);
          if (std::isfinite(given) && std::isfinite(input)) continue;
          if (faults++ == 0) first_fault = output;
        }
      }
    }
  });
  if (faults > 0) {
    violations.Add(fmt::format("tensor.data[{}, {}]", first_fault / state_.feature_width(),
                               first_fault % state_.feature_width()),
                   faults == 1
                       ? "is not a finite 32-bit number"
                       : fmt::format("is not a finite 32-bit number; {} values are not", faults));
    return violations.ToStatus();
  }
  return x;
}

}  // namespace fitd
