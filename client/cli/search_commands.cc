#include "client/cli/search_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "client/axis_text.h"
#include "client/cli/command.h"
#include "client/cli/exit_code.h"
#include "client/cli/fit_flags.h"
#include "client/cli/flag_faults.h"
#include "client/cli/follow_job.h"
#include "client/cli/format.h"
#include "client/cli/interrupt.h"
#include "client/cli/search_plot.h"
#include "client/cli/search_report.h"
#include "client/cli/table.h"
#include "client/names.h"
#include "client/spec_text.h"
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

absl::StatusOr<v1::ListTrialsResponse> GetTrials(client::Client& client, const std::string& name) {
  v1::ListTrialsRequest request;
  request.set_search(name);
  request.set_page_size(1000);
  return AllPages<v1::ListTrialsResponse, v1::ListTrialsRequest>(
      request, [&](const auto& page) { return client.ListTrials(page); });
}

Trials ToVector(const v1::ListTrialsResponse& response) {
  return {response.trials().begin(), response.trials().end()};
}

absl::Status CheckHasBest(const v1::Search& search) {
  if (search.best_trial() != 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("search {} has no trial with a score", search.name()));
}

std::string NoScoreText(const v1::Search& search) {
  const double allowed = search.spec().budget().seconds();
  const auto& start = search.has_start_time() ? search.start_time() : search.create_time();
  const bool over = allowed > 0 && SecondsBetween(start, search.end_time()) >= allowed;
  return fmt::format("No trial has a score{}.\n", over ? ": the time of its budget was over" : "");
}

// What the search has come to; an error unless it succeeded.
absl::Status ReportEnd(Cli& cli, const v1::Search& search) {
  cli.Print(search, [&] {
    if (search.best_trial() == 0) return NoScoreText(search);
    return fmt::format("Best: trial {} with {} {}, stored as {}@{}\n", search.best_trial(),
                       search.spec().objective().metric(), BestScoreText(search), search.name(),
                       search.best_version());
  });
  if (search.state() == v1::SEARCH_STATE_SUCCEEDED) return absl::OkStatus();
  return JobFailedError(fmt::format("search {} is {}", search.name(), FormatState(search.state())));
}

std::string TrialLine(const v1::Search& search, const v1::SearchTrial& trial) {
  std::string result = TrialState(trial);
  if (trial.has_failure()) result += ": " + FormatFailure(trial.failure());
  if (trial.has_score()) {
    result = fmt::format("{} {}", search.spec().objective().metric(), ScoreText(trial));
    if (trial.state() != v1::JOB_STATE_SUCCEEDED)
      result += " when stopped after " + FormatCounted(trial.epochs(), "epoch");
  }
  if (!trial.stop_reason().empty()) result += ": " + trial.stop_reason();
  return fmt::format("Trial {}/{}  {}  {}\n", trial.number(), search.planned_trials(),
                     ParametersText(trial), client::Printable(result));
}

absl::Status Follow(Cli& cli, const std::string& name) {
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  const InterruptNotice notice(
      fmt::format("Search {0} goes on. Rejoin it with: fitctl search watch {0}", name));
  v1::GetSearchRequest request;
  request.set_name(name);
  std::set<int64_t> told;
  v1::Search ended;
  FITD_RETURN_IF_ERROR(client->WatchSearch(request, [&](const v1::Search& search) -> absl::Status {
    ended = search;
    const bool news = search.ended_trials() > static_cast<int64_t>(told.size());
    if (!news || cli.output == OutputFormat::kJson) return absl::OkStatus();
    FITD_ASSIGN_OR_RETURN(const v1::ListTrialsResponse trials, GetTrials(*client, name));
    for (const v1::SearchTrial& trial : trials.trials()) {
      if (!trial.has_end_time() || !told.insert(trial.number()).second) continue;
      if (cli.output == OutputFormat::kJsonl) {
        cli.PrintJson(trial);
      } else {
        cli.env.out << TrialLine(search, trial) << std::flush;
      }
    }
    return absl::OkStatus();
  }));
  return ReportEnd(cli, ended);
}

struct StartFlags {
  std::string name;
  FitFlags fit;
  std::vector<std::string> axes;
  std::optional<std::string> algorithm;
  std::optional<std::string> objective;
  std::optional<std::string> budget;
  std::optional<std::string> folds;
  std::optional<std::string> repeats;
  bool preview = false;
  bool detach = false;
};

