#include "client/cli/fit_flags.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "client/names.h"
#include "client/spec_text.h"

namespace fitd::cli {
namespace {

// "setosa=2" -> {"setosa", 2}.
absl::Status AddClassWeight(const std::string& text, v1::TrainingSpec& training) {
  const size_t equals = text.rfind('=');
  double weight = 0;
  if (equals == std::string::npos || !absl::SimpleAtod(text.substr(equals + 1), &weight)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected LABEL=WEIGHT, the weight a number", client::Quoted(text)));
  }
  const std::string label = text.substr(0, equals);
  const bool is_new =
      training.mutable_class_weight()->insert({label, static_cast<float>(weight)}).second;
  return is_new ? absl::OkStatus()
                : absl::InvalidArgumentError(client::Quoted(label) + " is given twice");
}

// "2/5" -> {2, 5}.
absl::Status ParseFold(const std::string& text, v1::FoldSpec& fold) {
  const size_t slash = text.find('/');
  int64_t index = 0;
  int64_t count = 0;
  if (slash == std::string::npos || !absl::SimpleAtoi(text.substr(0, slash), &index) ||
      !absl::SimpleAtoi(text.substr(slash + 1), &count)) {
    return absl::InvalidArgumentError(
        fmt::format("is {}; expected INDEX/COUNT, e.g. 2/5", client::Quoted(text)));
  }
  fold.set_index(index);
  fold.set_count(count);
  return absl::OkStatus();
}

void SetTraining(const FitFlags& flags, v1::TrainingSpec& training, FlagFaults& faults) {
  faults.SetField("--validation-split", flags.validation_split, "validation_split", training);
  if (flags.fold) {
    faults.Add("--fold", ParseFold(*flags.fold, *training.mutable_fold()));
    if (faults.Has("--fold")) training.clear_fold();
  }
  if (flags.loss) {
    training.clear_loss();
    faults.Add("--loss", client::ParseSpec(*flags.loss, *training.mutable_loss()));
  }
  if (flags.optimizer) {
    training.clear_optimizer();
    faults.Add("--optimizer", client::ParseSpec(*flags.optimizer, *training.mutable_optimizer()));
  }
  if (flags.learning_rate) {
    if (flags.optimizer && training.optimizer().has_learning_rate()) {
      faults.Add("--learning-rate", "excludes the learning_rate of --optimizer; give one of them");
    }
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

template <typename Spec>
Spec SpecFrom(const FitFlags& flags, std::string_view model_flag, FlagFaults& faults) {
  Spec spec;
  faults.ReadSpec(flags.file, spec);
  if (!flags.model.empty()) spec.set_model(flags.model);
  if (flags.data) spec.set_dataset(*flags.data);
  if (flags.validation_data) spec.set_validation_dataset(*flags.validation_data);
  v1::ResourceSpec resources = spec.resources();
  faults.SetField("--threads", flags.threads, "threads", resources);
  faults.SetField("--priority", flags.priority, "priority", resources);
  faults.SetField("--max-restarts", flags.max_restarts, "max_restarts", resources);
  if (resources.ByteSizeLong() > 0) *spec.mutable_resources() = std::move(resources);
  SetTraining(flags, *spec.mutable_training(), faults);
  if (faults.Has(kFile)) return spec;  // Nobody knows what it would have said.
  if (spec.model().empty() && !faults.InFile("spec.model"))
    faults.Add(model_flag, "required, here or as \"model\" in the file");
  if (spec.dataset().empty() && !faults.InFile("spec.dataset"))
    faults.Add("--data", "required, here or as \"dataset\" in the file");
  return spec;
}

}  // namespace

v1::FitSpec FitFrom(const FitFlags& flags, FlagFaults& faults) {
  v1::FitSpec spec = SpecFrom<v1::FitSpec>(flags, "MODEL", faults);
  if (!spec.training().has_loss() && !faults.InFile("spec.training.loss") && !faults.Has(kFile))
    faults.Add("--loss", "required, here or as \"training: loss\" in the file");
  return spec;
}

v1::SearchSpec SearchFrom(const FitFlags& flags, FlagFaults& faults) {
  return SpecFrom<v1::SearchSpec>(flags, "--model", faults);
}

void AddFitFlags(CLI::App& command, FitFlags& flags) {
  constexpr char kData[] = "Data";
  command.add_option("--data", flags.data, "Data set to train on")->group(kData);
  command.add_option("--validation-data", flags.validation_data, "Data set to validate on")
      ->group(kData);
  command
      .add_option("--validation-split", flags.validation_split,
                  "Share of the rows held out for validation, e.g. 0.2")
      ->type_name("FLOAT")
      ->group(kData);
  command.add_option("--sample-weight", flags.sample_weight, "Column that weighs the rows")
      ->group(kData);
  command
      .add_option("--class-weight", flags.class_weight,
                  "Weights of classes: setosa=2,virginica=0.5")
      ->delimiter(',')
      ->group(kData);
  command
      .add_flag("--standardize-features", flags.standardize_features,
                "Bring numeric columns to mean 0, deviation 1 (default for tables)")
      ->group(kData);
  command
      .add_flag("--no-standardize-features", flags.no_standardize_features,
                "Take numeric columns as they are")
      ->group(kData);
  command
      .add_flag("--standardize-targets", flags.standardize_targets,
                "Train a regression on targets of mean 0, deviation 1")
      ->group(kData);
  command
      .add_flag("--no-standardize-targets", flags.no_standardize_targets,
                "Take targets as they are")
      ->group(kData);

  constexpr char kTraining[] = "Training";
  command
      .add_option(
          "--loss", flags.loss,
          "What to minimise, e.g. sparse_categorical_crossentropy, mse, huber:delta=2; required, "
          "unless a search has it as an axis")
      ->group(kTraining);
  command
      .add_option("--optimizer", flags.optimizer,
                  "E.g. adam, sgd:momentum=0.9:nesterov=true; default: rmsprop")
      ->group(kTraining);
  command
      .add_option("--learning-rate", flags.learning_rate,
                  "A number or a schedule, e.g. \"cosine_decay(0.001, 1000)\"; default: the "
                  "optimizer's, 0.001 "
                  "or 0.01 for sgd")
      ->group(kTraining);
  command.add_option("--metrics", flags.metrics, "E.g. accuracy,top_k_categorical_accuracy:k=3")
      ->group(kTraining);
  command.add_option("--epochs", flags.epochs, "Passes over the training rows; default: 1")
      ->type_name("INT")
      ->group(kTraining);
  command.add_option("--batch-size", flags.batch_size, "Rows per step; default: 32")
      ->type_name("INT")
      ->group(kTraining);
  command.add_option("--seed", flags.seed, "Key of every random choice; default: 0")
      ->type_name("UINT")
      ->group(kTraining);
  command.add_flag("--no-shuffle", flags.no_shuffle, "Visit the rows in their order")
      ->group(kTraining);
  command
      .add_option("--early-stopping", flags.early_stopping,
                  "METRIC:PATIENCE, e.g. val_loss:3, val_accuracy:5:mode=max")
      ->group(kTraining);
  command
      .add_option("--reduce-lr-on-plateau", flags.reduce_lr_on_plateau,
                  "METRIC:PATIENCE, e.g. val_loss:10, val_loss:10:factor=0.5")
      ->group(kTraining);

  constexpr char kJob[] = "Job";
  command.add_option("--threads", flags.threads, "Threads; never changes the result")
      ->type_name("INT")
      ->group(kJob);
  command
      .add_option("--max-restarts", flags.max_restarts,
                  "How many daemons may die under the job before it fails; default 5")
      ->type_name("INT")
      ->group(kJob);
  command.add_option("--priority", flags.priority, "Higher starts first, -100 to 100")
      ->type_name("INT")
      ->group(kJob);
}

}  // namespace fitd::cli
