#include "client/cli/model_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "client/cli/command.h"
#include "client/cli/flag_faults.h"
#include "client/cli/follow_job.h"
#include "client/cli/format.h"
#include "client/cli/table.h"
#include "client/cli/training_facts.h"
#include "client/names.h"
#include "client/spec_text.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

using client::Printable;
using client::Quoted;

// Keras's summary.
std::string Summary(const v1::Model& model) {
  Table table({"layer", "kind", "output", "parameters"});
  for (const v1::LayerSummary& layer : model.layers()) {
    table.AddRow({layer.name(), layer.kind(), FormatShape(layer.output_shape()),
                  FormatCount(layer.parameters())});
  }
  return fmt::format(
      "Model {}, input {}\n\n{}\nTrainable parameters: {}\nOther parameters:     {}\n",
      Printable(model.name()), FormatShape(model.spec().input_shape()), table.ToString("  "),
      FormatCount(model.trainable_parameters()), FormatCount(model.non_trainable_parameters()));
}

// Splits "mnist@3" at the sign; a name alone has an empty second part.
std::pair<std::string, std::string> SplitReference(const std::string& reference) {
  const size_t at = reference.find('@');
  if (at == std::string::npos) return {reference, ""};
  return {reference.substr(0, at), reference.substr(at + 1)};
}

absl::StatusOr<int64_t> ParseVersion(const std::string& text) {
  int64_t version = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || stop != text.data() + text.size() || version < 0) {
    return absl::InvalidArgumentError(
        fmt::format("version {}: expected a whole number, e.g. 3", Quoted(text)));
  }
  return version;
}

struct CreateFlags {
  std::string name;
  std::string input;
  std::string layers;
  std::string file;
  bool validate_only = false;
};

// "28x28" -> {28, 28}.
absl::Status SetInputShape(const std::string& text, v1::ModelSpec& spec) {
  spec.clear_input_shape();
  std::string_view rest = text;
  for (bool more = !rest.empty(); more;) {
    const size_t end = std::min(rest.find_first_of(",x"), rest.size());
    int64_t size = 0;
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + end, size);
    if (error != std::errc() || stop != rest.data() + end) {
      return absl::InvalidArgumentError(
          fmt::format("is {}; expected sizes, e.g. 784 or 28x28", Quoted(text)));
    }
    spec.add_input_shape(size);
    more = end < rest.size();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return absl::OkStatus();
}

v1::ModelSpec ModelFrom(const CreateFlags& flags, FlagFaults& faults) {
  v1::ModelSpec spec;
  faults.ReadSpec(flags.file, spec);
  if (!flags.input.empty()) faults.Add("--input", SetInputShape(flags.input, spec));
  if (!flags.layers.empty()) {
    spec.clear_layers();
    faults.Add("--layers", client::ParseSpecs(flags.layers, *spec.mutable_layers()));
  }
  if (flags.file.empty()) {
    constexpr char kRequired[] = "required, here or in a file: -f model.yaml";
    if (flags.input.empty()) faults.Add("--input", kRequired);
    if (flags.layers.empty()) faults.Add("--layers", kRequired);
  }
  return spec;
}

absl::Status Create(Cli& cli, const CreateFlags& flags, FlagFaults& faults) {
  v1::CreateModelRequest request;
  request.set_name(flags.name);
  *request.mutable_spec() = ModelFrom(flags, faults);
  request.set_validate_only(flags.validate_only || !faults.empty());
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  if (faults.Has(kFile)) return faults.ToStatus();
  const absl::StatusOr<v1::CreateModelResponse> response = client->CreateModel(request);
  if (!faults.empty() || !response.ok()) return faults.With(response.status());
  cli.Print(response->model(), [&] { return Summary(response->model()); });
  return absl::OkStatus();
}

struct ListFlags {};

