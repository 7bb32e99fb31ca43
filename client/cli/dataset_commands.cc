#include "client/cli/dataset_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "absl/strings/ascii.h"
#include "client/cli/command.h"
#include "client/cli/flag_faults.h"
#include "client/cli/format.h"
#include "client/cli/progress_bar.h"
#include "client/cli/source_flags.h"
#include "client/cli/table.h"
#include "client/file_chunks.h"
#include "client/names.h"
#include "client/reflection.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

using client::Printable;

struct UploadFlags {
  std::string name;
  std::string file;
  std::string features;
  std::string labels;
  std::vector<std::string> label_columns;
  std::vector<std::string> ignored_columns;
  std::vector<std::string> kinds;
  bool allow_missing = false;
  SourceFlags source;
};

void SetColumnKinds(const std::vector<std::string>& kinds, v1::CsvSpec& csv, FlagFaults& faults) {
  const auto& known = *v1::ColumnKind_descriptor();
  for (const std::string& text : kinds) {
    const size_t equals = text.rfind('=');
    if (equals == std::string::npos) {
      faults.Add("--kind", fmt::format("{}: expected COLUMN=KIND", client::Quoted(text)));
      continue;
    }
    const auto* kind = client::FindEnumValue(known, text.substr(equals + 1));
    if (kind == nullptr) {
      faults.Add("--kind", client::UnknownName("column kind", text.substr(equals + 1),
                                               client::EnumNames(known)));
      continue;
    }
    const std::string column = text.substr(0, equals);
    const bool is_new = csv.mutable_column_kinds()
                            ->insert({column, static_cast<v1::ColumnKind>(kind->number())})
                            .second;
    if (!is_new) faults.Add("--kind", client::Quoted(column) + " is given twice");
  }
}

// Files are read twice, so that nothing is sent that the daemon has already.
void CheckReadable(std::string_view flag, const std::string& path, FlagFaults& faults) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (path == "-" || (std::filesystem::exists(status) && !std::filesystem::is_directory(status) &&
                      !std::filesystem::is_regular_file(status))) {
    faults.Add(flag, client::Quoted(path) + " is no regular file; an upload reads it twice");
    return;
  }
  faults.Add(flag, client::ForEachChunk(path, [](std::string_view) { return false; }));
}

void AddTable(const UploadFlags& flags, v1::UploadHeader& header, FlagFaults& faults) {
  CheckReadable("FILE", flags.file, faults);
  v1::SourceSpec& source = *header.add_sources();
  source = SourceFrom(flags.source, flags.file, faults);
  if (flags.allow_missing)
    faults.Add("--allow-missing", "is for tensors; in a table a field may always be empty");
  if (flags.label_columns.empty()) {
    faults.Add("--label", "which column is to be predicted? A name, or #3 for the third");
  }
  if (source.format_case() == v1::SourceSpec::FORMAT_NOT_SET) return;
  if (!source.has_csv()) {
    faults.Add("FILE",
               fmt::format("{} is not a table; upload tensors with --features {} --labels FILE",
                           client::Quoted(flags.file), flags.file));
  }
  v1::CsvSpec& csv = *source.mutable_csv();
  csv.mutable_label_columns()->Add(flags.label_columns.begin(), flags.label_columns.end());
  csv.mutable_ignored_columns()->Add(flags.ignored_columns.begin(), flags.ignored_columns.end());
  SetColumnKinds(flags.kinds, csv, faults);
}

void AddTensors(const UploadFlags& flags, v1::UploadHeader& header, FlagFaults& faults) {
  CheckReadable("--features", flags.features, faults);
  CheckReadable("--labels", flags.labels, faults);
  *header.add_sources() = SourceFrom(flags.source, flags.features, faults);
  *header.add_sources() = SourceFrom(flags.source, flags.labels, faults);
  for (int i = 0; i < header.sources_size(); ++i) {
    if (!header.sources(i).has_csv()) continue;
    faults.Add(i == 0 ? "--features" : "--labels",
               fmt::format("{} is a table, which is uploaded with its labels in it: FILE --label "
                           "COLUMN",
                           client::Quoted(i == 0 ? flags.features : flags.labels)));
    header.mutable_sources(i)->clear_format();
  }
  header.mutable_sources(0)->set_role(v1::COLUMN_ROLE_FEATURE);
  header.mutable_sources(1)->set_role(v1::COLUMN_ROLE_LABEL);
  constexpr char kTable[] = "is for tables; these are tensors";
  if (!flags.label_columns.empty()) faults.Add("--label", kTable);
  if (!flags.ignored_columns.empty()) faults.Add("--ignore", kTable);
  if (!flags.kinds.empty()) faults.Add("--kind", kTable);
  // A raw labels file holds one value per row, whatever the shape of the features.
  if (header.sources(1).has_raw()) header.mutable_sources(1)->mutable_raw()->clear_row_shape();
}

