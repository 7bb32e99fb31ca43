#include "client/cli/evaluate_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "client/cli/command.h"
#include "client/cli/flag_faults.h"
#include "client/cli/format.h"
#include "client/cli/table.h"
#include "client/names.h"
#include "client/reflection.h"
#include "client/spec_text.h"
#include "client/status_macros.h"

namespace fitd::cli {
namespace {

struct EvaluateFlags {
  std::string model;
  std::string data;
  std::string rows = "all";
  std::string metrics;
};

constexpr size_t kWidestLabel = 20;

std::string Label(const std::string& name) { return client::Shortened(name, kWidestLabel); }

std::string MatrixText(const v1::ConfusionMatrix& confusion) {
  const int classes = confusion.label_names_size();
  std::vector<std::string> header = {""};
  for (const std::string& name : confusion.label_names()) header.push_back(Label(name));
  Table table(header);
  for (int i = 0; i < classes; ++i) {
    std::vector<std::string> row = {Label(confusion.label_names(i))};
    // A zero is a dot: the eye finds the errors.
    for (int j = 0; j < classes; ++j) {
      const int64_t count = confusion.counts(i * classes + j);
      row.push_back(count == 0 ? "." : std::to_string(count));
    }
    table.AddRow(row);
  }
  return "\nConfusion matrix (down: true, across: predicted)\n\n" + table.ToString("  ");
}

// For more classes than fit on a screen: what was taken for what most often.
std::string ConfusionsText(const v1::ConfusionMatrix& confusion) {
  constexpr size_t kMost = 20;
  struct Confusion {
    int truth;
    int predicted;
    int64_t count;
  };
  const int classes = confusion.label_names_size();
  std::vector<Confusion> confusions;
  for (int i = 0; i < classes; ++i) {
    for (int j = 0; j < classes; ++j) {
      const int64_t count = confusion.counts(i * classes + j);
      if (i != j && count > 0) confusions.push_back({i, j, count});
    }
  }
  // Most rows first, then in the order of the classes.
  std::sort(confusions.begin(), confusions.end(), [](const Confusion& a, const Confusion& b) {
    return std::tie(b.count, a.truth, a.predicted) < std::tie(a.count, b.truth, b.predicted);
  });
  if (confusions.size() > kMost) confusions.resize(kMost);
  Table table({"true", "predicted", "rows"});
  for (const Confusion& c : confusions) {
    table.AddRow({Label(confusion.label_names(c.truth)), Label(confusion.label_names(c.predicted)),
                  FormatCount(c.count)});
  }
  return "\nMost frequent confusions\n\n" + table.ToString("  ");
}

}  // namespace

std::string EvaluationText(const v1::EvaluateResponse& response, const std::string& dataset,
                           int width) {
  Table metrics;
  for (const v1::MetricValue& metric : response.metrics()) {
    metrics.AddRow({metric.name(), metric.has_value() ? FormatNumber(metric.value()) : "-"});
  }
  const std::string version =
      response.job_id().empty()
          ? fmt::format("@{}", response.version())
          : fmt::format(", epoch {} of job {},", response.epoch(), response.job_id());
  std::string text = fmt::format("{}{} on {} of {}\n\n{}", client::Printable(response.model()),
                                 client::Printable(version), FormatCounted(response.rows(), "row"),
                                 client::Printable(dataset), metrics.ToString("  "));
  const v1::ConfusionMatrix& confusion = response.confusion();
  const int classes = confusion.label_names_size();
  if (classes > 0 && confusion.counts_size() == classes * classes) {
    const std::string matrix = MatrixText(confusion);
    size_t widest = 0;
    for (size_t begin = 0, end = 0; (end = matrix.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      widest = std::max(widest,
                        client::DisplayWidth(std::string_view(matrix).substr(begin, end - begin)));
    }
    text += widest <= static_cast<size_t>(width) ? matrix : ConfusionsText(confusion);
  }
  if (!response.classes().empty()) {
    const auto share = [](bool has, double value) {
      return has ? fmt::format("{:.3f}", value) : "-";
    };
    Table classes_table({"class", "precision", "recall", "f1", "rows"});
    for (const v1::ClassReport& report : response.classes()) {
      classes_table.AddRow({Label(report.label()),
                            share(report.has_precision(), report.precision()),
                            share(report.has_recall(), report.recall()),
                            share(report.has_f1(), report.f1()), FormatCount(report.support())});
    }
    text += "\n" + classes_table.ToString("  ");
  }
  return text;
}

namespace {

absl::Status Evaluate(Cli& cli, const EvaluateFlags& flags, FlagFaults& faults) {
  v1::EvaluateRequest request;
  request.set_model(flags.model);
  request.set_dataset(flags.data);
  const auto& selections = *v1::RowSelection_descriptor();
  if (flags.rows != "all") {
    const auto* selection = client::FindEnumValue(selections, flags.rows);
    if (selection == nullptr) {
      std::vector<std::string> known = client::EnumNames(selections);
      known.insert(known.begin(), "all");
      faults.Add("--rows", client::UnknownName("selection", flags.rows, known));
    } else {
      request.set_rows(static_cast<v1::RowSelection>(selection->number()));
    }
  }
  if (!flags.metrics.empty())
    faults.Add("--metrics", client::ParseSpecs(flags.metrics, *request.mutable_metrics()));
  FITD_ASSIGN_OR_RETURN(client::Client * client, cli.Connect());
  if (!faults.empty()) {
    request.set_validate_only(true);
    return faults.With(client->Evaluate(request).status());
  }
  FITD_ASSIGN_OR_RETURN(const v1::EvaluateResponse response, client->Evaluate(request));
  cli.Print(response, [&] { return EvaluationText(response, flags.data, cli.env.terminal.width); });
  return absl::OkStatus();
}

}  // namespace

void AddEvaluateCommand(CLI::App& fitctl, Cli& cli) {
  auto [command, flags] = AddCommand<EvaluateFlags>(
      fitctl, cli, "evaluate",
      "Measure a trained version: metrics, confusion matrix, precision and recall per class",
      "  fitctl evaluate digits --data digits --rows validation\n"
      "  fitctl evaluate mnist@3 --data mnist-test\n"
      "  fitctl evaluate mnist --data mnist-test --metrics \"accuracy, "
      "top_k_categorical_accuracy:k=3\" --output json",
      Evaluate);
  AddArgument(*command, "MODEL", flags->model, "NAME, NAME@VERSION, NAME@ALIAS or job:ID")
      ->required();
  command->add_option("--data", flags->data, "The data set's name")->required();
  command->add_option("--rows", flags->rows,
                      "all, training (those it was trained on) or validation (those held out)");
  command->add_option("--metrics", flags->metrics, "Default: those of the training");
}

}  // namespace fitd::cli