absl::Status List(Cli& cli, const ListFlags& /*flags*/) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const auto all,
                        (AllPages<v1::ListModelsResponse, v1::ListModelsRequest>(
                            {}, [&](const auto& request) { return client->ListModels(request); })));
  cli.PrintList(all, all.models(), [&] {
    Table table({"name", "input", "layers", "parameters", "version", "created"});
    for (const v1::Model& model : all.models()) {
      table.AddRow({model.name(), FormatShape(model.spec().input_shape()),
                    FormatCount(model.spec().layers_size()),
                    FormatCount(model.trainable_parameters() + model.non_trainable_parameters()),
                    model.latest_version() == 0 ? "-" : std::to_string(model.latest_version()),
                    FormatTime(model.create_time())});
    }
    return table.empty() ? "No models. Create one with: fitctl model create\n" : table.ToString();
  });
  return absl::OkStatus();
}

struct ReferenceFlags {
  std::string reference;
};

std::string VersionText(const v1::ModelVersion& version) {
  const v1::Lineage& lineage = version.lineage();
  const v1::TrainingSpec& training = lineage.training();
  Table facts;
  facts.AddRow({"stored", FormatTime(version.create_time())});
  facts.AddRow({"job", lineage.job_id() + (version.from_cancelled_job() ? " (cancelled)" : "")});
  facts.AddRow({"data set", lineage.dataset()});
  facts.AddRow({"data sha256", lineage.dataset_sha256()});
  if (!lineage.validation_dataset().empty())
    facts.AddRow({"validation data", lineage.validation_dataset()});
  facts.AddRow({"metrics", FormatMetrics(version.metrics())});
  facts.AddRow({"epoch", fmt::format("{} ({} steps)", lineage.epoch(), lineage.steps())});
  AddTrainingFacts(training, facts);
  facts.AddRow({"engine", fmt::format("{} on {}", lineage.engine_version(), lineage.isa())});
  facts.AddRow({"weights", FormatBytes(version.weights_bytes())});
  facts.AddRow({"weights_sha256", version.weights_sha256()});
  return fmt::format("Version {}@{}\n\n{}", Printable(version.model()), version.version(),
                     facts.ToString("  "));
}

std::string VersionsTable(const v1::Model& model, const v1::ListModelVersionsResponse& all) {
  std::vector<std::string> metric_names;
  for (const v1::ModelVersion& version : all.versions()) {
    for (const v1::MetricValue& metric : version.metrics()) {
      if (std::find(metric_names.begin(), metric_names.end(), metric.name()) ==
          metric_names.end()) {
        metric_names.push_back(metric.name());
      }
    }
  }
  std::vector<std::string> header = {"version", "alias", "stored", "job"};
  header.insert(header.end(), metric_names.begin(), metric_names.end());
  header.push_back("weights_sha256");
  Table table(header);
  for (const v1::ModelVersion& version : all.versions()) {
    std::vector<std::string> aliases;
    for (const auto& [alias, number] : model.aliases()) {
      if (number == version.version()) aliases.push_back(alias);
    }
    std::sort(aliases.begin(), aliases.end());
    std::vector<std::string> row = {std::to_string(version.version()),
                                    fmt::format("{}", fmt::join(aliases, ", ")),
                                    FormatTime(version.create_time()), version.lineage().job_id()};
    for (const std::string& name : metric_names) {
      const auto metric = std::find_if(version.metrics().begin(), version.metrics().end(),
                                       [&](const v1::MetricValue& m) { return m.name() == name; });
      row.push_back(metric == version.metrics().end() || !metric->has_value()
                        ? "-"
                        : FormatNumber(metric->value()));
    }
    row.push_back(version.weights_sha256());
    table.AddRow(row);
  }
  return table.empty() ? "\nNo version yet. Train it with: fitctl fit\n"
                       : "\nVersions\n\n" + table.ToString("  ");
}

// JSON: one object with the model and its versions, newest first.
std::string ModelAndVersionsJson(const v1::Model& model, const v1::ListModelVersionsResponse& all) {
  std::string versions = ToJson(all, /*pretty=*/false);
  versions.erase(0, 1);  // The brace: both become members of one object.
  std::string json = ToJson(model, /*pretty=*/false);
  json.pop_back();
  return fmt::format("{{\"model\":{},{}", json, versions);
}

