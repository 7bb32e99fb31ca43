#include "core/data/csv_table.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/names.h"
#include "core/base/utf8.h"
#include "core/base/violations.h"
#include "core/data/column_statistics.h"
#include "core/data/csv_reader.h"
#include "core/data/missing_values.h"
#include "core/data/narrowest_type.h"
#include "core/data/number_text.h"
#include "core/data/table_writer.h"
#include "core/data/values.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr size_t kMostColumns = 65536;
constexpr int64_t kMostRows = std::numeric_limits<uint32_t>::max();

// The different texts of a file's categorical columns may be this many and this long, together.
constexpr int64_t kMostTexts = 1'000'000;
constexpr int64_t kMostTextBytes = 64 << 20;

bool IsText(std::string_view text) {
  return IsValidUtf8(text) && text.find('\0') == std::string_view::npos;
}

absl::Status Fault(const std::string& where, const std::string& what) {
  Violations violations;
  violations.Add(where, what);
  return violations.ToStatus();
}

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using TextCounts = std::unordered_map<std::string, int64_t, TextHash, std::equal_to<>>;

// What is learned of a column in the first pass.
struct Column {
  std::string name;
  bool ignored = false;
  bool label = false;
  bool kind_is_fixed = false;                     // Declared, or known from an earlier pass.
  v1::ColumnKind kind = v1::COLUMN_KIND_INTEGER;  // The narrowest that fits all values so far.

  int64_t missing = 0;
  Moments moments;
  bool exact_in_float = true;
  int64_t min = 0, max = 0;      // While an integer.
  IntegerCounts integer_counts;  // Of labels.
  LimitedViolations not_finite;  // Values that read as numbers but are none; count if the column is
                                 // real.
  TextCounts texts;  // While categorical: how often each occurs; in the second pass: the codes.

  // Whether texts lacks those that read as numbers before the first that did not.
  bool texts_incomplete = false;
};

class CsvTable {
 public:
  explicit CsvTable(const IngestSource& source)
      : source_(source),
        csv_(source.spec.csv()),
        delimiter_(csv_.delimiter().empty() ? ',' : csv_.delimiter()[0]),
        missing_(csv_.missing_values().empty() ? MissingValues()
                                               : MissingValues({csv_.missing_values().begin(),
                                                                csv_.missing_values().end()})) {}

  absl::StatusOr<IngestResult> Ingest(const std::string& output_path) {
    FITD_RETURN_IF_ERROR(NameColumns());
    FITD_RETURN_IF_ERROR(Scan());
    if (faults_.empty() && std::any_of(columns_.begin(), columns_.end(), [](const Column& column) {
          return column.texts_incomplete;
        })) {
      ForgetAllButKinds();
      FITD_RETURN_IF_ERROR(Scan());
    }
    for (const Column& column : columns_) {
      if (column.kind == v1::COLUMN_KIND_REAL) faults_.Add(column.not_finite);
    }
    FITD_RETURN_IF_ERROR(faults_.ToStatus(file_name()));
    return Write(output_path);
  }

 private:
  const std::string& file_name() const { return source_.spec.file_name(); }
  std::string Path(std::string_view field) const { return ChildPath(source_.field, field); }

  // A reader at the first row of data.
  absl::StatusOr<CsvReader> OpenAtData() {
    FITD_ASSIGN_OR_RETURN(CsvReader reader, CsvReader::Open(source_.path, file_name(), delimiter_,
                                                            source_.cancelled));
    if (has_header_) FITD_RETURN_IF_ERROR(reader.Next().status());
    return reader;
  }

