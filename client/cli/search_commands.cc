#include "client/cli/search_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/axis_text.h"
#include "client/cli/command.h"
#include "client/cli/follow_job.h"
#include "client/cli/follow_search.h"
#include "client/cli/format.h"
#include "client/cli/search_plot.h"
#include "client/cli/search_report.h"
#include "client/cli/search_start.h"
#include "client/cli/table.h"
#include "client/names.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

struct NameFlags {
  std::string name;
};

absl::StatusOr<v1::Search> GetSearch(client::Client& client, const std::string& name) {
  v1::GetSearchRequest request;
  request.set_name(name);
  FITD_ASSIGN_OR_RETURN(v1::GetSearchResponse response, client.GetSearch(request));
  return std::move(*response.mutable_search());
}

Trials ToVector(const v1::ListTrialsResponse& response) {
  return {response.trials().begin(), response.trials().end()};
}

absl::Status CheckHasBest(const v1::Search& search) {
  if (search.best_trial() != 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("search {} has no trial with a score", search.name()));
}

struct NoFlags {};

absl::Status List(Cli& cli, const NoFlags& /*flags*/) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const auto all,
                        (AllPages<v1::ListSearchesResponse, v1::ListSearchesRequest>(
                            {}, [&](const auto& page) { return client->ListSearches(page); })));
  cli.PrintList(all, all.searches(), [&] {
    Table table({"name", "model", "data", "state", "trials", "objective", "best", "created"});
    for (const v1::Search& search : all.searches()) {
      table.AddRow({search.name(), search.spec().model(), search.spec().dataset(),
                    FormatState(search.state()),
                    fmt::format("{}/{}", search.ended_trials(), search.planned_trials()),
                    search.spec().objective().metric(),
                    search.best_trial() == 0 ? "-" : FormatNumber(search.best_score()),
                    FormatTime(search.create_time())});
    }
    return table.empty() ? "No searches. Start one with: fitctl search start\n" : table.ToString();
  });
  return absl::OkStatus();
}

struct ShowFlags {
  std::string name;
  std::string sort = "trial";
  bool reverse = false;
  int64_t most = 1000;
};

absl::Status Show(Cli& cli, const ShowFlags& flags) {
  if (flags.most < 0) {
    return absl::InvalidArgumentError(
        fmt::format("--trials: is {}; allowed: 0 or more", flags.most));
  }
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::Search search, GetSearch(*client, flags.name));
  FITD_ASSIGN_OR_RETURN(const v1::ListTrialsResponse all, GetTrials(*client, flags.name));
  Trials trials = ToVector(all);
  FITD_RETURN_IF_ERROR(SortTrials(search, flags.sort, flags.reverse, trials));
  if (cli.output == OutputFormat::kTable) {
    cli.env.out << SearchText(search) << '\n'
                << TrialsText(search, trials, static_cast<size_t>(flags.most));
    return absl::OkStatus();
  }
  if (cli.output == OutputFormat::kJsonl) {
    cli.PrintJson(search);
    for (const v1::SearchTrial& trial : trials) cli.PrintJson(trial);
    return absl::OkStatus();
  }
  std::vector<std::string> rows;
  for (const v1::SearchTrial& trial : trials) rows.push_back(ToJson(trial, /*pretty=*/false));
  cli.env.out << fmt::format("{{\n\"search\": {},\n\"trials\": [\n{}\n]\n}}\n",
                             ToJson(search, /*pretty=*/false), fmt::join(rows, ",\n"));
  return absl::OkStatus();
}

absl::Status Watch(Cli& cli, const NameFlags& flags) { return FollowSearch(cli, flags.name); }

struct BestFlags {
  std::string name;
  std::optional<std::string> alias;
};

absl::Status Best(Cli& cli, const BestFlags& flags) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::Search search, GetSearch(*client, flags.name));
  FITD_RETURN_IF_ERROR(CheckHasBest(search));
  FITD_ASSIGN_OR_RETURN(const v1::ListTrialsResponse all, GetTrials(*client, flags.name));
  for (const v1::SearchTrial& trial : all.trials()) {
    if (trial.number() != search.best_trial()) continue;
    if (flags.alias) {
      v1::SetModelAliasRequest request;
      request.set_model(search.name());
      request.set_alias(*flags.alias);
      request.set_version(trial.version());
      FITD_RETURN_IF_ERROR(client->SetModelAlias(request).status());
    }
    cli.Print(trial, [&] {
      Table facts;
      facts.AddRow({"version", fmt::format("{}@{}", search.name(), trial.version())});
      facts.AddRow({search.spec().objective().metric(), ScoreText(trial)});
      for (const v1::TrialParameter& parameter : trial.parameters())
        facts.AddRow({parameter.path(), client::FormatChoice(parameter.path(), parameter.value())});
      facts.AddRow({"epochs", std::to_string(trial.epochs())});
      facts.AddRow({"metrics", FormatMetrics(trial.metrics())});
      facts.AddRow({"parameters", FormatCount(trial.trainable_parameters())});
      const std::string fits = FitsText(search, trial);
      return fmt::format("Trial {} of search {}\n\n{}{}{}", trial.number(),
                         client::Printable(search.name()), facts.ToString("  "),
                         fits.empty() ? "" : "\n", fits);
    });
  }
  return absl::OkStatus();
}

