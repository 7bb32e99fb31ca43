#include "client/cli/search_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/axis_text.h"
#include "client/cli/command.h"
#include "client/cli/fit_flags.h"
#include "client/cli/flag_faults.h"
#include "client/cli/follow_search.h"
#include "client/cli/format.h"
#include "client/cli/search_report.h"
#include "client/spec_text.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

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
  return FollowSearch(cli, search.name());
}

}  // namespace

void AddSearchStart(CLI::App& group, Cli& cli) {
  auto [command, flags] = AddCommand<StartFlags>(
      group, cli, "start", "Try many settings, each as a job, and find the best",
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
      ->add_option("--folds", flags->folds,
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

}  // namespace fitd::cli