// Trials that there would be in a space that is large enough; 0 where that is not clear.
int64_t BoundOfTrials(const v1::SearchSpec& spec) {
  if (spec.budget().epochs() > 0) return 0;
  const v1::SearchAlgorithmSpec& algorithm = spec.algorithm();
  const int64_t asked =
      std::max({algorithm.random().trials(), algorithm.halving().trials(),
                algorithm.asynchronous_halving().trials(), algorithm.tpe().trials()});
  return spec.budget().trials() > 0 ? std::min(asked, spec.budget().trials()) : asked;
}

void ReadSpace(const std::vector<std::string>& axes, v1::SearchSpec& spec, FlagFaults& faults) {
  constexpr char kAxis[] = "--axis";
  if (!axes.empty()) spec.clear_space();
  for (const std::string& axis : axes) {
    const std::string field = fmt::format("spec.space.axes[{}]", spec.space().axes_size());
    faults.AddUnread(kAxis, field, client::ParseAxis(axis, *spec.mutable_space()->add_axes()));
  }
  if (!spec.has_space()) return;
  for (const client::FieldViolation& fault :
       client::ReadChoices("spec.space", *spec.mutable_space())) {
    faults.AddUnread(kAxis, fault.field, absl::InvalidArgumentError(fault.description));
  }
}

// The place of the axis that sets the whole loss; empty if there is none.
std::string PlaceOfLossAxis(const std::string& parent,
                            const google::protobuf::RepeatedPtrField<v1::SearchAxis>& axes) {
  for (int i = 0; i < axes.size(); ++i) {
    std::string place = fmt::format("{}.axes[{}]", parent, i);
    if (axes[i].path() == "loss" || axes[i].path() == "training.loss") return place;
    const auto& choices = axes[i].choice().choices();
    for (int j = 0; j < choices.size(); ++j) {
      std::string inside =
          PlaceOfLossAxis(fmt::format("{}.choice.choices[{}]", place, j), choices[j].axes());
      if (!inside.empty()) return inside;
    }
  }
  return "";
}

// The daemon's answer, with what it says about a loss that is left out told of the axis that sets
// it.
absl::Status WithLossOfAxis(const absl::Status& answer, const v1::SearchSpec& spec,
                            const FlagFaults& faults) {
  constexpr char kTraining[] = "spec.training.";
  constexpr char kLoss[] = "spec.training.loss";
  std::vector<client::FieldViolation> told = client::FieldViolations(answer);
  const std::string axis = PlaceOfLossAxis("spec.space", spec.space().axes());
  const bool given = spec.training().has_loss() || faults.Has("--loss") || faults.InFile(kLoss);
  if (told.empty() || axis.empty() || given) return answer;
  for (client::FieldViolation& fault : told) {
    if (fault.field != kLoss && !fault.field.starts_with(std::string(kLoss) + ".")) continue;
    fault.description =
        fmt::format("{}: {}", fault.field.substr(sizeof(kTraining) - 1), fault.description);
    fault.field = axis;
  }
  return client::Faults(answer.code(), told);
}

