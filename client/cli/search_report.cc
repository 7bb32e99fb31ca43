#include "client/cli/search_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>

#include "absl/strings/numbers.h"
#include "client/axis_text.h"
#include "client/cli/format.h"
#include "client/cli/table.h"
#include "client/names.h"
#include "client/reflection.h"
#include "client/spec_text.h"

namespace fitd::cli {
namespace {

using Axes = google::protobuf::RepeatedPtrField<v1::SearchAxis>;

// What trials are sorted by beside axes and metrics.
constexpr auto kSortColumns =
    std::to_array<std::string_view>({"trial", "score", "time", "epochs", "state", "parameters"});

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Whether the training has a metric that is called so beside those that have their kinds' names.
bool IsMetric(const v1::TrainingSpec& training, const std::string& name) {
  return name == "loss" ||
         std::any_of(training.metrics().begin(), training.metrics().end(),
                     [&](const v1::MetricSpec& metric) { return metric.name() == name; });
}

// The name of the column of the axis with that path: the whole path of its field where the path is
// the name of another column.
std::string ColumnOf(const v1::Search& search, const std::string& path) {
  const bool taken =
      IsMetric(search.spec().training(), path) ||
      std::find(kSortColumns.begin(), kSortColumns.end(), path) != kSortColumns.end();
  if (!taken) return path;
  for (const v1::SearchAxis* axis : AllAxes(search.spec().space())) {
    if (axis->path() == path && !axis->fields().empty()) return axis->fields(0);
  }
  return path;
}

// Those of all axes.
std::vector<std::string> AxisColumns(const v1::Search& search) {
  std::vector<std::string> columns;
  for (const std::string& path : AxisPaths(search.spec().space()))
    columns.push_back(ColumnOf(search, path));
  return columns;
}

void AddAxes(const Axes& axes, std::vector<const v1::SearchAxis*>& all) {
  for (const v1::SearchAxis& axis : axes) {
    all.push_back(&axis);
    for (const v1::SearchChoice& choice : axis.choice().choices()) AddAxes(choice.axes(), all);
  }
}

std::optional<double> Number(const std::string& text) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value)) return std::nullopt;
  return value;
}

// What it trained itself; trials of earlier builds tell how long they were there.
std::optional<double> TimeOf(const v1::SearchTrial& trial) {
  if (trial.has_training_time()) return Seconds(trial.training_time());
  if (!trial.has_start_time() || !trial.has_end_time()) return std::nullopt;
  return SecondsBetween(trial.start_time(), trial.end_time());
}

// What trials are sorted by: whether it stands behind those that do not, a number, a text. Nothing
// stands last.
using Key = std::optional<std::tuple<bool, double, std::string>>;

Key KeyOf(const std::optional<double>& value, bool behind = false) {
  if (!value || std::isnan(*value)) return std::nullopt;
  return Key({behind, *value, ""});
}

Key KeyOf(const std::string& value) {
  if (value.empty()) return std::nullopt;
  if (const auto number = Number(value)) return KeyOf(number);
  return Key({/*behind numbers*/ true, 0, value});
}

// A row for each axis; those inside a choice stand below it, behind the value that brings them.
void AddRows(const Axes& axes, size_t depth, const std::string& value, Table& facts) {
  for (const v1::SearchAxis& axis : axes) {
    facts.AddRow({"axis", std::string(2 * depth, ' ') + value + client::FormatAxis(axis)});
    for (const v1::SearchChoice& choice : axis.choice().choices())
      AddRows(choice.axes(), depth + 1, client::FormatChoice(axis.path(), choice.value()) + ": ",
              facts);
  }
}

std::string Optional(const std::optional<double>& value, std::string (*format)(double)) {
  return value ? format(*value) : "-";
}

std::string Scalar(double value) { return fmt::format("{}", value); }

// As RFC 4180 has it.
std::string CsvLine(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    if (!line.empty() || &cell != cells.data()) line += ',';
    if (cell.find_first_of(",\"\r\n") == cell.npos) {
      line += cell;
      continue;
    }
    line += '"';
    for (const char c : cell) line += c == '"' ? std::string("\"\"") : std::string(1, c);
    line += '"';
  }
  return line + "\n";
}