absl::Status Plot(Cli& cli, const NameFlags& flags) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::Search search, GetSearch(*client, flags.name));
  FITD_ASSIGN_OR_RETURN(const v1::ListTrialsResponse all, GetTrials(*client, flags.name));
  if (cli.output == OutputFormat::kTable) {
    cli.env.out << PlotText(search, ToVector(all));
  } else {
    cli.PrintJson(PlotData(search, ToVector(all)));
  }
  return absl::OkStatus();
}

struct RefitFlags {
  std::string name;
  std::string model;
  bool add_version = false;
  bool detach = false;
};

// The training of a version, on all rows: nothing is held out, so nothing can watch it, and it
// lasts as many epochs as led to the version.
v1::TrainingSpec WithoutValidation(const v1::Lineage& lineage) {
  v1::TrainingSpec training = lineage.training();
  training.clear_validation_split();
  training.clear_fold();
  training.clear_early_stopping();
  if (training.reduce_lr_on_plateau().monitor().starts_with("val_"))
    training.clear_reduce_lr_on_plateau();
  training.set_epochs(lineage.epoch());
  return training;
}

absl::StatusOr<bool> IsNew(client::Client& client, const std::string& model) {
  v1::GetModelRequest request;
  request.set_name(model);
  const absl::Status found = client.GetModel(request).status();
  if (absl::IsNotFound(found)) return true;
  FITD_RETURN_IF_ERROR(found);
  return false;
}

// Whether the daemon answered that it does nothing. Of other errors nobody knows what it has done.
bool IsRefused(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
         absl::IsFailedPrecondition(status) || absl::IsResourceExhausted(status);
}

absl::Status Refit(Cli& cli, const RefitFlags& flags) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::Search search, GetSearch(*client, flags.name));
  FITD_RETURN_IF_ERROR(CheckHasBest(search));
  v1::GetModelVersionRequest get;
  get.set_model(fmt::format("{}@{}", search.name(), search.best_version()));
  FITD_ASSIGN_OR_RETURN(const v1::GetModelVersionResponse best, client->GetModelVersion(get));
  v1::CreateModelRequest create;
  create.set_name(flags.model);
  *create.mutable_spec() = best.version().spec();
  v1::StartFitRequest fit;
  fit.mutable_spec()->set_model(flags.model);
  fit.mutable_spec()->set_dataset(search.spec().dataset());
  *fit.mutable_spec()->mutable_training() = WithoutValidation(best.version().lineage());
  *fit.mutable_spec()->mutable_resources() = search.spec().resources();
  FITD_ASSIGN_OR_RETURN(const bool is_new, IsNew(*client, flags.model));
  if (!is_new && !flags.add_version) {
    return absl::AlreadyExistsError(
        fmt::format("model {} exists; take another name, or add a version to it with --add-version",
                    flags.model));
  }
  FITD_RETURN_IF_ERROR(client->CreateModel(create).status());
  const absl::StatusOr<v1::StartFitResponse> response = client->StartFit(fit);
  if (is_new && IsRefused(response.status())) {
    v1::DeleteModelRequest remove;
    remove.set_name(flags.model);
    (void)client->DeleteModel(remove);  // The reason why the fit cannot start says more.
  }
  FITD_RETURN_IF_ERROR(response.status());
  return ReportStart(cli, response->job(), flags.detach);
}

struct ExportFlags {
  std::string name;
  std::string format = "csv";
};

absl::Status Export(Cli& cli, const ExportFlags& flags) {
  if (flags.format != "csv" && flags.format != "parallel") {
    return absl::InvalidArgumentError(
        "--format: " +
        client::UnknownName("format", flags.format, std::vector<std::string>{"csv", "parallel"}));
  }
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::Search search, GetSearch(*client, flags.name));
  FITD_ASSIGN_OR_RETURN(const v1::ListTrialsResponse all, GetTrials(*client, flags.name));
  if (flags.format == "csv") {
    cli.env.out << TrialsCsv(search, ToVector(all));
  } else {
    cli.PrintJson(ParallelCoordinates(search, ToVector(all)));
  }
  return absl::OkStatus();
}

template <typename Request, typename Response>
absl::Status Order(Cli& cli, const std::string& name,
                   absl::StatusOr<Response> (client::Client::*call)(Request)) {
  Request request;
  request.set_name(name);
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const Response response, (client->*call)(request));
  cli.Print(response.search(), [&] {
    return fmt::format("Search {} is {}\n", client::Printable(name),
                       FormatState(response.search().state()));
  });
  return absl::OkStatus();
}

