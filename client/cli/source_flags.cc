#include "client/cli/source_flags.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <filesystem>

#include "client/names.h"
#include "client/reflection.h"
#include "client/status_macros.h"
#include "client/tensor_file.h"

namespace fitd::cli {
namespace {

absl::Status SetRaw(const SourceFlags& flags, const std::string& path, v1::RawSpec& raw) {
  const auto& types = *v1::DataType_descriptor();
  if (flags.dtype.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: a raw file needs --dtype, e.g. float32, and --row-shape", client::Quoted(path)));
  }
  const auto* type = client::FindEnumValue(types, flags.dtype);
  if (type == nullptr) {
    return absl::InvalidArgumentError(
        client::UnknownName("type", flags.dtype, client::EnumNames(types)));
  }
  raw.set_dtype(static_cast<v1::DataType>(type->number()));
  raw.mutable_row_shape()->Add(flags.row_shape.begin(), flags.row_shape.end());
  return absl::OkStatus();
}

}  // namespace

void AddSourceFlags(CLI::App& command, SourceFlags& flags) {
  constexpr char kReading[] = "Reading files";
  command.add_option("--format", flags.format, "csv, idx, npy or raw; default: by the file's name")
      ->group(kReading);
  command.add_option("--delimiter", flags.delimiter, "CSV: the character between fields")
      ->group(kReading);
  auto* header =
      command.add_flag("--header", flags.header, "CSV: the first line names the columns");
  auto* no_header = command.add_flag("--no-header", flags.no_header, "CSV: the first line is data");
  header->group(kReading)->excludes(no_header);
  no_header->group(kReading);
  command
      .add_option("--missing", flags.missing,
                  "CSV: a text that means \"no value\"; may be repeated")
      ->group(kReading);
  command.add_option("--dtype", flags.dtype, "Raw: type of the values, e.g. float32, uint8")
      ->group(kReading);
  command.add_option("--row-shape", flags.row_shape, "Raw: shape of one row, e.g. 28,28")
      ->delimiter(',')
      ->group(kReading);
}

absl::StatusOr<v1::SourceSpec> SourceFrom(const SourceFlags& flags, const std::string& path) {
  v1::SourceSpec source;
  source.set_file_name(std::filesystem::path(path).filename().string());
  v1::SourceSpec::FormatCase format = v1::SourceSpec::FORMAT_NOT_SET;
  if (flags.format.empty()) {
    FITD_ASSIGN_OR_RETURN(format, client::FormatOfFile(path));
  } else {
    FITD_ASSIGN_OR_RETURN(format, client::ParseFormat(flags.format));
  }
  switch (format) {
    case v1::SourceSpec::kCsv: {
      v1::CsvSpec& csv = *source.mutable_csv();
      const bool tabs = path.ends_with(".tsv") || path.ends_with(".tsv.gz");
      csv.set_delimiter(!flags.delimiter.empty() ? flags.delimiter : tabs ? "\t" : "");
      if (csv.delimiter() == "\\t") csv.set_delimiter("\t");
      if (flags.header) csv.set_header(true);
      if (flags.no_header) csv.set_header(false);
      csv.mutable_missing_values()->Add(flags.missing.begin(), flags.missing.end());
      break;
    }
    case v1::SourceSpec::kIdx:
      source.mutable_idx();
      break;
    case v1::SourceSpec::kNpy:
      source.mutable_npy();
      break;
    case v1::SourceSpec::kRaw:
      FITD_RETURN_IF_ERROR(SetRaw(flags, path, *source.mutable_raw()));
      break;
    case v1::SourceSpec::FORMAT_NOT_SET:
      break;
  }
  return source;
}

}  // namespace fitd::cli