// The header of the upload, and the files in the order of its sources; none if they cannot be read
// as the options say.
v1::UploadHeader HeaderFrom(const UploadFlags& flags, std::vector<std::string>& paths,
                            FlagFaults& faults) {
  v1::UploadHeader header;
  header.set_name(flags.name);
  header.set_allow_missing(flags.allow_missing);
  const bool tensors = !flags.features.empty() || !flags.labels.empty();
  if (!flags.file.empty() && tensors) {
    faults.Add("FILE", "give either a table (FILE --label COLUMN) or --features and --labels");
  } else if (!flags.file.empty()) {
    AddTable(flags, header, faults);
    paths = {flags.file};
  } else if (!flags.features.empty() && !flags.labels.empty()) {
    AddTensors(flags, header, faults);
    paths = {flags.features, flags.labels};
  } else {
    faults.Add("FILE",
               "what is to be uploaded? Give FILE --label COLUMN, or --features and --labels");
  }
  if (!CanRead(faults)) paths.clear();
  const std::vector<v1::SourceSpec> sources(header.sources().begin(), header.sources().end());
  CheckSourceFlags(flags.source, sources, faults);
  const bool known = std::all_of(sources.begin(), sources.end(), [](const auto& source) {
    return source.format_case() != v1::SourceSpec::FORMAT_NOT_SET;
  });
  if (!known) header.clear_sources();
  return header;
}

std::string DatasetText(const v1::Dataset& dataset) {
  return fmt::format("Data set {}: {}, {}, {}\n", Printable(dataset.name()),
                     FormatCounted(dataset.rows(), "row"),
                     FormatCounted(dataset.columns_size(), "column"), FormatBytes(dataset.bytes()));
}

// Names that read as numbers are seldom meant, and the first row is lost then.
std::string NumbersAsNames(const v1::Dataset& dataset, const UploadFlags& flags) {
  if (flags.file.empty() || flags.source.header) return "";
  for (const v1::ColumnSchema& column : dataset.columns()) {
    if (!client::IsNumber(column.name())) continue;
    return fmt::format(
        "fitctl: note: the first line was taken for the names of the columns, though {} is a "
        "number. --no-header takes it for data\n",
        client::Quoted(column.name()));
  }
  return "";
}

// A single typing error makes words of a column of numbers, which a user should hear of. Nothing
// about columns whose kind was given.
std::string WordsAmongNumbers(const v1::Dataset& dataset, const v1::UploadHeader& header) {
  std::string notes;
  for (const v1::ColumnSchema& column : dataset.columns()) {
    const bool asked = std::any_of(header.sources().begin(), header.sources().end(),
                                   [&](const v1::SourceSpec& source) {
                                     return source.csv().column_kinds().contains(column.name());
                                   });
    if (asked || column.kind() != v1::COLUMN_KIND_CATEGORICAL) continue;
    std::vector<std::string> words;
    for (const std::string& word : column.dictionary())
      if (!client::IsNumber(word)) words.push_back(word);
    const size_t numbers = static_cast<size_t>(column.dictionary_size()) - words.size();
    if (numbers <= words.size()) continue;
    notes += fmt::format(
        "fitctl: note: column {0} is taken for words: most of its values are numbers{1}. --kind "
        "{2}=real takes it for numbers and names the lines that hold none\n",
        client::Quoted(column.name()),
        words.empty() ? "" : ", but not " + client::Quoted(words.front()),
        Printable(column.name()));
  }
  return notes;
}

// To whoever looks at them they are the same.
std::string WordsApartByBlanks(const v1::Dataset& dataset) {
  std::string notes;
  for (const v1::ColumnSchema& column : dataset.columns()) {
    std::map<absl::string_view, const std::string*> trimmed;
    for (const std::string& word : column.dictionary()) {
      const auto [first, is_new] = trimmed.emplace(absl::StripAsciiWhitespace(word), &word);
      if (is_new) continue;
      notes += fmt::format(
          "fitctl: note: column {}: {} and {} are two values, for the blanks around one of them\n",
          client::Quoted(column.name()), client::Quoted(*first->second), client::Quoted(word));
      break;
    }
  }
  return notes;
}

