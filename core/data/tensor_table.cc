#include "core/data/tensor_table.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/counted.h"
#include "core/base/violations.h"
#include "core/data/column_statistics.h"
#include "core/data/narrowest_type.h"
#include "core/data/table_writer.h"
#include "core/data/tensor_reader.h"
#include "core/data/values.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr size_t kBufferedValues = 8192;

// What the first pass learns of a file.
struct Facts {
  TensorLayout layout;
  bool is_real = false;
  int64_t values = 0;
  int64_t missing = 0;  // NaNs.
  int64_t min = std::numeric_limits<int64_t>::max();
  int64_t max = std::numeric_limits<int64_t>::min();
  Moments moments;
  IntegerCounts integer_counts;  // Of labels.

  int64_t rows() const { return values / ElementCount(layout.row_shape); }
};

class Measurement {
 public:
  Measurement(const IngestSource& source, bool allow_missing)
      : source_(source),
        is_label_(source.spec.role() == v1::COLUMN_ROLE_LABEL),
        allow_missing_(allow_missing && !is_label_) {}

  absl::StatusOr<Facts> Take() {
    FITD_ASSIGN_OR_RETURN(TensorReader reader, TensorReader::Open(source_));
    facts_.layout = reader.layout();
    facts_.is_real = reader.is_real();
    std::vector<int64_t> integers(kBufferedValues);
    std::vector<double> reals(kBufferedValues);
    for (;;) {
      FITD_ASSIGN_OR_RETURN(const size_t count, facts_.is_real ? reader.Read(std::span(reals))
                                                               : reader.Read(std::span(integers)));
      if (count == 0) break;
      if (facts_.is_real) {
        AddReals({reals.data(), count});
      } else {
        AddIntegers({integers.data(), count}, {reals.data(), count});
      }
    }
    if (facts_.values == 0) return InvalidArgument(reader.file_name() + ": has no rows");
    FITD_RETURN_IF_ERROR(CheckFinite());
    return std::move(facts_);
  }

 private:
  void AddIntegers(std::span<const int64_t> integers, std::span<double> as_reals) {
    for (size_t i = 0; i < integers.size(); ++i) {
      facts_.min = std::min(facts_.min, integers[i]);
      facts_.max = std::max(facts_.max, integers[i]);
      as_reals[i] = static_cast<double>(integers[i]);
      if (is_label_) facts_.integer_counts.Add(integers[i]);
    }
    facts_.moments.Add(as_reals);
    facts_.values += static_cast<int64_t>(integers.size());
  }

  void AddReals(std::span<double> reals) {
    size_t kept = 0;
    for (const double value : reals) {
      const int64_t at = facts_.values++;
      const bool is_nan = std::isnan(value);
      // Beyond the largest float is infinite for us.
      if (is_nan ? !allow_missing_ : !std::isfinite(static_cast<float>(value))) {
        if (not_finite_++ == 0) first_not_finite_ = at;
      }
      if (is_nan) {
        ++facts_.missing;
      } else {
        reals[kept++] = value;
      }
    }
    facts_.moments.Add(reals.first(kept));
  }

  absl::Status CheckFinite() const {
    if (not_finite_ == 0) return absl::OkStatus();
    const int64_t values_per_row = ElementCount(facts_.layout.row_shape);
    return InvalidArgument(fmt::format(
        "{}: row {}, value {} is not a finite 32-bit float{}{}", source_.spec.file_name(),
        first_not_finite_ / values_per_row + 1, first_not_finite_ % values_per_row + 1,
        not_finite_ == 1 ? "" : fmt::format("; {} values are not", not_finite_),
        is_label_ || allow_missing_ ? "" : "; allow_missing takes NaN for missing"));
  }

  const IngestSource& source_;
  const bool is_label_;
  const bool allow_missing_;
  Facts facts_;
  int64_t not_finite_ = 0;
  int64_t first_not_finite_ = 0;
};

// Hands out a file's values row by row, converted to the stored type.
class RowCopier {
 public:
  explicit RowCopier(TensorReader reader)
      : reader_(std::move(reader)),
        values_per_row_(static_cast<size_t>(ElementCount(reader_.layout().row_shape))) {}

  absl::Status CopyRow(v1::DataType dtype, std::byte* slot) {
    return reader_.is_real() ? Copy(reals_, dtype, slot) : Copy(integers_, dtype, slot);
  }

