#include "client/cli/error_text.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "client/errors.h"
#include "client/names.h"

namespace fitd::cli {
namespace {

// Where a field of a request comes from: the first entry whose path is the field or a parent of it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 30> kFlags = {{
    {"spec.model", "MODEL"},
    {"spec.input_shape", "--input"},
    {"spec.layers", "--layers"},
    {"spec.dataset", "--data"},
    {"spec.validation_dataset", "--validation-data"},
    {"spec.initial_version", "--initial-version"},
    {"spec.training.loss", "--loss"},
    {"spec.training.optimizer.learning_rate", "--learning-rate"},
    {"spec.training.optimizer", "--optimizer"},
    {"spec.training.metrics", "--metrics"},
    {"spec.training.epochs", "--epochs"},
    {"spec.training.batch_size", "--batch-size"},
    {"spec.training.seed", "--seed"},
    {"spec.training.shuffle", "--no-shuffle"},
    {"spec.training.validation_split", "--validation-split"},
    {"spec.training.class_weight", "--class-weight"},
    {"spec.training.sample_weight_column", "--sample-weight"},
    {"spec.training.early_stopping", "--early-stopping"},
    {"spec.training.reduce_lr_on_plateau", "--reduce-lr-on-plateau"},
    {"spec.training.pipeline.standardize_features", "--standardize-features"},
    {"spec.training.pipeline.standardize_targets", "--standardize-targets"},
    {"spec.resources.threads", "--threads"},
    {"spec.resources.priority", "--priority"},
    {"spec.resources.max_restarts", "--max-restarts"},
    {"spec.space", "--axis"},
    {"spec.algorithm", "--algorithm"},
    {"spec.objective", "--objective"},
    {"model", "MODEL"},
    {"dataset", "--data"},
    {"top_k", "--top-k"},
}};

}  // namespace

std::string_view FlagOf(std::string_view field) {
  for (const auto& [path, flag] : kFlags) {
    if (!field.starts_with(path)) continue;
    const std::string_view rest = field.substr(path.size());
    if (rest.empty() || rest[0] == '.' || rest[0] == '[') return flag;
  }
  return "";
}

std::string ErrorText(const absl::Status& status, const std::string& address) {
  const std::string message = status.message().empty() ? "the daemon gives no reason: " +
                                                             absl::StatusCodeToString(status.code())
                                                       : std::string(status.message());
  if (absl::IsUnavailable(status)) {
    return client::Printable(fmt::format("fitctl: cannot reach fitd at {}: {}\n", address, message),
                             /*keep_lines=*/true);
  }
  const std::vector<client::FieldViolation> violations = client::FieldViolations(status);
  if (violations.empty()) {
    return client::Printable(fmt::format("fitctl: {}\n", message), /*keep_lines=*/true);
  }
  std::string text;
  for (const client::FieldViolation& violation : violations) {
    const std::string_view flag = FlagOf(violation.field);
    std::string where = violation.field;
    if (!flag.empty()) where = fmt::format("{} ({})", flag, violation.field);
    if (!where.empty()) where += ": ";
    text += fmt::format("fitctl: {}{}\n", where, violation.description);
  }
  return client::Printable(text, /*keep_lines=*/true);
}

}  // namespace fitd::cli