absl::Status Show(Cli& cli, const ReferenceFlags& flags) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  if (flags.reference.find_first_of("@:") != std::string::npos) {
    v1::GetModelVersionRequest request;
    request.set_model(flags.reference);
    FITD_ASSIGN_OR_RETURN(const v1::GetModelVersionResponse response,
                          client->GetModelVersion(request));
    cli.Print(response.version(), [&] { return VersionText(response.version()); });
    return absl::OkStatus();
  }
  v1::GetModelRequest get;
  get.set_name(flags.reference);
  FITD_ASSIGN_OR_RETURN(const v1::GetModelResponse response, client->GetModel(get));
  v1::ListModelVersionsRequest list;
  list.set_model(flags.reference);
  FITD_ASSIGN_OR_RETURN(
      const auto all,
      (AllPages<v1::ListModelVersionsResponse, v1::ListModelVersionsRequest>(
          list, [&](const auto& request) { return client->ListModelVersions(request); })));
  if (cli.output == OutputFormat::kTable) {
    cli.env.out << Summary(response.model()) << VersionsTable(response.model(), all);
  } else {
    cli.env.out << ModelAndVersionsJson(response.model(), all);
  }
  return absl::OkStatus();
}

struct VerifyFlags {
  std::string reference;
  int32_t threads = 0;
  bool detach = false;
};

absl::Status Verify(Cli& cli, const VerifyFlags& flags) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  v1::GetModelVersionRequest get;
  get.set_model(flags.reference);
  FITD_ASSIGN_OR_RETURN(const v1::GetModelVersionResponse found, client->GetModelVersion(get));
  v1::StartFitRequest request;
  request.mutable_spec()->set_model(found.version().model());
  request.mutable_spec()->set_verify_version(found.version().version());
  request.mutable_spec()->mutable_resources()->set_threads(flags.threads);
  FITD_ASSIGN_OR_RETURN(const v1::StartFitResponse response, client->StartFit(request));
  return ReportStart(cli, response.job(), flags.detach);
}

struct AliasFlags {
  std::string name;
  std::string alias;
  std::optional<std::string> version;
  std::optional<std::string> expect;
  bool remove = false;
};

absl::Status Alias(Cli& cli, const AliasFlags& flags, FlagFaults& faults) {
  v1::SetModelAliasRequest request;
  request.set_model(flags.name);
  request.set_alias(flags.alias);
  faults.SetField("VERSION", flags.version, "version", request);
  faults.SetField("--expect", flags.expect, "expected_version", request);
  if (flags.version && flags.remove) {
    faults.Add("--delete", "not with VERSION");
  } else if (!flags.remove && request.version() < 1 && !faults.Has("VERSION")) {
    faults.Add("VERSION", "required: the version's number, 1 or more; or --delete");
  }
  FITD_RETURN_IF_ERROR(faults.ToStatus());
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::SetModelAliasResponse response, client->SetModelAlias(request));
  cli.Print(response.model(), [&] {
    return flags.remove ? fmt::format("Removed {}@{}\n", flags.name, flags.alias)
                        : fmt::format("{0}@{1} is now {0}@{2}\n", flags.name, flags.alias,
                                      request.version());
  });
  return absl::OkStatus();
}

absl::Status Delete(Cli& cli, const ReferenceFlags& flags) {
  const auto [name, version_text] = SplitReference(flags.reference);
  const auto deleted = [&] { return fmt::format("Deleted {}\n", flags.reference); };
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  if (flags.reference.find('@') != std::string::npos) {
    v1::DeleteModelVersionRequest request;
    request.set_model(name);
    FITD_ASSIGN_OR_RETURN(const int64_t version, ParseVersion(version_text));
    request.set_version(version);
    FITD_ASSIGN_OR_RETURN(const v1::DeleteModelVersionResponse response,
                          client->DeleteModelVersion(request));
    cli.Print(response, deleted);
    return absl::OkStatus();
  }
  v1::DeleteModelRequest request;
  request.set_name(name);
  FITD_ASSIGN_OR_RETURN(const v1::DeleteModelResponse response, client->DeleteModel(request));
  cli.Print(response, deleted);
  return absl::OkStatus();
}

}  // namespace