 private:
  template <typename Source>
  absl::Status Copy(std::vector<Source>& buffer, v1::DataType dtype, std::byte* slot) {
    for (size_t done = 0; done < values_per_row_;) {
      if (next_ == buffer.size()) FITD_RETURN_IF_ERROR(Refill(buffer));
      const size_t take = std::min(values_per_row_ - done, buffer.size() - next_);
      VisitDataType(dtype, [&](auto zero) {
        using T = decltype(zero);
        for (size_t i = 0; i < take; ++i)
          StoreValue(static_cast<T>(buffer[next_ + i]), slot + (done + i) * sizeof(T));
      });
      done += take;
      next_ += take;
    }
    return absl::OkStatus();
  }

  template <typename Source>
  absl::Status Refill(std::vector<Source>& buffer) {
    buffer.resize(kBufferedValues);
    FITD_ASSIGN_OR_RETURN(const size_t count, reader_.Read(std::span(buffer)));
    if (count == 0) return Internal(reader_.file_name() + " changed while it was read");
    buffer.resize(count);
    next_ = 0;
    return absl::OkStatus();
  }

  TensorReader reader_;
  size_t values_per_row_;
  std::vector<int64_t> integers_;
  std::vector<double> reals_;
  size_t next_ = 0;  // Of the buffer in use.
};

void AddColumn(const Facts& facts, const std::string& name, v1::ColumnRole role,
               v1::TableHeader& header) {
  v1::ColumnSchema& schema = *header.add_columns();
  schema.set_name(name);
  schema.set_role(role);
  schema.set_kind(facts.is_real ? v1::COLUMN_KIND_REAL : v1::COLUMN_KIND_INTEGER);
  schema.set_dtype(facts.is_real ? v1::DATA_TYPE_FLOAT32 : NarrowestInteger(facts.min, facts.max));
  schema.set_missing(facts.missing);
  Shape shape = facts.layout.row_shape;
  // Features are an array even with one value per row, so that no pipeline touches them; one label
  // per row is a scalar.
  if (role == v1::COLUMN_ROLE_FEATURE && shape.empty()) shape = {1};
  if (role == v1::COLUMN_ROLE_LABEL && ElementCount(shape) == 1) shape.clear();
  schema.mutable_shape()->Assign(shape.begin(), shape.end());
  v1::ColumnStatistics& statistics = *header.add_statistics();
  statistics.set_column(name);
  statistics.set_missing(facts.missing);
  facts.moments.Write(statistics);
  if (role == v1::COLUMN_ROLE_LABEL && !facts.is_real) facts.integer_counts.Write(statistics);
}

}  // namespace

absl::StatusOr<IngestResult> IngestTensors(const IngestSource& features, const IngestSource& labels,
                                           const IngestOptions& options,
                                           const std::string& output_path) {
  Violations violations;
  const auto measure = [&](const IngestSource& source) {
    absl::StatusOr<Facts> facts = Measurement(source, options.allow_missing).Take();
    if (absl::IsInvalidArgument(facts.status())) violations.Add(facts.status());
    return facts;
  };
  absl::StatusOr<Facts> measured_features = measure(features);
  if (violations.empty()) FITD_RETURN_IF_ERROR(measured_features.status());
  absl::StatusOr<Facts> measured_labels = measure(labels);
  if (violations.empty()) FITD_RETURN_IF_ERROR(measured_labels.status());
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  const Facts feature_facts = *std::move(measured_features);
  const Facts label_facts = *std::move(measured_labels);
  if (feature_facts.rows() != label_facts.rows()) {
    return InvalidArgument(fmt::format(
        "{} has {}, {} has {}; there must be one label per row", features.spec.file_name(),
        Counted(feature_facts.rows(), "row"), labels.spec.file_name(), label_facts.rows()));
  }
  v1::TableHeader header;
  header.set_rows(feature_facts.rows());
  AddColumn(feature_facts, "features", v1::COLUMN_ROLE_FEATURE, header);
  AddColumn(label_facts, "labels", v1::COLUMN_ROLE_LABEL, header);

  FITD_ASSIGN_OR_RETURN(TableWriter writer, TableWriter::Create(output_path, std::move(header)));
  FITD_ASSIGN_OR_RETURN(TensorReader feature_reader, TensorReader::Open(features));
  FITD_ASSIGN_OR_RETURN(TensorReader label_reader, TensorReader::Open(labels));
  RowCopier feature_rows(std::move(feature_reader));
  RowCopier label_rows(std::move(label_reader));
  for (int64_t row = 0; row < writer.header().rows(); ++row) {
    FITD_RETURN_IF_ERROR(feature_rows.CopyRow(writer.header().columns(0).dtype(), writer.Slot(0)));
    FITD_RETURN_IF_ERROR(label_rows.CopyRow(writer.header().columns(1).dtype(), writer.Slot(1)));
    FITD_RETURN_IF_ERROR(writer.EndRow());
  }
  return writer.Finish();
}

}  // namespace fitd