absl::Status Start(Cli& cli, const StartFlags& flags, FlagFaults& faults) {
  v1::StartSearchRequest request;
  request.set_name(flags.name);
  v1::SearchSpec& spec = *request.mutable_spec();
  spec = SearchFrom(flags.fit, faults);
  ReadSpace(flags.axes, spec, faults);
  if (flags.algorithm) {
    spec.clear_algorithm();
    faults.Add("--algorithm", client::ParseSpec(*flags.algorithm, *spec.mutable_algorithm()));
  }
  if (flags.objective) {
    spec.clear_objective();
    faults.Add("--objective", client::ParseArguments(*flags.objective, {"metric", "mode"},
                                                     *spec.mutable_objective()));
  }
  if (spec.has_objective()) {
    spec.mutable_objective()->set_metric(
        WholeMetricName(spec.objective().metric(), spec.training()));
  }
  if (flags.budget) {
    spec.clear_budget();
    faults.Add("--budget", client::ParseArguments(*flags.budget, {"trials", "epochs", "seconds"},
                                                  *spec.mutable_budget()));
  }
  v1::CrossValidationSpec validation = spec.cross_validation();
  faults.SetField("--folds", flags.folds, "folds", validation);
  faults.SetField("--repeats", flags.repeats, "repeats", validation);
  if (validation.ByteSizeLong() > 0) *spec.mutable_cross_validation() = std::move(validation);
  request.set_validate_only(flags.preview || !faults.empty());
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  if (faults.Has(kFile)) return faults.ToStatus();
  const absl::StatusOr<v1::StartSearchResponse> response = client->StartSearch(request);
  if (!faults.empty() || !response.ok())
    return faults.With(WithLossOfAxis(response.status(), spec, faults));
  const v1::Search& search = response->search();
  if (flags.preview || flags.detach) {
    cli.Print(search, [&] {
      std::string plan = FormatCounted(search.planned_trials(), "trial");
      if (search.planned_trials() < BoundOfTrials(search.spec())) plan += ", all of the space";
      if (search.planned_jobs() > search.planned_trials())
        plan += ", " + FormatCounted(search.planned_jobs(), "job");
      const std::string epochs = FormatCounted(search.planned_epochs(), "epoch");
      const bool bounded = !search.spec().algorithm().has_asynchronous_halving();
      plan += ", " + (bounded ? epochs + " at most" : "about " + epochs);
      const std::string remaining = RemainingText(search);
      if (!remaining.empty()) plan += ", " + remaining;
      if (flags.preview) return fmt::format("The search is valid: {}\n", plan);
      return fmt::format("Started search {0}: {1}. Follow it with: fitctl search watch {0}\n",
                         search.name(), plan);
    });
    return absl::OkStatus();
  }
  if (cli.output == OutputFormat::kTable)
    cli.env.out << fmt::format("Started search {}\n", search.name()) << std::flush;
  return Follow(cli, search.name());
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

absl::Status Watch(Cli& cli, const NameFlags& flags) { return Follow(cli, flags.name); }

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
  {
    auto [command, flags] = AddCommand<StartFlags>(
        *group, cli, "start", "Try many settings, each as a job, and find the best",
        "  fitctl search start iris-tune --model iris --data iris --validation-split 0.2 --loss "
        "sparse_categorical_crossentropy --optimizer adam --metrics accuracy --epochs 20 "
        "--axis learning_rate=log:1e-4..1e-1:4 --axis units=8,16,32 --algorithm grid --objective "
        "val_accuracy\n"
        "  fitctl search start digits-tune -f search.yaml --algorithm random:64:seed=3 --preview",
        Start);
    AddArgument(*command, "NAME", flags->name,
                "Of the search, and of the model that holds its "
                "trials' versions")
        ->required();
    command->add_option("--model", flags->fit.model, "The model whose architecture is varied");
    command->add_option("-f,--file", flags->fit.file,
                        "Read the search from a YAML file; options override it");
    constexpr char kSearch[] = "Search";
    command
        ->add_option("--axis", flags->axes,
                     "PATH=VALUES: 16,32,64 or real:LOW..HIGH, log:, int:, intlog:, with :COUNT "
                     "behind it for a grid; PATH is e.g. learning_rate, units, layers, dropout, "
                     "batch_size, LAYER.FIELD or a whole path")
        ->group(kSearch);
    command
        ->add_option("--algorithm", flags->algorithm,
                     "grid, random:TRIALS, tpe:TRIALS, halving:TRIALS, hyperband or "
                     "asynchronous_halving:TRIALS, e.g. random:64:seed=3 or "
                     "halving:81:min_epochs=2:factor=3")
        ->group(kSearch);
    command
        ->add_option("--objective", flags->objective,
                     "METRIC or METRIC:min or max; default val_loss, or loss without validation")
        ->group(kSearch);
    command
        ->add_option("--budget", flags->budget,
                     "End early: after so many trials=N or epochs=N of all trials, or seconds=S; "
                     "several as trials=50:seconds=600")
        ->group(kSearch);
    command
        ->add_option(
            "--folds", flags->folds,
            "Cross-validate each trial: a fit for each of so many parts of the rows, which "
            "validates on that part; the score is their mean")
        ->type_name("INT")
        ->group(kSearch);
    command
        ->add_option("--repeats", flags->repeats,
                     "Train each trial so often, with the seeds from --seed on; the score is the "
                     "mean")
        ->type_name("INT")
        ->group(kSearch);
    command->add_flag("--preview", flags->preview, "Show the plan; start nothing")->group(kSearch);
    command->add_flag("--detach", flags->detach, "Do not wait for the search")->group(kSearch);
    AddFitFlags(*command, flags->fit);
  }
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