absl::Status Pause(Cli& cli, const NameFlags& flags) {
  return Order(cli, flags.name, &client::Client::PauseSearch);
}

absl::Status Resume(Cli& cli, const NameFlags& flags) {
  return Order(cli, flags.name, &client::Client::ResumeSearch);
}

absl::Status Cancel(Cli& cli, const NameFlags& flags) {
  return Order(cli, flags.name, &client::Client::CancelSearch);
}

absl::Status Delete(Cli& cli, const NameFlags& flags) {
  v1::DeleteSearchRequest request;
  request.set_name(flags.name);
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  FITD_ASSIGN_OR_RETURN(const v1::DeleteSearchResponse response, client->DeleteSearch(request));
  cli.Print(response, [&] {
    return fmt::format(
        "Deleted search {0} and its jobs; model {0} with the trials' versions stays\n",
        client::Printable(flags.name));
  });
  return absl::OkStatus();
}

constexpr char kNameHelp[] = "The search's name";

void AddNameCommand(CLI::App& group, Cli& cli, const std::string& name,
                    const std::string& description, absl::Status (*run)(Cli&, const NameFlags&)) {
  auto [command, flags] = AddCommand<NameFlags>(
      group, cli, name, description, fmt::format("  fitctl search {} iris-tune", name), run);
  AddArgument(*command, "NAME", flags->name, kNameHelp)->required();
}

}  // namespace

void AddSearchCommands(CLI::App& fitctl, Cli& cli) {
  CLI::App* group = AddGroup(fitctl, "search", "Search for the best settings of a model's training",
                             "  fitctl search list\n  fitctl search show iris-tune --sort score");
  AddSearchStart(*group, cli);
  AddCommand<NoFlags>(*group, cli, "list", "List the searches, newest first",
                      "  fitctl search list", List);
  {
    auto [command, flags] =
        AddCommand<ShowFlags>(*group, cli, "show", "Show a search and its trials",
                              "  fitctl search show iris-tune\n"
                              "  fitctl search show iris-tune --sort score -n 5\n"
                              "  fitctl search show iris-tune --sort val_loss --reverse\n"
                              "  fitctl search show iris-tune --output json",
                              Show);
    AddArgument(*command, "NAME", flags->name, kNameHelp)->required();
    command->add_option("--sort", flags->sort,
                        "trial, score (best first), time, epochs, state, parameters (trainable "
                        "ones), an axis or a metric");
    command->add_flag("--reverse", flags->reverse, "The other way round");
    command->add_option("-n,--trials", flags->most, "Trials to show at most")->type_name("INT");
  }
  AddNameCommand(*group, cli, "watch", "Follow a search to its end, a line for each trial", Watch);
  AddNameCommand(*group, cli, "pause", "Pause the trials and make no more", Pause);
  AddNameCommand(*group, cli, "resume", "Go on with a paused search", Resume);
  AddNameCommand(*group, cli, "cancel", "Cancel the trials and make no more", Cancel);
  {
    auto [command, flags] = AddCommand<BestFlags>(*group, cli, "best", "Show the best trial so far",
                                                  "  fitctl search best iris-tune\n"
                                                  "  fitctl search best iris-tune --alias champion",
                                                  Best);
    AddArgument(*command, "NAME", flags->name, kNameHelp)->required();
    command->add_option("--alias", flags->alias,
                        "Let this alias of the search's model stand for the trial's version");
  }
  AddNameCommand(*group, cli, "plot",
                 "Draw the objective against each axis, and how much each matters", Plot);
  {
    auto [command, flags] = AddCommand<RefitFlags>(
        *group, cli, "refit", "Train the best trial again on all data, without validation",
        "  fitctl search refit iris-tune iris-final", Refit);
    AddArgument(*command, "NAME", flags->name, kNameHelp)->required();
    AddArgument(*command, "MODEL", flags->model, "The name of a new model for it")->required();
    command->add_flag("--add-version", flags->add_version,
                      "Add a version to the model if it exists with the same architecture");
    command->add_flag("--detach", flags->detach, "Do not wait for the job");
  }
  {
    auto [command, flags] =
        AddCommand<ExportFlags>(*group, cli, "export", "Print the trials for other programs",
                                "  fitctl search export iris-tune > trials.csv\n"
                                "  fitctl search export iris-tune --format parallel > trials.json",
                                Export);
    AddArgument(*command, "NAME", flags->name, kNameHelp)->required();
    command->add_option("--format", flags->format,
                        "csv, or parallel: JSON for parallel coordinates");
  }
  AddNameCommand(*group, cli, "delete",
                 "Delete a search that has ended, with its jobs; its model stays", Delete);
}

}  // namespace fitd::cli