  absl::Status NameColumns() {
    FITD_ASSIGN_OR_RETURN(CsvReader reader, CsvReader::Open(source_.path, file_name(), delimiter_,
                                                            source_.cancelled));
    FITD_ASSIGN_OR_RETURN(const bool any, reader.Next());
    if (!any) return Fault(file_name(), "is empty; expected a line of column names, and rows");
    const std::span<const std::string_view> fields = reader.fields();
    if (fields.size() > kMostColumns) {
      return Fault(file_name(),
                   fmt::format("has {} columns; allowed: {} at most", fields.size(), kMostColumns));
    }
    has_header_ = csv_.has_header() ? csv_.header() : !AreNumbers(fields);
    columns_.resize(fields.size());
    std::map<std::string_view, size_t> seen;
    for (size_t i = 0; i < fields.size(); ++i) {
      std::string_view name = Trimmed(fields[i]);
      if (has_header_ && !IsText(name)) {
        faults_.Add(reader.Where(i),
                    fmt::format("the column name {} is not UTF-8 text", Quoted(name)));
        name = "";
      }
      // Spreadsheets and data frames often leave the name of their row numbers empty.
      columns_[i].name = has_header_ && !name.empty() ? std::string(name) : fmt::format("c{}", i);
      const auto [first, is_new] = seen.try_emplace(columns_[i].name, i);
      if (!is_new) {
        faults_.Add(reader.Where(i),
                    fmt::format("columns {} and {} are both named {}", first->second + 1, i + 1,
                                Quoted(columns_[i].name)));
      }
    }
    ApplySpec();
    return absl::OkStatus();
  }

  // A first line of numbers is data; a field without a value says nothing.
  bool AreNumbers(std::span<const std::string_view> fields) const {
    bool any = false;
    for (const std::string_view field : fields) {
      double ignored;
      if (missing_.Contains(field)) continue;
      if (ParseReal(field, &ignored) == RealText::kNotANumber) return false;
      any = true;
    }
    return any;
  }

  // What is wrong in it is told together with what is wrong in the rows.
  void ApplySpec() {
    std::vector<std::string> names;
    for (const Column& column : columns_) names.push_back(column.name);
    const auto find = [&](const std::string& given, const std::string& path) -> Column* {
      const auto found = std::find(names.begin(), names.end(), given);
      if (found != names.end()) return &columns_[static_cast<size_t>(found - names.begin())];
      if (given.starts_with('#')) {
        const auto position = ParseInteger(given.substr(1));
        if (position && *position >= 1 && *position <= static_cast<int64_t>(names.size())) {
          return &columns_[static_cast<size_t>(*position - 1)];
        }
        faults_.Add(path, fmt::format("{} is not a column of {}; it has #1 to #{}", Quoted(given),
                                      Quoted(file_name()), names.size()));
        return nullptr;
      }
      faults_.Add(path, UnknownName("column", given, names));
      return nullptr;
    };

    for (int i = 0; i < csv_.label_columns_size(); ++i) {
      const std::string path = Path(fmt::format("csv.label_columns[{}]", i));
      Column* column = find(csv_.label_columns(i), path);
      if (column == nullptr) continue;
      if (column->label) faults_.Add(path, Quoted(column->name) + " is given twice");
      column->label = true;
    }
    for (int i = 0; i < csv_.ignored_columns_size(); ++i) {
      const std::string path = Path(fmt::format("csv.ignored_columns[{}]", i));
      Column* column = find(csv_.ignored_columns(i), path);
      if (column == nullptr) continue;
      if (column->label)
        faults_.Add(path, fmt::format("{} is a label column too", Quoted(column->name)));
      column->ignored = true;
    }
    const std::map<std::string, v1::ColumnKind> kinds(csv_.column_kinds().begin(),
                                                      csv_.column_kinds().end());
    for (const auto& [name, kind] : kinds) {
      const std::string path = Path(fmt::format("csv.column_kinds[{}]", Quoted(name)));
      Column* column = find(name, path);
      if (column == nullptr) continue;
      if (column->kind_is_fixed) faults_.Add(path, Quoted(column->name) + " is given twice");
      column->kind = kind;
      column->kind_is_fixed = true;
    }
    if (faults_.empty() && std::all_of(columns_.begin(), columns_.end(),
                                       [](const Column& c) { return c.ignored || c.label; })) {
      faults_.Add(file_name(), "no column is left to be a feature");
    }
  }

  void ForgetAllButKinds() {
    for (Column& column : columns_) {
      Column kept;
      kept.name = std::move(column.name);
      kept.ignored = column.ignored;
      kept.label = column.label;
      kept.kind = column.kind;
      kept.kind_is_fixed = true;
      column = std::move(kept);
    }
    rows_ = 0;
    texts_ = 0;
    text_bytes_ = 0;
  }

