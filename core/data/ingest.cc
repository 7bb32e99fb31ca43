#include "core/data/ingest.h"

#include <algorithm>

#include "core/base/names.h"
#include "core/base/utf8.h"
#include "core/base/violations.h"
#include "core/data/csv_table.h"
#include "core/data/table.h"
#include "core/data/tensor_reader.h"
#include "core/data/tensor_table.h"
#include "core/data/values.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr size_t kMaxFileNameBytes = 255;

void ValidateCsv(const v1::CsvSpec& csv, const std::string& path, Violations& violations) {
  if (!csv.delimiter().empty()) {
    const char first = csv.delimiter()[0];
    const bool allowed =
        csv.delimiter().size() == 1 && first > 0 && first != '"' && first != '\r' && first != '\n';
    if (!allowed) {
      violations.Add(ChildPath(path, "delimiter"),
                     fmt::format("is {}; allowed: one ASCII character other than a quote or a line "
                                 "end",
                                 Quoted(csv.delimiter())));
    }
  }
  for (const auto& [name, kind] : csv.column_kinds()) {
    if (kind != v1::COLUMN_KIND_INTEGER && kind != v1::COLUMN_KIND_REAL &&
        kind != v1::COLUMN_KIND_CATEGORICAL) {
      violations.Add(
          fmt::format("{}.column_kinds[{}]", path, name),
          fmt::format(
              "is {}; allowed: COLUMN_KIND_INTEGER, COLUMN_KIND_REAL, COLUMN_KIND_CATEGORICAL",
              static_cast<int>(kind)));
    }
  }
}

void ValidateRaw(const v1::RawSpec& raw, const std::string& path, Violations& violations) {
  if (DataTypeSize(raw.dtype()) == 0) violations.Add(ChildPath(path, "dtype"), "is required");
  if (const absl::Status status = CheckRowShape(Axes(raw.row_shape())); !status.ok()) {
    violations.Add(ChildPath(path, "row_shape"), Message(status));
  }
}

bool IsTensor(const v1::SourceSpec& source) {
  return source.format_case() != v1::SourceSpec::kCsv &&
         source.format_case() != v1::SourceSpec::FORMAT_NOT_SET;
}

void ValidateSource(const v1::SourceSpec& source, const std::string& path, Violations& violations) {
  if (source.file_name().empty() || source.file_name().size() > kMaxFileNameBytes ||
      !IsValidUtf8(source.file_name())) {
    violations.Add(ChildPath(path, "file_name"),
                   fmt::format("allowed: 1 to {} bytes of UTF-8", kMaxFileNameBytes));
  }
  switch (source.format_case()) {
    case v1::SourceSpec::kCsv:
      ValidateCsv(source.csv(), ChildPath(path, "csv"), violations);
      break;
    case v1::SourceSpec::kRaw:
      ValidateRaw(source.raw(), ChildPath(path, "raw"), violations);
      break;
    case v1::SourceSpec::kIdx:
    case v1::SourceSpec::kNpy:
      break;
    case v1::SourceSpec::FORMAT_NOT_SET:
      violations.Add(path, "has no format; allowed: csv, idx, npy, raw");
      break;
  }
  if (source.format_case() == v1::SourceSpec::kCsv &&
      source.role() != v1::COLUMN_ROLE_UNSPECIFIED) {
    violations.Add(ChildPath(path, "role"),
                   "is not for csv, whose labels are named by csv.label_columns");
  }
  if (IsTensor(source) && source.role() != v1::COLUMN_ROLE_FEATURE &&
      source.role() != v1::COLUMN_ROLE_LABEL) {
    violations.Add(ChildPath(path, "role"),
                   "is required; allowed: COLUMN_ROLE_FEATURE, COLUMN_ROLE_LABEL");
  }
}

bool IsPair(std::span<const v1::SourceSpec> sources) {
  return sources.size() == 2 && IsTensor(sources[0]) && IsTensor(sources[1]) &&
         sources[0].role() != sources[1].role();
}

}  // namespace

absl::Status ValidateSources(std::span<const v1::SourceSpec> sources, std::string_view path) {
  Violations violations;
  const size_t checked = std::min<size_t>(sources.size(), 2);
  for (size_t i = 0; i < checked; ++i) ValidateSource(sources[i], IndexedPath(path, i), violations);
  const bool single = sources.size() == 1 && sources[0].format_case() == v1::SourceSpec::kCsv;
  if (violations.empty() && !single && !IsPair(sources)) {
    violations.Add(
        std::string(path),
        "allowed: one csv source, or one source of features and one of labels in other formats");
  }
  return violations.ToStatus();
}

absl::Status ValidateLabels(std::span<const v1::SourceSpec> sources, std::string_view path) {
  Violations violations;
  for (size_t i = 0; i < sources.size(); ++i) {
    if (!sources[i].has_csv() || !sources[i].csv().label_columns().empty()) continue;
    violations.Add(ChildPath(IndexedPath(path, i), "csv.label_columns"),
                   "is empty; name at least one column to predict");
  }
  return violations.ToStatus();
}

absl::StatusOr<IngestResult> Ingest(std::span<const IngestSource> sources,
                                    const IngestOptions& options, const std::string& output_path) {
  std::vector<v1::SourceSpec> specs;
  for (const IngestSource& source : sources) specs.push_back(source.spec);
  FITD_RETURN_IF_ERROR(ValidateSources(specs, "sources"));
  if (sources.size() == 1) return IngestCsv(sources[0], output_path);
  const size_t features = sources[0].spec.role() == v1::COLUMN_ROLE_FEATURE ? 0 : 1;
  return IngestTensors(sources[features], sources[1 - features], options, output_path);
}

}  // namespace fitd
