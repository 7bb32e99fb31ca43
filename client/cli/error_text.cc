#include "client/cli/error_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "client/errors.h"
#include "client/names.h"

namespace fitd::cli {
namespace {

// Where a field of a request comes from: the first entry whose path is the field or a parent of it.
constexpr auto kFlags = std::to_array<std::pair<std::string_view, std::string_view>>({
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
    {"spec.training.fold", "--fold"},
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
    {"spec.budget", "--budget"},
    {"spec.cross_validation.repeats", "--repeats"},
    {"spec.cross_validation", "--folds"},
    {"header.name", "NAME"},
    {"header.sources[0].csv.delimiter", "--delimiter"},
    {"header.sources[0].csv.missing_values", "--missing"},
    {"header.sources[0].csv.label_columns", "--label"},
    {"header.sources[0].csv.ignored_columns", "--ignore"},
    {"header.sources[0].csv.column_kinds", "--kind"},
    {"header.sources[0].raw.dtype", "--dtype"},
    {"header.sources[1].raw.dtype", "--dtype"},
    {"header.sources[0].raw.row_shape", "--row-shape"},
    {"header.sources[1].raw.row_shape", "--row-shape"},
    {"model", "MODEL"},
    {"dataset", "--data"},
    {"rows", "--rows"},
    {"metrics", "--metrics"},
    {"top_k", "--top-k"},
    {"expected_version", "--expect"},
});

struct Source {
  std::string_view flag;
  std::string_view inside;  // What of the field lies inside the option's own: "[2].dense.units".
};

Source SourceOf(std::string_view field) {
  // "rows.csv:3:1" is a place in a file, however the file is named.
  if (field.find(':') < field.find('"')) return {};
  for (const auto& [path, flag] : kFlags) {
    if (!field.starts_with(path)) continue;
    const std::string_view rest = field.substr(path.size());
    if (rest.empty() || rest[0] == '.' || rest[0] == '[') return {flag, rest};
  }
  return {};
}

}  // namespace

std::string_view FlagOf(std::string_view field) { return SourceOf(field).flag; }

std::string OptionName(std::string_view flag) {
  flag.remove_prefix(std::min(flag.find_first_not_of('-'), flag.size()));
  return absl::AsciiStrToLower(absl::string_view(flag.data(), flag.size()));
}

bool IsIndex(std::string_view text) {
  if (text.size() < 3 || text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsWholeOption(std::string_view field) {
  const std::string_view inside = SourceOf(field).inside;
  return inside.empty() || IsIndex(inside);
}

std::string ErrorText(const absl::Status& status, const std::string& address) {
  const std::string message = status.message().empty() ? "the daemon gives no reason: " +
                                                             absl::StatusCodeToString(status.code())
                                                       : std::string(status.message());
  if (absl::IsUnavailable(status) && !client::RetryDelay(status)) {
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