// The names of the metrics of any trial, in the order in which they are told.
std::vector<std::string> MetricNames(const Trials& trials) {
  std::vector<std::string> names;
  for (const v1::SearchTrial& trial : trials) {
    for (const v1::MetricValue& metric : trial.metrics()) {
      if (!Contains(names, metric.name())) names.push_back(metric.name());
    }
  }
  return names;
}

std::optional<double> MetricOf(const v1::SearchTrial& trial, const std::string& name) {
  for (const v1::MetricValue& metric : trial.metrics()) {
    if (metric.name() == name && metric.has_value()) return metric.value();
  }
  return std::nullopt;
}

// How many fits the trials have; 0 where each is one.
int FitsOf(const Trials& trials) {
  int fits = 0;
  for (const v1::SearchTrial& trial : trials) fits = std::max(fits, trial.fits_size());
  return fits;
}

std::optional<double> DeviationOf(const v1::SearchTrial& trial) {
  return trial.has_score_deviation() ? std::optional(trial.score_deviation()) : std::nullopt;
}

// The columns that tell how a trial or a fit did.
void AddResultHeader(const v1::Search& search, bool several, std::vector<std::string>& header) {
  for (const char* column : {"state", "epochs"}) header.emplace_back(column);
  header.push_back(search.spec().objective().metric());
  if (several) header.emplace_back("+/-");
  for (const char* column : {"time", "version", "metrics"}) header.emplace_back(column);
}

void AddResult(const v1::Search& search, const v1::SearchTrial& trial, bool several,
               std::vector<std::string>& row) {
  row.push_back(TrialState(trial));
  row.push_back(std::to_string(trial.epochs()));
  row.push_back(trial.has_score() ? FormatNumber(trial.score()) : "-");
  if (several) row.push_back(Optional(DeviationOf(trial), &FormatNumber));
  row.push_back(Optional(TimeOf(trial), &FormatSeconds));
  row.push_back(trial.version() == 0 ? "-" : fmt::format("{}@{}", search.name(), trial.version()));
  std::string result =
      trial.has_failure() ? FormatFailure(trial.failure()) : FormatMetrics(trial.metrics());
  if (!trial.stop_reason().empty()) result += (result.empty() ? "" : "; ") + trial.stop_reason();
  row.push_back(result);
}

// Of a trial with several fits.
std::string JobsOf(const v1::SearchTrial& trial) {
  std::string jobs = trial.job_id();
  for (const v1::SearchTrial& fit : trial.fits()) jobs += (jobs.empty() ? "" : " ") + fit.job_id();
  return jobs;
}

}  // namespace

std::vector<const v1::SearchAxis*> AllAxes(const v1::SearchSpace& space) {
  std::vector<const v1::SearchAxis*> axes;
  AddAxes(space.axes(), axes);
  return axes;
}

bool IsLogarithmic(const v1::SearchAxis& axis) { return axis.real().log() || axis.integer().log(); }

std::string FormatState(v1::SearchState state) {
  return v1::SearchState_Name(state).substr(sizeof("SEARCH_STATE_") - 1);
}

std::vector<std::string> AxisPaths(const v1::SearchSpace& space) {
  std::vector<std::string> paths;
  for (const v1::SearchAxis* axis : AllAxes(space)) {
    if (!Contains(paths, axis->path())) paths.push_back(axis->path());
  }
  return paths;
}

std::string ParameterOf(const v1::SearchTrial& trial, const std::string& path) {
  for (const v1::TrialParameter& parameter : trial.parameters()) {
    if (parameter.path() == path) return parameter.value();
  }
  return "";
}

std::string WholeMetricName(const std::string& name, const v1::TrainingSpec& training) {
  const std::string prefix = name.starts_with("val_") ? "val_" : "";
  const std::string metric = name.substr(prefix.size());
  const auto* kind = client::FindKind(*client::Kinds(*v1::MetricSpec::descriptor()), metric);
  return kind == nullptr || IsMetric(training, metric) ? name : prefix + kind->name();
}

