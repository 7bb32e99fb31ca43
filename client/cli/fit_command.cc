#include "client/cli/fit_command.h"

#include <fmt/format.h>

#include <optional>

#include "client/cli/command.h"
#include "client/cli/fit_flags.h"
#include "client/cli/flag_faults.h"
#include "client/cli/follow_job.h"
#include "client/cli/format.h"
#include "client/spec_text.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

struct FitCommandFlags {
  FitFlags fit;
  std::optional<std::string> initial_version;
  bool validate_only = false;
  bool detach = false;
};

std::string CheckedText(const v1::Job& job) {
  const v1::TrainingSpec& training = job.spec().training();
  return fmt::format(
      "The fit is valid: {} trainable parameters, {} with {}, epochs {}, batch size {}\n",
      FormatCount(job.trainable_parameters()), client::FormatSpec(training.loss()),
      client::FormatSpec(training.optimizer()), training.epochs(), training.batch_size());
}

absl::Status Fit(Cli& cli, const FitCommandFlags& flags, FlagFaults& faults) {
  v1::StartFitRequest request;
  *request.mutable_spec() = FitFrom(flags.fit, faults);
  faults.SetField("--initial-version", flags.initial_version, "initial_version",
                  *request.mutable_spec());
  request.set_validate_only(flags.validate_only || !faults.empty());
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  if (faults.Has(kFile)) return faults.ToStatus();
  const absl::StatusOr<v1::StartFitResponse> response = client->StartFit(request);
  if (!faults.empty() || !response.ok()) return faults.With(response.status());
  const v1::Job& job = response->job();
  if (flags.validate_only) {
    cli.Print(job, [&] { return CheckedText(job); });
    return absl::OkStatus();
  }
  return ReportStart(cli, job, flags.detach);
}

}  // namespace

void AddFitCommand(CLI::App& fitctl, Cli& cli) {
  auto [command, flags] = AddCommand<FitCommandFlags>(
      fitctl, cli, "fit", "Train a model on a data set and follow the job",
      "  fitctl fit digits --data digits --validation-split 0.2 --loss "
      "sparse_categorical_crossentropy --optimizer adam "
      "--epochs 20 --metrics accuracy --seed 7\n"
      "  fitctl fit prices --data houses --loss huber:delta=2 --optimizer adam:beta_1=0.95 "
      "--learning-rate \"cosine_decay(0.001, 1000)\" --early-stopping val_loss:3 "
      "--validation-split 0.1\n"
      "  fitctl fit -f fit.yaml --seed 8 --detach",
      Fit);
  AddArgument(*command, "MODEL", flags->fit.model, "The model's name");
  command->add_option("-f,--file", flags->fit.file,
                      "Read the fit from a YAML file; options override it");
  AddFitFlags(*command, flags->fit);
  command
      ->add_option("--fold", flags->fit.fold,
                   "INDEX/COUNT: hold out this one of so many parts of the rows, e.g. 2/5")
      ->type_name("TEXT")
      ->group("Data");
  command
      ->add_option("--initial-version", flags->initial_version,
                   "Start from the weights of this version")
      ->type_name("INT")
      ->group("Training");
  constexpr char kJob[] = "Job";
  command->add_flag("--detach", flags->detach, "Do not wait for the job")->group(kJob);
  command->add_flag("--validate-only", flags->validate_only, "Check the fit; start nothing")
      ->group(kJob);
}

}  // namespace fitd::cli
