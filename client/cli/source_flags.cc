#include "client/cli/source_flags.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <array>
#include <filesystem>

#include "client/names.h"
#include "client/reflection.h"
#include "client/tensor_file.h"

namespace fitd::cli {
namespace {

void SetCsv(const SourceFlags& flags, const std::string& path, v1::CsvSpec& csv,
            FlagFaults& faults) {
  const bool tabs = path.ends_with(".tsv") || path.ends_with(".tsv.gz");
  const std::string given = flags.delimiter.value_or(tabs ? "tab" : ",");
  const std::string delimiter = given == "tab" || given == "\\t" ? "\t" : given;
  if (delimiter.size() != 1 || static_cast<signed char>(delimiter[0]) <= 0 ||
      std::string_view("\"\r\n").find(delimiter[0]) != std::string_view::npos) {
    faults.Add("--delimiter", fmt::format("is {}; allowed: tab, or one ASCII character other than "
                                          "a quote or a line end",
                                          client::Quoted(given)));
  } else if (delimiter != ",") {
    csv.set_delimiter(delimiter);
  }
  if (flags.header != flags.no_header) csv.set_header(flags.header);
  csv.mutable_missing_values()->Add(flags.missing.begin(), flags.missing.end());
}

void SetRaw(const SourceFlags& flags, const std::string& path, v1::RawSpec& raw,
            FlagFaults& faults) {
  if (flags.dtype.empty()) {
    faults.Add("--dtype", fmt::format("{}: a raw file needs --dtype, e.g. float32, and --row-shape",
                                      client::Quoted(path)));
  }
  const auto& types = *v1::DataType_descriptor();
  const auto* type = client::FindEnumValue(types, flags.dtype);
  if (type != nullptr) {
    raw.set_dtype(static_cast<v1::DataType>(type->number()));
  } else if (!flags.dtype.empty()) {
    faults.Add("--dtype", client::UnknownName("type", flags.dtype, client::EnumNames(types)));
  }
  for (const std::string& axis : flags.row_shape)
    faults.SetField("--row-shape", axis, "row_shape", raw);
}

v1::SourceSpec::FormatCase FormatFrom(const SourceFlags& flags, const std::string& path,
                                      FlagFaults& faults) {
  const auto format =
      flags.format.empty() ? client::FormatOfFile(path) : client::ParseFormat(flags.format);
  faults.Add("--format", format.status());
  return format.value_or(v1::SourceSpec::FORMAT_NOT_SET);
}

}  // namespace

void AddSourceFlags(CLI::App& command, SourceFlags& flags) {
  constexpr char kReading[] = "Reading files";
  command.add_option("--format", flags.format, "csv, idx, npy or raw; default: by the file's name")
      ->group(kReading);
  command
      .add_option("--delimiter", flags.delimiter,
                  "CSV: the character between fields, or tab; default: \",\"")
      ->group(kReading);
  command.add_flag("--header", flags.header, "CSV: the first line names the columns")
      ->group(kReading);
  command.add_flag("--no-header", flags.no_header, "CSV: the first line is data")->group(kReading);
  command
      .add_option("--missing", flags.missing,
                  "CSV: a text that means \"no value\"; may be repeated")
      ->group(kReading);
  command.add_option("--dtype", flags.dtype, "Raw: type of the values, e.g. float32, uint8")
      ->group(kReading);
  command.add_option("--row-shape", flags.row_shape, "Raw: shape of one row, e.g. 28,28")
      ->type_name("INT")
      ->delimiter(',')
      ->group(kReading);
}

void CheckSourceFlags(const SourceFlags& flags, std::span<const v1::SourceSpec> sources,
                      FlagFaults& faults) {
  const auto any = [&](v1::SourceSpec::FormatCase format) {
    return std::any_of(sources.begin(), sources.end(), [&](const v1::SourceSpec& source) {
      return source.format_case() == format;
    });
  };
  if (any(v1::SourceSpec::FORMAT_NOT_SET)) return;
  const auto check = [&](const char* flag, bool given, v1::SourceSpec::FormatCase format,
                         const char* what) {
    if (given && !any(format)) faults.Add(flag, what);
  };
  constexpr char kTable[] = "is for tables (CSV); there is none here";
  check("--delimiter", flags.delimiter.has_value(), v1::SourceSpec::kCsv, kTable);
  check("--header", flags.header, v1::SourceSpec::kCsv, kTable);
  check("--no-header", flags.no_header, v1::SourceSpec::kCsv, kTable);
  check("--missing", !flags.missing.empty(), v1::SourceSpec::kCsv, kTable);
  constexpr char kRaw[] = "is for raw files; there is none here";
  check("--dtype", !flags.dtype.empty(), v1::SourceSpec::kRaw, kRaw);
  check("--row-shape", !flags.row_shape.empty(), v1::SourceSpec::kRaw, kRaw);
}

bool CanRead(const FlagFaults& faults) {
  constexpr std::array kReading = {"FILE",     "ROWS",        "--features", "--labels",
                                   "--format", "--delimiter", "--dtype",    "--row-shape"};
  return std::none_of(kReading.begin(), kReading.end(),
                      [&](const char* flag) { return faults.Has(flag); });
}

v1::SourceSpec SourceFrom(const SourceFlags& flags, const std::string& path, FlagFaults& faults) {
  faults.Exclude("--header", flags.header, "--no-header", flags.no_header);
  v1::SourceSpec source;
  source.set_file_name(std::filesystem::path(path).filename().string());
  switch (FormatFrom(flags, path, faults)) {
    case v1::SourceSpec::kCsv:
      SetCsv(flags, path, *source.mutable_csv(), faults);
      break;
    case v1::SourceSpec::kIdx:
      source.mutable_idx();
      break;
    case v1::SourceSpec::kNpy:
      source.mutable_npy();
      break;
    case v1::SourceSpec::kRaw:
      SetRaw(flags, path, *source.mutable_raw(), faults);
      break;
    case v1::SourceSpec::FORMAT_NOT_SET:
      break;
  }
  return source;
}

}  // namespace fitd::cli