void AddModelCommands(CLI::App& fitctl, Cli& cli) {
  CLI::App* group = AddGroup(
      fitctl, "model", "Define models and look at their versions",
      ""
      "  fitctl model create mnist --input 784 --layers \"dense:128:relu, dense:10:softmax\"\n"
      "  fitctl model show mnist");

  {
    auto [command, flags] =
        AddCommand<CreateFlags>(*group, cli, "create", "Define a model: a name and an architecture",
                                "  fitctl model create mnist --input 784 --layers "
                                "\"rescaling:scale=0.00392157, dense:10:relu, dense:10:softmax\"\n"
                                "  fitctl model create wide --input 28x28 --layers \"flatten, "
                                "dense:64:relu:kernel_regularizer=l2(0.01), "
                                "dropout:0.5, dense:10:softmax\"\n"
                                "  fitctl model create mnist -f model.yaml",
                                Create);
    AddArgument(*command, "NAME", flags->name, "The model's name: a-z, 0-9, '.', '_', '-'")
        ->required();
    command->add_option("--input", flags->input, "Shape of one input row: 784, or 28x28");
    command->add_option("--layers", flags->layers,
                        "Layers, separated by commas: kind:argument:name=argument");
    command->add_option("-f,--file", flags->file,
                        "Read the architecture from a YAML file; options override it");
    command->add_flag("--validate-only", flags->validate_only, "Check it; store nothing");
  }
  AddCommand<ListFlags>(*group, cli, "list", "List the models",
                        "  fitctl model list\n"
                        "  fitctl model list --output jsonl",
                        List);
  {
    auto [command, flags] = AddCommand<ReferenceFlags>(
        *group, cli, "show", "Show a model's layers and versions, or where one version comes from",
        "  fitctl model show mnist\n"
        "  fitctl model show mnist@3\n"
        "  fitctl model show mnist@champion --output json",
        Show);
    AddArgument(*command, "MODEL", flags->reference, "NAME, NAME@VERSION, NAME@ALIAS or job:ID")
        ->required();
  }
  {
    auto [command, flags] = AddCommand<VerifyFlags>(
        *group, cli, "verify",
        "Train a version again and compare every bit; the exit code is 5 if one differs",
        "  fitctl model verify mnist@3\n"
        "  fitctl model verify mnist@champion --detach",
        Verify);
    AddArgument(*command, "VERSION", flags->reference, "NAME, NAME@VERSION, NAME@ALIAS or job:ID")
        ->required();
    command->add_option("--threads", flags->threads, "Threads; never changes the result");
    command->add_flag("--detach", flags->detach, "Do not wait for the job");
  }
  {
    auto [command, flags] =
        AddCommand<AliasFlags>(*group, cli, "alias", "Let a name stand for a version",
                               "  fitctl model alias mnist champion 3\n"
                               "  fitctl predict mnist@champion rows.csv\n"
                               "  fitctl model alias mnist champion 4 --expect 3\n"
                               "  fitctl model alias mnist champion --delete",
                               Alias);
    AddArgument(*command, "NAME", flags->name, "The model's name")->required();
    AddArgument(*command, "ALIAS", flags->alias, "The alias; begins with a letter")->required();
    AddArgument(*command, "VERSION", flags->version, "The version's number");
    command
        ->add_option("--expect", flags->expect,
                     "Only if the alias stands for this version now; 0: only if there is none yet")
        ->type_name("INT");
    command->add_flag("--delete", flags->remove, "Remove the alias");
  }
  {
    auto [command, flags] = AddCommand<ReferenceFlags>(
        *group, cli, "delete", "Delete a model with all its versions, or one version",
        "  fitctl model delete mnist\n"
        "  fitctl model delete mnist@2",
        Delete);
    AddArgument(*command, "MODEL", flags->reference, "NAME or NAME@VERSION")->required();
  }
}

}  // namespace fitd::cli