absl::Status SortTrials(const v1::Search& search, const std::string& column, bool reverse,
                        Trials& trials) {
  const std::vector<std::string> axes = AxisColumns(search);
  const std::vector<std::string> metrics = MetricNames(trials);
  std::vector<std::string> known(kSortColumns.begin(), kSortColumns.end());
  known.insert(known.end(), axes.begin(), axes.end());
  known.insert(known.end(), metrics.begin(), metrics.end());
  const std::string by =
      Contains(known, column) ? column : WholeMetricName(column, search.spec().training());
  if (!Contains(known, by))
    return absl::InvalidArgumentError("--sort: " + client::UnknownName("column", column, known));
  const auto axis = std::find(axes.begin(), axes.end(), by);
  const std::string path =
      axis == axes.end() ? "" : AxisPaths(search.spec().space())[axis - axes.begin()];
  const double sign = search.spec().objective().mode() == v1::MONITOR_MODE_MAX ? -1 : 1;
  const auto key = [&](const v1::SearchTrial& trial) -> Key {
    if (by == "trial") return KeyOf(static_cast<double>(trial.number()));
    if (by == "epochs") return KeyOf(static_cast<double>(trial.epochs()));
    if (by == "state") return KeyOf(static_cast<double>(trial.state()));
    if (by == "time") return KeyOf(TimeOf(trial));
    if (by == "score") {
      return KeyOf(trial.has_score() ? std::optional(sign * trial.score()) : std::nullopt,
                   trial.state() != v1::JOB_STATE_SUCCEEDED);
    }
    if (by == "parameters") return KeyOf(static_cast<double>(trial.trainable_parameters()));
    return path.empty() ? KeyOf(MetricOf(trial, by)) : KeyOf(ParameterOf(trial, path));
  };
  std::sort(trials.begin(), trials.end(), [&](const auto& a, const auto& b) {
    const Key x = key(a);
    const Key y = key(b);
    if (x.has_value() != y.has_value()) return x.has_value();
    if (x == y) return a.number() < b.number();
    return reverse ? y < x : x < y;
  });
  return absl::OkStatus();
}

std::string TrialState(const v1::SearchTrial& trial) {
  const bool stopped = trial.state() == v1::JOB_STATE_CANCELLED && trial.has_score();
  return stopped ? "STOPPED" : FormatState(trial.state());
}

std::string RemainingText(const v1::Search& search) {
  std::string text;
  if (search.has_estimated_remaining())
    text = "about " + FormatSeconds(Seconds(search.estimated_remaining()));
  if (search.has_budget_remaining()) {
    text += fmt::format("{}its budget ends it after {}", text.empty() ? "" : "; ",
                        FormatSeconds(Seconds(search.budget_remaining())));
  }
  return text;
}

std::string SearchText(const v1::Search& search) {
  const v1::SearchSpec& spec = search.spec();
  Table facts;
  facts.AddRow({"state", FormatState(search.state())});
  facts.AddRow({"model", spec.model()});
  facts.AddRow({"data set", spec.dataset()});
  facts.AddRow({"algorithm", client::FormatSpec(spec.algorithm())});
  const auto* mode = v1::MonitorMode_descriptor()->FindValueByNumber(spec.objective().mode());
  facts.AddRow({"objective", fmt::format("{} ({})", spec.objective().metric(),
                                         mode == nullptr ? "" : client::ShortName(*mode))});
  AddRows(spec.space().axes(), 0, "", facts);
  std::string trials = fmt::format("{} of {} ended", FormatCount(search.ended_trials()),
                                   FormatCount(search.planned_trials()));
  if (search.unscored_trials() > 0)
    trials += fmt::format(", {} without a score", FormatCount(search.unscored_trials()));
  facts.AddRow({"trials", trials});
  if (search.planned_jobs() > search.planned_trials()) {
    const v1::CrossValidationSpec& validation = spec.cross_validation();
    std::string fits = validation.folds() > 0 ? fmt::format("{} folds", validation.folds()) : "";
    if (validation.repeats() > 1) {
      fits += fmt::format("{}{} repetitions", fits.empty() ? "" : ", ", validation.repeats());
    }
    facts.AddRow({"jobs", fmt::format("{} at most: {}", FormatCount(search.planned_jobs()), fits)});
  }
  facts.AddRow({"epochs", fmt::format("{} at most", FormatCount(search.planned_epochs()))});
  const v1::SearchBudget& budget = spec.budget();
  std::vector<std::string> bounds;
  if (budget.trials() > 0) bounds.push_back(FormatCount(budget.trials()) + " trials");
  if (budget.epochs() > 0) bounds.push_back(FormatCount(budget.epochs()) + " epochs");
  if (budget.seconds() > 0) bounds.push_back(FormatSeconds(budget.seconds()));
  if (!bounds.empty()) facts.AddRow({"budget", fmt::format("{}", fmt::join(bounds, ", "))});
  if (const std::string remaining = RemainingText(search); !remaining.empty())
    facts.AddRow({"remaining", remaining});
  if (search.best_trial() != 0) {
    facts.AddRow({"best", fmt::format("trial {}, {} {}, {}@{}", search.best_trial(),
                                      spec.objective().metric(), BestScoreText(search),
                                      search.name(), search.best_version())});
  }
  facts.AddRow({"created", FormatTime(search.create_time())});
  facts.AddRow({"ended", FormatTime(search.end_time())});
  return fmt::format("Search {}\n\n{}", client::Printable(search.name()), facts.ToString("  "));
}