absl::Status Upload(Cli& cli, const UploadFlags& flags, FlagFaults& faults) {
  std::vector<std::string> paths;
  v1::UploadHeader header = HeaderFrom(flags, paths, faults);
  header.set_validate_only(!faults.empty());
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  const bool bar = cli.env.terminal.interactive && cli.output == OutputFormat::kTable;
  const absl::StatusOr<v1::UploadDatasetResponse> response =
      client->UploadDataset(header, paths, [&](int64_t sent, int64_t total) {
        constexpr int kBarWidth = 24;
        if (!bar) return;
        cli.env.out << kEraseLine << "Uploading "
                    << ProgressBar(static_cast<double>(sent) / static_cast<double>(total),
                                   kBarWidth, cli.env.terminal)
                    << " " << FormatBytes(sent) << " of " << FormatBytes(total) << std::flush;
      });
  if (bar) cli.env.out << kEraseLine;
  if (!faults.empty() || !response.ok())
    return faults.With(response.status(), header.sources().empty() ? "header.sources" : "");
  cli.Print(response->dataset(), [&] { return DatasetText(response->dataset()); });
  cli.env.err << NumbersAsNames(response->dataset(), flags)
              << WordsAmongNumbers(response->dataset(), header)
              << WordsApartByBlanks(response->dataset());
  return absl::OkStatus();
}

struct NoFlags {};

absl::Status List(Cli& cli, const NoFlags& /*flags*/) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(
      const auto all, (AllPages<v1::ListDatasetsResponse, v1::ListDatasetsRequest>(
                          {}, [&](const auto& request) { return client->ListDatasets(request); })));
  cli.PrintList(all, all.datasets(), [&] {
    Table table({"name", "rows", "columns", "size", "created"});
    for (const v1::Dataset& dataset : all.datasets()) {
      table.AddRow({dataset.name(), FormatCount(dataset.rows()),
                    FormatCount(dataset.columns_size()), FormatBytes(dataset.bytes()),
                    FormatTime(dataset.create_time())});
    }
    return table.empty() ? "No data sets. Upload one with: fitctl dataset upload\n"
                         : table.ToString();
  });
  return absl::OkStatus();
}

struct NameFlags {
  std::string name;
  std::optional<std::string> rows;
};

absl::StatusOr<v1::PreviewDatasetResponse> Preview(Cli& cli, const NameFlags& flags,
                                                   FlagFaults& faults) {
  v1::PreviewDatasetRequest request;
  request.set_name(flags.name);
  faults.SetField("--rows", flags.rows, "rows", request);
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  if (!faults.empty()) return faults.With(client->PreviewDataset(request).status());
  return client->PreviewDataset(request);
}

std::string EnumText(const google::protobuf::EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  return value == nullptr ? "unknown" : client::ShortName(*value);
}

std::string ShowText(const v1::PreviewDatasetResponse& preview) {
  const auto number = [](bool has, double value, bool whole = false) {
    return !has ? "-" : whole ? fmt::format("{:.0f}", value) : FormatNumber(value);
  };
  Table table({"column", "role", "kind", "type", "shape", "missing", "min", "max", "mean", "stddev",
               "most frequent"});
  for (int i = 0; i < preview.dataset().columns_size(); ++i) {
    const v1::ColumnSchema& column = preview.dataset().columns(i);
    const v1::ColumnStatistics statistics =
        i < preview.statistics_size() ? preview.statistics(i) : v1::ColumnStatistics();
    const bool whole = column.kind() == v1::COLUMN_KIND_INTEGER;
    constexpr int kMostValues = 3;
    std::vector<std::string> values;
    for (const v1::ValueCount& value : statistics.top_values()) {
      if (values.size() == kMostValues) break;
      values.push_back(
          fmt::format("{} ({})", client::Shortened(value.value(), 16), FormatCount(value.count())));
    }
    std::string frequent = fmt::format("{}", fmt::join(values, ", "));
    if (statistics.distinct() > static_cast<int64_t>(values.size())) {
      frequent += fmt::format(", {} values in all", FormatCount(statistics.distinct()));
    }
    table.AddRow({column.name(), EnumText(*v1::ColumnRole_descriptor(), column.role()),
                  EnumText(*v1::ColumnKind_descriptor(), column.kind()),
                  EnumText(*v1::DataType_descriptor(), column.dtype()), FormatShape(column.shape()),
                  FormatCount(column.missing()),
                  number(statistics.has_min(), statistics.min(), whole),
                  number(statistics.has_max(), statistics.max(), whole),
                  number(statistics.has_mean(), statistics.mean()),
                  number(statistics.has_stddev(), statistics.stddev()), frequent});
  }
  Table facts;
  facts.AddRow({"uploaded", FormatTime(preview.dataset().create_time())});
  facts.AddRow({"model inputs", FormatCount(preview.dataset().feature_width())});
  facts.AddRow({"sha256", preview.dataset().sha256()});
  return DatasetText(preview.dataset()) + "\n" + facts.ToString("  ") + "\n" + table.ToString("  ");
}

