#include "client/cli/search_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "client/cli/format.h"
#include "client/names.h"

namespace fitd::cli {
namespace {

constexpr int kWidth = 60;
constexpr int kHeight = 10;
constexpr size_t kGroups = 4;

// A trial on an axis.
struct Point {
  std::string value;
  double number = 0;  // The value, or for a choice its place among the choices.
  double score = 0;
};

// The scored trials on one axis, which is either a choice or a range.
struct Scatter {
  std::vector<std::string> choices;  // Empty: a range.
  bool log = false;
  std::vector<Point> points;
};

Scatter ScatterOf(const v1::Search& search, const Trials& trials, const std::string& path) {
  Scatter scatter;
  for (const v1::SearchAxis* axis : AllAxes(search.spec().space())) {
    if (axis->path() != path) continue;
    scatter.log = scatter.log || IsLogarithmic(*axis);
    for (const v1::SearchChoice& choice : axis->choice().choices()) {
      if (std::find(scatter.choices.begin(), scatter.choices.end(), choice.value()) ==
          scatter.choices.end())
        scatter.choices.push_back(choice.value());
    }
  }
  for (const v1::SearchTrial& trial : trials) {
    const std::string value = ParameterOf(trial, path);
    if (!trial.has_score() || value.empty()) continue;
    Point point{.value = value, .number = 0, .score = trial.score()};
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
    labels +=
        fmt::format("{:^{}}", client::Printable(choice).substr(0, std::max(room - 1, 1)), room);
  }
  return labels;
}

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

}  // namespace

std::optional<double> Importance(const v1::Search& search, const Trials& trials,
                                 const std::string& path) {
  return ImportanceOf(ScatterOf(search, trials, path));
}

std::string PlotText(const v1::Search& search, const Trials& trials) {
  std::vector<std::pair<double, std::string>> plots;
  for (const std::string& path : AxisPaths(search.spec().space())) {
    const Scatter scatter = ScatterOf(search, trials, path);
    if (scatter.points.empty()) continue;
    const std::optional<double> importance = ImportanceOf(scatter);
    plots.emplace_back(
        importance.value_or(-1),
        fmt::format("{}{}, importance {}\n\n{}", client::Printable(path),
                    scatter.log ? " (logarithmic)" : "",
                    importance ? fmt::format("{:.2f}", *importance) : "unknown", PlotOf(scatter)));
  }
  if (plots.empty()) return "No trial has a score yet.\n";
  std::sort(plots.begin(), plots.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text = fmt::format("{} of the trials of search {}; * is a trial, # several\n",
                                 client::Printable(search.spec().objective().metric()),
                                 client::Printable(search.name()));
  for (const auto& [importance, plot] : plots) text += "\n" + plot;
  return text;
}

}  // namespace fitd::cli