std::string ScoreText(double score, const std::optional<double>& deviation) {
  if (!deviation) return FormatNumber(score);
  return fmt::format("{} +/- {}", FormatNumber(score), FormatNumber(*deviation));
}

std::string ScoreText(const v1::SearchTrial& trial) {
  return ScoreText(trial.score(), DeviationOf(trial));
}

std::string BestScoreText(const v1::Search& search) {
  return ScoreText(search.best_score(), search.has_best_score_deviation()
                                            ? std::optional(search.best_score_deviation())
                                            : std::nullopt);
}

std::string FitsText(const v1::Search& search, const v1::SearchTrial& trial) {
  if (trial.fits().empty()) return "";
  const bool folds = search.spec().cross_validation().folds() > 0;
  const bool repeats = search.spec().cross_validation().repeats() > 1;
  std::vector<std::string> header;
  if (repeats) header.emplace_back("repetition");
  if (folds) header.emplace_back("fold");
  header.emplace_back("job");
  AddResultHeader(search, /*several=*/false, header);
  Table table(header);
  for (const v1::SearchTrial& fit : trial.fits()) {
    std::vector<std::string> row;
    if (repeats) row.push_back(std::to_string(fit.repeat()));
    if (folds) row.push_back(std::to_string(fit.fold()));
    row.push_back(fit.job_id());
    AddResult(search, fit, /*several=*/false, row);
    table.AddRow(row);
  }
  return table.ToString();
}

std::string TrialsText(const v1::Search& search, const Trials& trials, size_t most) {
  const std::vector<std::string> axes = AxisPaths(search.spec().space());
  const bool several = FitsOf(trials) > 0;
  std::vector<std::string> header = {"trial"};
  for (const std::string& axis : axes) header.push_back(ColumnOf(search, axis));
  AddResultHeader(search, several, header);
  Table table(header);
  for (size_t i = 0; i < std::min(most, trials.size()); ++i) {
    const v1::SearchTrial& trial = trials[i];
    std::vector<std::string> row = {std::to_string(trial.number())};
    for (const std::string& axis : axes) {
      const std::string value = ParameterOf(trial, axis);
      row.push_back(value.empty() ? "-" : client::FormatChoice(axis, value));
    }
    AddResult(search, trial, several, row);
    table.AddRow(row);
  }
  std::string text = table.ToString();
  if (trials.size() > most) text += fmt::format("... and {} more\n", trials.size() - most);
  return text;
}

std::string ParametersText(const v1::SearchTrial& trial) {
  std::string text;
  for (const v1::TrialParameter& parameter : trial.parameters()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : "  ", parameter.path(),
                        client::FormatChoice(parameter.path(), parameter.value()));
  }
  return client::Printable(text);
}

