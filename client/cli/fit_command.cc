#include "client/cli/fit_command.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "client/cli/command.h"
#include "client/cli/flag_faults.h"
#include "client/cli/follow_job.h"
#include "client/cli/format.h"
#include "client/names.h"
#include "client/spec_text.h"
#include "client/status_macros.h"
#include "client/yaml_spec.h"

namespace fitd::cli {
namespace {

constexpr char kFile[] = "--file";

// An unset option leaves what the file says, or else the daemon's default.
struct FitFlags {
  std::string model;
  std::string file;
  std::optional<std::string> data;
  std::optional<std::string> validation_data;
  std::optional<std::string> validation_split;
  std::optional<std::string> loss;
  std::optional<std::string> optimizer;
  std::optional<std::string> learning_rate;
  std::optional<std::string> metrics;
  std::optional<std::string> epochs;
  std::optional<std::string> batch_size;
  std::optional<std::string> seed;
  bool no_shuffle = false;
  std::vector<std::string> class_weight;
  std::optional<std::string> sample_weight;
  std::optional<std::string> early_stopping;
  std::optional<std::string> reduce_lr_on_plateau;
  std::optional<std::string> initial_version;
  bool standardize_features = false;
  bool no_standardize_features = false;
  bool standardize_targets = false;
  bool no_standardize_targets = false;
  std::optional<std::string> threads;
  std::optional<std::string> priority;
  std::optional<std::string> max_restarts;
  bool validate_only = false;
  bool detach = false;
};

// "setosa=2" -> {"setosa", 2}.
absl::Status AddClassWeight(const std::string& text, v1::TrainingSpec& training) {
  const size_t equals = text.rfind('=');
  double weight = 0;
  if (equals == std::string::npos || !absl::SimpleAtod(text.substr(equals + 1), &weight)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected LABEL=WEIGHT", client::Quoted(text)));
  }
  (*training.mutable_class_weight())[text.substr(0, equals)] = static_cast<float>(weight);
  return absl::OkStatus();
}

void SetTraining(const FitFlags& flags, v1::TrainingSpec& training, FlagFaults& faults) {
  faults.SetField("--validation-split", flags.validation_split, "validation_split", training);
  if (flags.loss) {
    training.clear_loss();
    faults.Add("--loss", client::ParseSpec(*flags.loss, *training.mutable_loss()));
  }
  if (flags.optimizer) {
    training.clear_optimizer();
    faults.Add("--optimizer", client::ParseSpec(*flags.optimizer, *training.mutable_optimizer()));
  }
  if (flags.learning_rate) {
    if (!training.has_optimizer())
      faults.Add("--learning-rate", "needs --optimizer, e.g. --optimizer adam");
    training.mutable_optimizer()->clear_learning_rate();
    faults.Add("--learning-rate",
               client::ParseSpec(*flags.learning_rate,
                                 *training.mutable_optimizer()->mutable_learning_rate()));
  }
  if (flags.metrics) {
    training.clear_metrics();
    faults.Add("--metrics", client::ParseSpecs(*flags.metrics, *training.mutable_metrics()));
  }
  faults.SetField("--epochs", flags.epochs, "epochs", training);
  faults.SetField("--batch-size", flags.batch_size, "batch_size", training);
  faults.SetField("--seed", flags.seed, "seed", training);
  if (flags.no_shuffle) training.set_shuffle(false);
  if (!flags.class_weight.empty()) training.clear_class_weight();
  for (const std::string& weight : flags.class_weight)
    faults.Add("--class-weight", AddClassWeight(weight, training));
  if (flags.sample_weight) training.set_sample_weight_column(*flags.sample_weight);
  if (flags.early_stopping) {
    training.clear_early_stopping();
    faults.Add("--early-stopping",
               client::ParseArguments(*flags.early_stopping, {"monitor", "patience"},
                                      *training.mutable_early_stopping()));
    if (faults.Has("--early-stopping")) training.clear_early_stopping();
  }
  if (flags.reduce_lr_on_plateau) {
    training.clear_reduce_lr_on_plateau();
    faults.Add("--reduce-lr-on-plateau",
               client::ParseArguments(*flags.reduce_lr_on_plateau, {"monitor", "patience"},
                                      *training.mutable_reduce_lr_on_plateau()));
    if (faults.Has("--reduce-lr-on-plateau")) training.clear_reduce_lr_on_plateau();
  }
  faults.Exclude("--standardize-features", flags.standardize_features, "--no-standardize-features",
                 flags.no_standardize_features);
  faults.Exclude("--standardize-targets", flags.standardize_targets, "--no-standardize-targets",
                 flags.no_standardize_targets);
  if (flags.standardize_features) training.mutable_pipeline()->set_standardize_features(true);
  if (flags.no_standardize_features) training.mutable_pipeline()->set_standardize_features(false);
  if (flags.standardize_targets) training.mutable_pipeline()->set_standardize_targets(true);
  if (flags.no_standardize_targets) training.mutable_pipeline()->set_standardize_targets(false);
}

v1::FitSpec FitFrom(const FitFlags& flags, FlagFaults& faults) {
  v1::FitSpec spec;
  if (!flags.file.empty()) faults.Add(kFile, client::ReadYamlFile(flags.file, spec));
  if (!flags.model.empty()) spec.set_model(flags.model);
  if (flags.data) spec.set_dataset(*flags.data);
  if (flags.validation_data) spec.set_validation_dataset(*flags.validation_data);
  faults.SetField("--initial-version", flags.initial_version, "initial_version", spec);
  v1::ResourceSpec resources = spec.resources();
  faults.SetField("--threads", flags.threads, "threads", resources);
  faults.SetField("--priority", flags.priority, "priority", resources);
  faults.SetField("--max-restarts", flags.max_restarts, "max_restarts", resources);
  if (resources.ByteSizeLong() > 0) *spec.mutable_resources() = std::move(resources);
  SetTraining(flags, *spec.mutable_training(), faults);
  if (faults.Has(kFile)) return spec;  // Nobody knows what it would have said.
  if (spec.model().empty()) faults.Add("MODEL", "required, here or as \"model\" in the file");
  if (spec.dataset().empty()) faults.Add("--data", "required, here or as \"dataset\" in the file");
  if (!spec.training().has_loss())
    faults.Add("--loss", "required, here or as \"training: loss\" in the file");
  return spec;
}

std::string CheckedText(const v1::Job& job) {
  const v1::TrainingSpec& training = job.spec().training();
  return fmt::format(
      "The fit is valid: {} trainable parameters, {} with {}, epochs {}, batch size {}\n",
      FormatCount(job.trainable_parameters()), client::FormatSpec(training.loss()),
      client::FormatSpec(training.optimizer()), training.epochs(), training.batch_size());
}

absl::Status Fit(Cli& cli, const FitFlags& flags) {
  v1::StartFitRequest request;
  FlagFaults faults;
  *request.mutable_spec() = FitFrom(flags, faults);
  request.set_validate_only(flags.validate_only || !faults.empty());
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  if (faults.Has(kFile)) return faults.ToStatus();
  if (!faults.empty()) return faults.With(client->StartFit(request).status());
  FITD_ASSIGN_OR_RETURN(const v1::StartFitResponse response, client->StartFit(request));
  const v1::Job& job = response.job();
  if (flags.validate_only) {
    cli.Print(job, [&] { return CheckedText(job); });
    return absl::OkStatus();
  }
  return ReportStart(cli, job, flags.detach);
}

}  // namespace

void AddFitCommand(CLI::App& fitctl, Cli& cli) {
  auto [command, flags] = AddCommand<FitFlags>(
      fitctl, cli, "fit", "Train a model on a data set and follow the job",
      "  fitctl fit digits --data digits --validation-split 0.2 --loss "
      "sparse_categorical_crossentropy --optimizer adam "
      "--epochs 20 --metrics accuracy --seed 7\n"
      "  fitctl fit prices --data houses --loss huber:delta=2 --optimizer adam:beta_1=0.95 "
      "--learning-rate \"cosine_decay(0.001, 1000)\" --early-stopping val_loss:3 "
      "--validation-split 0.1\n"
      "  fitctl fit -f fit.yaml --seed 8 --detach",
      Fit);
  AddArgument(*command, "MODEL", flags->model, "The model's name");
  command->add_option("-f,--file", flags->file,
                      "Read the fit from a YAML file; options override it");

  constexpr char kData[] = "Data";
  command->add_option("--data", flags->data, "Data set to train on")->group(kData);
  command->add_option("--validation-data", flags->validation_data, "Data set to validate on")
      ->group(kData);
  command
      ->add_option("--validation-split", flags->validation_split,
                   "Share of the rows held out for validation, e.g. 0.2")
      ->type_name("FLOAT")
      ->group(kData);
  command->add_option("--sample-weight", flags->sample_weight, "Column that weighs the rows")
      ->group(kData);
  command
      ->add_option("--class-weight", flags->class_weight,
                   "Weights of classes: setosa=2,virginica=0.5")
      ->delimiter(',')
      ->group(kData);
  command
      ->add_flag("--standardize-features", flags->standardize_features,
                 "Bring numeric columns to mean 0, deviation 1 (default for tables)")
      ->group(kData);
  command
      ->add_flag("--no-standardize-features", flags->no_standardize_features,
                 "Take numeric columns as they are")
      ->group(kData);
  command
      ->add_flag("--standardize-targets", flags->standardize_targets,
                 "Train a regression on targets of mean 0, deviation 1")
      ->group(kData);
  command
      ->add_flag("--no-standardize-targets", flags->no_standardize_targets,
                 "Take targets as they are")
      ->group(kData);

  constexpr char kTraining[] = "Training";
  command
      ->add_option("--loss", flags->loss,
                   "What to minimise, e.g. sparse_categorical_crossentropy, mse, huber:delta=2")
      ->group(kTraining);
  command->add_option("--optimizer", flags->optimizer, "E.g. adam, sgd:momentum=0.9:nesterov=true")
      ->group(kTraining);
  command
      ->add_option("--learning-rate", flags->learning_rate,
                   "A number or a schedule, e.g. \"cosine_decay(0.001, 1000)\"")
      ->group(kTraining);
  command->add_option("--metrics", flags->metrics, "E.g. accuracy,top_k_categorical_accuracy:k=3")
      ->group(kTraining);
  command->add_option("--epochs", flags->epochs, "Passes over the training rows")
      ->type_name("INT")
      ->group(kTraining);
  command->add_option("--batch-size", flags->batch_size, "Rows per step")
      ->type_name("INT")
      ->group(kTraining);
  command->add_option("--seed", flags->seed, "Key of every random choice")
      ->type_name("UINT")
      ->group(kTraining);
  command->add_flag("--no-shuffle", flags->no_shuffle, "Visit the rows in their order")
      ->group(kTraining);
  command
      ->add_option("--early-stopping", flags->early_stopping,
                   "METRIC:PATIENCE, e.g. val_loss:3, val_accuracy:5:mode=max")
      ->group(kTraining);
  command
      ->add_option("--reduce-lr-on-plateau", flags->reduce_lr_on_plateau,
                   "METRIC:PATIENCE, e.g. val_loss:10, val_loss:10:factor=0.5")
      ->group(kTraining);
  command
      ->add_option("--initial-version", flags->initial_version,
                   "Start from the weights of this version")
      ->type_name("INT")
      ->group(kTraining);

  constexpr char kJob[] = "Job";
  command->add_option("--threads", flags->threads, "Threads; never changes the result")
      ->type_name("INT")
      ->group(kJob);
  command
      ->add_option("--max-restarts", flags->max_restarts,
                   "How many daemons may die under the job before it fails; default 5")
      ->type_name("INT")
      ->group(kJob);
  command->add_option("--priority", flags->priority, "Higher starts first, -100 to 100")
      ->type_name("INT")
      ->group(kJob);
  command->add_flag("--detach", flags->detach, "Do not wait for the job")->group(kJob);
  command->add_flag("--validate-only", flags->validate_only, "Check the fit; start nothing")
      ->group(kJob);
}

}  // namespace fitd::cli