  absl::Status Scan() {
    FITD_ASSIGN_OR_RETURN(CsvReader reader, OpenAtData());
    while (!faults_.full() && !too_many_texts_) {
      const absl::StatusOr<bool> more = reader.Next();
      if (more.ok() && !*more) break;
      if (++rows_ > kMostRows) {
        return Fault(file_name(), fmt::format("has more than {} rows, the limit", kMostRows));
      }
      const absl::Status status = more.ok() ? ScanRow(reader) : more.status();
      if (status.ok()) continue;
      if (!absl::IsInvalidArgument(status)) return status;
      faults_.Add(status);
      if (!reader.can_go_on()) break;
    }
    if (rows_ == 0) return Fault(file_name(), "has no rows below its header");
    return absl::OkStatus();
  }

  absl::Status ScanRow(const CsvReader& reader) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].ignored) continue;
      const absl::Status status = ScanValue(reader, i);
      if (status.ok()) continue;
      if (!absl::IsInvalidArgument(status)) return status;
      faults_.Add(status);
    }
    return absl::OkStatus();
  }

  absl::Status ScanValue(const CsvReader& reader, size_t index) {
    Column& column = columns_[index];
    const std::string_view text = reader.fields()[index];
    if (missing_.Contains(text)) {
      if (column.label) {
        return Fault(reader.Where(index),
                     fmt::format("row {} has no label in column {}", rows_, Quoted(column.name)));
      }
      ++column.missing;
      return absl::OkStatus();
    }
    if (column.kind == v1::COLUMN_KIND_INTEGER) {
      if (const auto value = ParseInteger(text)) {
        AddInteger(*value, column);
        return absl::OkStatus();
      }
      if (column.kind_is_fixed) return Misfit(reader, index, "is not a whole number of 64 bits");
      column.kind = v1::COLUMN_KIND_REAL;
    }
    if (column.kind == v1::COLUMN_KIND_REAL) {
      double value;
      switch (ParseReal(text, &value)) {
        case RealText::kNumber:
          AddReal(value, column);
          return absl::OkStatus();
        case RealText::kNotFinite:
          return AddNotFinite(Misfit(reader, index, "is not a finite number"), column);
        case RealText::kOutOfRange:
          return AddNotFinite(Misfit(reader, index, "is out of the range of a 64-bit float"),
                              column);
        case RealText::kNotANumber:
          break;
      }
      if (column.kind_is_fixed) return Misfit(reader, index, "is not a number");
      column.kind = v1::COLUMN_KIND_CATEGORICAL;
      column.texts_incomplete = column.moments.count() > 0 || !column.not_finite.empty();
    }
    return AddText(reader, index, text, column);
  }

  static void AddInteger(int64_t value, Column& column) {
    const bool first = column.moments.count() == 0;
    column.min = first ? value : std::min(column.min, value);
    column.max = first ? value : std::max(column.max, value);
    if (column.label) column.integer_counts.Add(value);
    AddReal(static_cast<double>(value), column);
  }

  static void AddReal(double value, Column& column) {
    column.moments.Add(value);
    column.exact_in_float = column.exact_in_float && IsExactFloat(value);
  }

  // A value that only a text column can hold: an error once the column is known to be real.
  static absl::Status AddNotFinite(const absl::Status& misfit, Column& column) {
    if (column.kind_is_fixed) return misfit;
    column.not_finite.Add(misfit);
    return absl::OkStatus();
  }

  absl::Status AddText(const CsvReader& reader, size_t index, std::string_view text,
                       Column& column) {
    if (const auto found = column.texts.find(text); found != column.texts.end()) {
      ++found->second;
      return absl::OkStatus();
    }
    if (!IsText(text)) return Misfit(reader, index, "is not UTF-8 text");
    text_bytes_ += static_cast<int64_t>(text.size());
    if (++texts_ > kMostTexts || text_bytes_ > kMostTextBytes) {
      too_many_texts_ = true;
      return Fault(reader.Where(index),
                   fmt::format("the text columns hold too many different values (the limit is {} "
                               "values, {} bytes, in all columns together); "
                               "leave out columns such as ids with ignored_columns",
                               kMostTexts, kMostTextBytes));
    }
    column.texts.emplace(text, 1);
    return absl::OkStatus();
  }

  absl::Status Misfit(const CsvReader& reader, size_t index, std::string_view what) const {
    return Fault(reader.Where(index), fmt::format("column {}: {} {}", Quoted(columns_[index].name),
                                                  Quoted(reader.fields()[index]), what));
  }

  v1::TableHeader MakeHeader() {
    v1::TableHeader header;
    header.set_rows(rows_);
    for (Column& column : columns_) {
      if (column.ignored) continue;
      v1::ColumnSchema& schema = *header.add_columns();
      schema.set_name(column.name);
      schema.set_role(column.label ? v1::COLUMN_ROLE_LABEL : v1::COLUMN_ROLE_FEATURE);
      schema.set_kind(column.kind);
      schema.set_missing(column.missing);
      v1::ColumnStatistics& statistics = *header.add_statistics();
      statistics.set_column(column.name);
      statistics.set_missing(column.missing);
      if (column.kind == v1::COLUMN_KIND_CATEGORICAL) {
        WriteDictionary(column, schema, statistics);
        continue;
      }
      column.moments.Write(statistics);
      if (column.kind == v1::COLUMN_KIND_INTEGER && column.label)
        column.integer_counts.Write(statistics);
      const bool as_integer = column.kind == v1::COLUMN_KIND_INTEGER && column.missing == 0;
      schema.set_dtype(as_integer ? NarrowestInteger(column.min, column.max)
                                  : NarrowestFloat(column.exact_in_float));
    }
    return header;
  }

  // Turns counts into codes on the way.
  static void WriteDictionary(Column& column, v1::ColumnSchema& schema,
                              v1::ColumnStatistics& statistics) {
    std::vector<std::pair<std::string, int64_t>> counts(column.texts.begin(), column.texts.end());
    std::sort(counts.begin(), counts.end());
    int64_t total = 0;
    for (const auto& [text, count] : counts) {
      schema.add_dictionary(text);
      column.texts[text] = schema.dictionary_size();
      total += count;
    }
    schema.set_dtype(NarrowestInteger(0, schema.dictionary_size()));
    statistics.set_count(total);
    statistics.set_distinct(schema.dictionary_size());
    WriteTopValues(counts, statistics);
  }

  absl::StatusOr<IngestResult> Write(const std::string& output_path) {
    FITD_ASSIGN_OR_RETURN(TableWriter writer, TableWriter::Create(output_path, MakeHeader()));
    FITD_ASSIGN_OR_RETURN(CsvReader reader, OpenAtData());
    for (int64_t row = 0; row < rows_; ++row) {
      FITD_ASSIGN_OR_RETURN(const bool more, reader.Next());
      if (!more) return Internal(fmt::format("{} changed while it was read", file_name()));
      int stored = 0;
      for (size_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i].ignored) continue;
        StoreText(reader.fields()[i], columns_[i], writer.header().columns(stored).dtype(),
                  writer.Slot(stored));
        ++stored;
      }
      FITD_RETURN_IF_ERROR(writer.EndRow());
    }
    return writer.Finish();
  }

  // The first pass has seen that the text fits.
  void StoreText(std::string_view text, const Column& column, v1::DataType dtype,
                 std::byte* slot) const {
    const bool missing = missing_.Contains(text);
    VisitDataType(dtype, [&](auto zero) {
      using T = decltype(zero);
      if constexpr (std::is_floating_point_v<T>) {
        double value = std::numeric_limits<double>::quiet_NaN();
        if (!missing) ParseReal(text, &value);
        StoreValue(static_cast<T>(value), slot);
      } else if (column.kind == v1::COLUMN_KIND_CATEGORICAL) {
        const auto code = missing ? column.texts.end() : column.texts.find(text);
        StoreValue(static_cast<T>(code == column.texts.end() ? 0 : code->second), slot);
      } else {
        StoreValue(static_cast<T>(ParseInteger(text).value_or(0)), slot);
      }
    });
  }

  const IngestSource& source_;
  const v1::CsvSpec& csv_;
  const char delimiter_;
  const MissingValues missing_;
  bool has_header_ = false;
  std::vector<Column> columns_;
  int64_t rows_ = 0;
  int64_t texts_ = 0;
  int64_t text_bytes_ = 0;
  bool too_many_texts_ = false;
  LimitedViolations faults_;
};

}  // namespace

absl::StatusOr<IngestResult> IngestCsv(const IngestSource& source, const std::string& output_path) {
  return CsvTable(source).Ingest(output_path);
}

}  // namespace fitd