absl::Status Show(Cli& cli, const NameFlags& flags, FlagFaults& faults) {
  FITD_ASSIGN_OR_RETURN(const v1::PreviewDatasetResponse preview, Preview(cli, flags, faults));
  cli.Print(preview, [&] { return ShowText(preview); });
  return absl::OkStatus();
}

absl::Status Head(Cli& cli, const NameFlags& flags, FlagFaults& faults) {
  FITD_ASSIGN_OR_RETURN(const v1::PreviewDatasetResponse preview, Preview(cli, flags, faults));
  cli.Print(preview, [&] {
    constexpr size_t kWidestCell = 48;
    std::vector<std::string> header;
    for (const v1::ColumnSchema& column : preview.dataset().columns())
      header.push_back(column.name());
    Table table(header);
    for (const v1::PreviewRow& row : preview.rows()) {
      std::vector<std::string> cells;
      for (const std::string& value : row.values())
        cells.push_back(client::Shortened(value, kWidestCell));
      table.AddRow(cells);
    }
    return table.ToString();
  });
  return absl::OkStatus();
}

absl::Status Delete(Cli& cli, const NameFlags& flags) {
  v1::DeleteDatasetRequest request;
  request.set_name(flags.name);
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::DeleteDatasetResponse response, client->DeleteDataset(request));
  cli.Print(response, [&] { return fmt::format("Deleted data set {}\n", flags.name); });
  return absl::OkStatus();
}

void AddUploadCommand(CLI::App& group, Cli& cli) {
  auto [command, flags] = AddCommand<UploadFlags>(
      group, cli, "upload", "Upload a data set: a table, or a file of features and one of labels",
      "  fitctl dataset upload iris iris.csv --label species\n"
      "  fitctl dataset upload prices houses.csv --label price --ignore id --kind zip=categorical "
      "--missing unknown\n"
      "  fitctl dataset upload mnist --features train-images-idx3-ubyte.gz --labels "
      "train-labels-idx1-ubyte.gz\n"
      "  fitctl dataset upload signals --features x.raw --labels y.npy --dtype float32 --row-shape "
      "128",
      Upload);
  AddArgument(*command, "NAME", flags->name, "The data set's name: a-z, 0-9, '.', '_', '-'")
      ->required();
  AddArgument(*command, "FILE", flags->file, "A table: CSV, perhaps gzipped");
  command->add_option("--label", flags->label_columns,
                      "Table: the column to predict; a name, or #3; may be repeated");
  command->add_option("--ignore", flags->ignored_columns, "Table: columns to leave out")
      ->delimiter(',');
  command
      ->add_option("--kind", flags->kinds,
                   "Table: COLUMN=integer, real or categorical, against the guess")
      ->delimiter(',');
  command->add_option("--features", flags->features,
                      "Tensors: the file of inputs; IDX, NPY or raw, perhaps gzipped");
  command->add_option("--labels", flags->labels, "Tensors: the file of targets");
  command->add_flag("--allow-missing", flags->allow_missing,
                    "Tensors: take NaN as a missing value");
  AddSourceFlags(*command, flags->source);
}

}  // namespace

void AddDatasetCommands(CLI::App& fitctl, Cli& cli) {
  CLI::App* group =
      AddGroup(fitctl, "dataset", "Upload data sets and look at them",
               "  fitctl dataset upload iris iris.csv --label species\n  fitctl dataset head "
               "iris");
  AddUploadCommand(*group, cli);
  AddCommand<NoFlags>(*group, cli, "list", "List the data sets",
                      "  fitctl dataset list\n"
                      "  fitctl dataset list --output jsonl",
                      List);
  {
    auto [command, flags] =
        AddCommand<NameFlags>(*group, cli, "show", "Show a data set's columns and their statistics",
                              "  fitctl dataset show iris", Show);
    AddArgument(*command, "NAME", flags->name, "The data set's name")->required();
  }
  {
    auto [command, flags] = AddCommand<NameFlags>(*group, cli, "head", "Show the first rows",
                                                  "  fitctl dataset head iris\n"
                                                  "  fitctl dataset head iris -n 20",
                                                  Head);
    AddArgument(*command, "NAME", flags->name, "The data set's name")->required();
    command->add_option("-n,--rows", flags->rows, "How many rows, 1 to 100; default: 5")
        ->type_name("INT");
  }
  {
    auto [command, flags] = AddCommand<NameFlags>(*group, cli, "delete", "Delete a data set",
                                                  "  fitctl dataset delete iris", Delete);
    AddArgument(*command, "NAME", flags->name, "The data set's name")->required();
  }
}

}  // namespace fitd::cli
