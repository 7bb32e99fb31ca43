#include "client/cli/training_facts.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "client/cli/format.h"
#include "client/spec_text.h"

namespace fitd::cli {

void AddTrainingFacts(const v1::TrainingSpec& training, Table& facts) {
  facts.AddRow({"loss", client::FormatSpec(training.loss())});
  facts.AddRow({"optimizer", client::FormatSpec(training.optimizer())});
  facts.AddRow({"batch size", FormatCount(training.batch_size())});
  facts.AddRow({"seed", std::to_string(training.seed())});
  if (!training.class_weight().empty()) {
    const std::map<std::string, float> sorted(training.class_weight().begin(),
                                              training.class_weight().end());
    std::string weights;
    for (const auto& [label, weight] : sorted) {
      weights += fmt::format("{}{}={}", weights.empty() ? "" : ", ", label, weight);
    }
    facts.AddRow({"class weights", weights});
  }
  if (!training.sample_weight_column().empty())
    facts.AddRow({"sample weights", training.sample_weight_column()});
  if (training.has_early_stopping()) {
    facts.AddRow({"early stopping", client::FormatArguments(training.early_stopping())});
  }
  if (training.has_reduce_lr_on_plateau()) {
    facts.AddRow(
        {"reduce lr on plateau", client::FormatArguments(training.reduce_lr_on_plateau())});
  }
}

}  // namespace fitd::cli