std::string TrialsCsv(const v1::Search& search, const Trials& trials) {
  const std::vector<std::string> axes = AxisPaths(search.spec().space());
  const std::vector<std::string> metrics = MetricNames(trials);
  std::vector<std::string> header = {"trial"};
  for (const std::string& axis : axes) header.push_back(ColumnOf(search, axis));
  for (const char* column : {"state", "epochs", "score"}) header.emplace_back(column);
  const int fits = FitsOf(trials);
  if (fits > 0) header.emplace_back("score_deviation");
  for (int fit = 1; fit <= fits; ++fit) header.push_back(fmt::format("score_{}", fit));
  header.insert(header.end(), metrics.begin(), metrics.end());
  for (const char* column : {"seconds", "trainable_parameters", "job", "version", "weights_sha256",
                             "failure", "stop_reason"})
    header.emplace_back(column);
  std::string csv = CsvLine(header);
  const auto cell = [](const std::optional<double>& value) { return value ? Scalar(*value) : ""; };
  for (const v1::SearchTrial& trial : trials) {
    std::vector<std::string> row = {std::to_string(trial.number())};
    for (const std::string& axis : axes) row.push_back(ParameterOf(trial, axis));
    row.push_back(TrialState(trial));
    row.push_back(std::to_string(trial.epochs()));
    row.push_back(trial.has_score() ? Scalar(trial.score()) : "");
    if (fits > 0) row.push_back(cell(DeviationOf(trial)));
    for (int fit = 0; fit < fits; ++fit) {
      const bool scored = fit < trial.fits_size() && trial.fits(fit).has_score();
      row.push_back(scored ? Scalar(trial.fits(fit).score()) : "");
    }
    for (const std::string& metric : metrics) row.push_back(cell(MetricOf(trial, metric)));
    row.push_back(cell(TimeOf(trial)));
    row.push_back(std::to_string(trial.trainable_parameters()));
    row.push_back(JobsOf(trial));
    row.push_back(trial.version() == 0 ? "" : std::to_string(trial.version()));
    row.push_back(trial.weights_sha256());
    row.push_back(trial.has_failure() ? FormatFailure(trial.failure()) : "");
    row.push_back(trial.stop_reason());
    csv += CsvLine(row);
  }
  return csv;
}

google::protobuf::Struct ParallelCoordinates(const v1::Search& search, const Trials& trials) {
  google::protobuf::Struct data;
  const std::vector<const v1::SearchAxis*> axes = AllAxes(search.spec().space());
  auto& dimensions = *(*data.mutable_fields())["dimensions"].mutable_list_value();
  std::map<std::string, std::vector<std::string>> texts;  // Of axes whose values are no numbers.
  const std::vector<std::string> paths = AxisPaths(search.spec().space());
  for (const std::string& path : paths) {
    auto& fields = *dimensions.add_values()->mutable_struct_value()->mutable_fields();
    fields["name"].set_string_value(ColumnOf(search, path));
    std::vector<std::string> values;
    bool numbers = true;
    bool log = false;
    for (const v1::SearchAxis* axis : axes) {
      if (axis->path() != path) continue;
      log = log || IsLogarithmic(*axis);
      for (const v1::SearchChoice& choice : axis->choice().choices()) {
        numbers = numbers && Number(choice.value());
        if (!Contains(values, choice.value())) values.push_back(choice.value());
      }
    }
    fields["log"].set_bool_value(log);
    if (numbers) continue;
    texts[path] = values;
    for (const std::string& value : values)
      fields["values"].mutable_list_value()->add_values()->set_string_value(value);
  }
  auto& score = *dimensions.add_values()->mutable_struct_value()->mutable_fields();
  score["name"].set_string_value(search.spec().objective().metric());
  score["log"].set_bool_value(false);

  auto& rows = *(*data.mutable_fields())["trials"].mutable_list_value();
  for (const v1::SearchTrial& trial : trials) {
    auto& fields = *rows.add_values()->mutable_struct_value()->mutable_fields();
    fields["trial"].set_number_value(static_cast<double>(trial.number()));
    auto& coordinates = *fields["coordinates"].mutable_list_value();
    const auto add = [&](const std::optional<double>& value) {
      if (value) {
        coordinates.add_values()->set_number_value(*value);
      } else {
        coordinates.add_values()->set_null_value(google::protobuf::NULL_VALUE);
      }
    };
    for (const std::string& path : paths) {
      const std::string value = ParameterOf(trial, path);
      const auto found = texts.find(path);
      if (found == texts.end()) {
        add(Number(value));
        continue;
      }
      const auto at = std::find(found->second.begin(), found->second.end(), value);
      add(at == found->second.end()
              ? std::nullopt
              : std::optional(static_cast<double>(at - found->second.begin())));
    }
    add(trial.has_score() ? std::optional(trial.score()) : std::nullopt);
  }
  return data;
}

}  // namespace fitd::cli
