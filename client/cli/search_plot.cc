#include "client/cli/search_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "client/axis_text.h"
#include "client/cli/format.h"
#include "client/names.h"

namespace fitd::cli {
namespace {

constexpr int kWidth = 60;
constexpr int kHeight = 10;
constexpr size_t kGroups = 4;

// A trial on an axis.
struct Point {
  int64_t trial = 0;
  std::string value;
  double number = 0;  // The value, or for a choice its place among the choices.
  double score = 0;   // Infinitely bad where the trial failed.
};

// The trials on one axis, which is either a choice or a range.
struct Scatter {
  std::string path;
  std::vector<std::string> choices;  // Empty: a range.
  bool log = false;
  std::vector<Point> points;
};

Scatter ScatterOf(const v1::Search& search, const Trials& trials, const std::string& path) {
  Scatter scatter;
  scatter.path = path;
  for (const v1::SearchAxis* axis : AllAxes(search.spec().space())) {
    if (axis->path() != path) continue;
    scatter.log = scatter.log || IsLogarithmic(*axis);
    for (const v1::SearchChoice& choice : axis->choice().choices()) {
      if (std::find(scatter.choices.begin(), scatter.choices.end(), choice.value()) ==
          scatter.choices.end())
        scatter.choices.push_back(choice.value());
    }
  }
  const double worst = search.spec().objective().mode() == v1::MONITOR_MODE_MAX
                           ? -std::numeric_limits<double>::infinity()
                           : std::numeric_limits<double>::infinity();
  for (const v1::SearchTrial& trial : trials) {
    const std::string value = ParameterOf(trial, path);
    const bool counts = trial.has_score() || trial.state() == v1::JOB_STATE_FAILED;
    if (!counts || value.empty()) continue;
    Point point{.trial = trial.number(),
                .value = value,
                .number = 0,
                .score = trial.has_score() ? trial.score() : worst};
    if (scatter.choices.empty()) {
      if (!absl::SimpleAtod(value, &point.number)) continue;
    } else {
      point.number =
          static_cast<double>(std::find(scatter.choices.begin(), scatter.choices.end(), value) -
                              scatter.choices.begin());
    }
    scatter.points.push_back(std::move(point));
  }
  return scatter;
}

// For each point its place by `key`, equal ones in the middle of theirs.
template <typename Key>
std::vector<double> Ranks(const std::vector<Point>& points, Key Point::* key) {
  std::vector<double> ranks;
  for (const Point& point : points) {
    double below = 0;
    double equal = 0;
    for (const Point& other : points) {
      below += static_cast<double>(other.*key < point.*key);
      equal += static_cast<double>(other.*key == point.*key);
    }
    ranks.push_back(below + (equal - 1) / 2);
  }
  return ranks;
}

// The group of each point.
std::vector<size_t> Groups(const Scatter& scatter) {
  std::vector<size_t> groups;
  if (!scatter.choices.empty()) {
    for (const Point& point : scatter.points) groups.push_back(static_cast<size_t>(point.number));
    return groups;
  }
  const auto count = static_cast<double>(scatter.points.size());
  for (const double rank : Ranks(scatter.points, &Point::number))
    groups.push_back(static_cast<size_t>(rank * kGroups / count));
  return groups;
}

std::optional<double> ImportanceOf(const Scatter& scatter) {
  const std::vector<double> ranks = Ranks(scatter.points, &Point::score);
  const std::vector<size_t> groups = Groups(scatter);
  std::vector<double> sums(std::max(scatter.choices.size(), kGroups));
  std::vector<double> counts(sums.size());
  for (size_t i = 0; i < ranks.size(); ++i) {
    sums[groups[i]] += ranks[i];
    ++counts[groups[i]];
  }
  const auto count = static_cast<double>(ranks.size());
  const double mean = (count - 1) / 2;
  double total = 0;
  for (const double rank : ranks) total += (rank - mean) * (rank - mean);
  double between = 0;
  double used = 0;
  for (size_t group = 0; group < sums.size(); ++group) {
    if (counts[group] == 0) continue;
    ++used;
    const double difference = sums[group] / counts[group] - mean;
    between += counts[group] * difference * difference;
  }
  if (used < 2 || count <= used || total == 0) return std::nullopt;
  const double within = (total - between) / (count - used);
  return std::clamp((between - (used - 1) * within) / total, 0.0, 1.0);
}

// From 0 to 1.
double Share(double low, double high, bool log, double value) {
  if (low == high) return 0.5;
  if (log) return (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
  return (value - low) / (high - low);
}

template <typename Key>
std::pair<const Point*, const Point*> Range(const std::vector<Point>& points, Key Point::* key) {
  const auto [low, high] =
      std::minmax_element(points.begin(), points.end(),
                          [&](const Point& a, const Point& b) { return a.*key < b.*key; });
  return {&*low, &*high};
}

// What stands below the plot: the ends of a range, or the choices.
std::string LabelsOf(const Scatter& scatter) {
  if (scatter.choices.empty()) {
    const auto [low, high] = Range(scatter.points, &Point::number);
    return fmt::format("{:<{}}{}", low->value, kWidth - static_cast<int>(high->value.size()),
                       high->value);
  }
  std::string labels;
  const int room = kWidth / static_cast<int>(scatter.choices.size());
  for (const std::string& choice : scatter.choices) {
    labels += fmt::format("{:^{}}",
                          client::Printable(client::FormatChoice(scatter.path, choice))
                              .substr(0, std::max(room - 1, 1)),
                          room);
  }
  return labels;
}

// `scatter` holds no trial that failed.
std::string PlotOf(const Scatter& scatter) {
  const auto [worst, best] = Range(scatter.points, &Point::score);
  const auto [low, high] = Range(scatter.points, &Point::number);
  std::vector<std::string> rows(kHeight, std::string(kWidth, ' '));
  for (const Point& point : scatter.points) {
    const auto choices = static_cast<double>(scatter.choices.size());
    const double x = choices > 0 ? (point.number + 0.5) / choices
                                 : Share(low->number, high->number, scatter.log, point.number);
    const double y = Share(worst->score, best->score, false, point.score);
    const auto row = static_cast<size_t>(std::lround((1 - y) * (kHeight - 1)));
    const auto column =
        static_cast<size_t>(choices > 0 ? x * kWidth : std::round(x * (kWidth - 1)));
    char& cell = rows[row][column];
    cell = cell == ' ' ? '*' : '#';
  }
  const std::string top = FormatNumber(best->score);
  const std::string bottom = FormatNumber(worst->score);
  const size_t margin = std::max(top.size(), bottom.size());
  std::string text;
  for (size_t row = 0; row < rows.size(); ++row) {
    const std::string& label = row == 0 ? top : row + 1 == rows.size() ? bottom : "";
    rows[row].erase(rows[row].find_last_not_of(' ') + 1);
    text += fmt::format("  {:>{}} |{}\n", label, margin, rows[row]);
  }
  std::string labels = LabelsOf(scatter);
  labels.erase(labels.find_last_not_of(' ') + 1);
  return text + fmt::format("  {:>{}} +{:->{}}\n  {:>{}}  {}\n", "", margin, "", kWidth, "", margin,
                            labels);
}

// All axes, the most important first.
std::vector<std::pair<std::optional<double>, Scatter>> AxesByImportance(const v1::Search& search,
                                                                        const Trials& trials) {
  std::vector<std::pair<std::optional<double>, Scatter>> axes;
  for (const std::string& path : AxisPaths(search.spec().space())) {
    Scatter scatter = ScatterOf(search, trials, path);
    const std::optional<double> importance = ImportanceOf(scatter);
    const auto less = std::find_if(axes.begin(), axes.end(),
                                   [&](const auto& axis) { return axis.first < importance; });
    axes.insert(less, {importance, std::move(scatter)});
  }
  return axes;
}

}  // namespace

std::optional<double> Importance(const v1::Search& search, const Trials& trials,
                                 const std::string& path) {
  return ImportanceOf(ScatterOf(search, trials, path));
}

std::string PlotText(const v1::Search& search, const Trials& trials) {
  std::string plots;
  for (auto& [importance, scatter] : AxesByImportance(search, trials)) {
    std::erase_if(scatter.points, [](const Point& point) { return std::isinf(point.score); });
    if (scatter.points.empty()) continue;
    plots +=
        fmt::format("\n{}{}, importance {}\n\n{}", client::Printable(scatter.path),
                    scatter.log ? " (logarithmic)" : "",
                    importance ? fmt::format("{:.2f}", *importance) : "unknown", PlotOf(scatter));
  }
  if (plots.empty()) return "No trial has a score yet.\n";
  return fmt::format(
      "{} of the trials of search {}; * is a trial, # several\n"
      "Importance is what an axis explains alone (main effects), not together with others; trials\n"
      "that failed count as the worst in it, and are not drawn.\n{}",
      client::Printable(search.spec().objective().metric()), client::Printable(search.name()),
      plots);
}

google::protobuf::Struct PlotData(const v1::Search& search, const Trials& trials) {
  google::protobuf::Struct data;
  auto& fields = *data.mutable_fields();
  fields["search"].set_string_value(search.name());
  fields["objective"].set_string_value(search.spec().objective().metric());
  auto& axes = *fields["axes"].mutable_list_value();
  const auto set = [](const std::optional<double>& number, google::protobuf::Value& value) {
    if (number) {
      value.set_number_value(*number);
    } else {
      value.set_null_value(google::protobuf::NULL_VALUE);
    }
  };
  for (const auto& [importance, scatter] : AxesByImportance(search, trials)) {
    auto& axis = *axes.add_values()->mutable_struct_value()->mutable_fields();
    axis["name"].set_string_value(scatter.path);
    axis["log"].set_bool_value(scatter.log);
    set(importance, axis["importance"]);
    auto& points = *axis["points"].mutable_list_value();
    for (const Point& point : scatter.points) {
      auto& cells = *points.add_values()->mutable_struct_value()->mutable_fields();
      cells["trial"].set_number_value(static_cast<double>(point.trial));
      if (scatter.choices.empty()) {
        cells["value"].set_number_value(point.number);
      } else {
        cells["value"].set_string_value(point.value);
      }
      set(std::isinf(point.score) ? std::nullopt : std::optional(point.score), cells["score"]);
    }
  }
  return data;
}

}  // namespace fitd::cli
