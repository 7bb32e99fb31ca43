#include "core/train/fit_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>

#include "core/base/counted.h"
#include "core/base/names.h"
#include "core/train/targets.h"

namespace fitd {
namespace {

constexpr size_t kMostNames = 5;

// "a", "b", "c", ... and how many more.
std::string NameList(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMostNames); ++i)
    text += (i == 0 ? "" : ", ") + Quoted(names[i]);
  if (names.size() > kMostNames) text += fmt::format(" and {} more", names.size() - kMostNames);
  return text;
}

// Rows of each class.
std::vector<int64_t> ClassCounts(const RowSet& set, size_t classes) {
  constexpr size_t kChunk = 4096;
  std::vector<int64_t> counts(classes);
  std::vector<float> targets(kChunk);
  for (size_t begin = 0; begin < set.rows.size(); begin += kChunk) {
    const size_t count = std::min(kChunk, set.rows.size() - begin);
    set.source->GatherTargets({set.rows.data() + begin, count}, targets.data());
    for (size_t i = 0; i < count; ++i) ++counts[static_cast<size_t>(targets[i])];
  }
  return counts;
}

void WarnOfClasses(const FitData& data, std::vector<std::string>& warnings) {
  const auto& names = data.pipeline.state().target().classes().label_names();
  const auto classes = static_cast<size_t>(names.size());
  const std::vector<int64_t> training = ClassCounts(data.training, classes);
  const std::vector<int64_t> validation = ClassCounts(data.validation, classes);
  std::vector<std::string> not_trained;
  std::vector<std::string> not_validated;
  size_t labels = 0;
  for (size_t i = 0; i < classes; ++i) {
    if (training[i] + validation[i] > 0) ++labels;
    const std::string& name = names[static_cast<int>(i)];
    if (training[i] == data.training.size()) {
      warnings.push_back(fmt::format(
          "all training rows are of class {}: there is nothing to tell apart", Quoted(name)));
    }
    if (training[i] == 0 && validation[i] > 0) not_trained.push_back(name);
    if (training[i] > 0 && validation[i] == 0) not_validated.push_back(name);
  }
  if (labels > 1 && labels < classes) {
    warnings.push_back(fmt::format(
        "the model has {} outputs, but the data has {} labels: the other outputs stand for nothing",
        classes, labels));
  }
  if (!not_trained.empty()) {
    warnings.push_back("validation rows are of classes that no training row has: " +
                       NameList(not_trained));
  }
  if (!not_validated.empty() && !data.validation.rows.empty()) {
    warnings.push_back("no validation row is of class " + NameList(not_validated));
  }
}

// The table's columns of a role that hold the same number in every row.
std::vector<std::string> ConstantColumns(const v1::TableHeader& header, v1::ColumnRole role) {
  std::vector<std::string> names;
  for (int i = 0; i < std::min(header.columns_size(), header.statistics_size()); ++i) {
    const v1::ColumnSchema& column = header.columns(i);
    const v1::ColumnStatistics& statistics = header.statistics(i);
    const bool constant =
        statistics.has_min() && statistics.has_max() && statistics.min() == statistics.max();
    if (column.role() == role && column.shape().empty() && constant) names.push_back(column.name());
  }
  return names;
}

// "softmax".
std::string ActivationName(v1::ActivationSpec::KindCase activation) {
  return v1::ActivationSpec::descriptor()->FindFieldByNumber(activation)->name();
}

// The function that the network's outputs come from; none when it ends in another kind of layer.
std::optional<v1::ActivationSpec::KindCase> FinalActivation(const v1::ModelSpec& model) {
  const v1::LayerSpec& last = model.layers(model.layers_size() - 1);
  if (last.has_dense()) return last.dense().activation().kind_case();
  if (last.has_activation()) return last.activation().kind_case();
  return std::nullopt;
}

// A loss that takes logits for probabilities, or the reverse, trains badly and says nothing.
void WarnOfProbabilities(const FitInput& input, v1::ActivationSpec::KindCase activation,
                         std::vector<std::string>& warnings) {
  const v1::LossSpec& loss = input.training.loss();
  const bool binary = loss.has_binary_crossentropy();
  const bool probabilities = activation == v1::ActivationSpec::kSoftmax ||
                             (binary && activation == v1::ActivationSpec::kSigmoid);
  const char* function = binary ? "sigmoid" : "softmax";
  if (FromLogits(loss) && probabilities) {
    warnings.push_back(fmt::format(
        "the loss takes outputs for logits, but the model ends in {}: leave out one of the two",
        ActivationName(activation)));
  } else if (!FromLogits(loss) && !probabilities) {
    warnings.push_back(fmt::format(
        "the loss takes outputs for probabilities, but the model ends in {}: end it in {}{}",
        ActivationName(activation), function,
        activation == v1::ActivationSpec::kLinear ? " or set from_logits" : ""));
  }
}

// What an activation's values lie between.
struct Span {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};
Span ValuesOf(v1::ActivationSpec::KindCase activation) {
  switch (activation) {
    case v1::ActivationSpec::kSigmoid:
    case v1::ActivationSpec::kSoftmax:
      return {.low = 0, .high = 1};
    case v1::ActivationSpec::kTanh:
      return {.low = -1, .high = 1};
    case v1::ActivationSpec::kRelu:
    case v1::ActivationSpec::kSoftplus:
      return {.low = 0};
    default:
      return {};
  }
}

// Targets that no output can reach.
void WarnOfTargets(const FitInput& input, const FitData& data,
                   v1::ActivationSpec::KindCase activation, std::vector<std::string>& warnings) {
  if (data.pipeline.state().target().regression().mean_size() > 0) return;  // They are rescaled.
  const Span values = ValuesOf(activation);
  const v1::TableHeader& header = input.train->header();
  for (int i = 0; i < std::min(header.columns_size(), header.statistics_size()); ++i) {
    const v1::ColumnStatistics& statistics = header.statistics(i);
    if (header.columns(i).role() != v1::COLUMN_ROLE_LABEL) continue;
    if (statistics.min() >= values.low && statistics.max() <= values.high) continue;
    warnings.push_back(
        fmt::format("targets go from {:.6g} to {:.6g}, which outputs of {} do not reach: end the "
                    "model in linear",
                    statistics.min(), statistics.max(), ActivationName(activation)));
    return;
  }
}

void WarnOfOutputs(const FitInput& input, const FitData& data, std::vector<std::string>& warnings) {
  const auto activation = FinalActivation(input.model);
  if (!activation) return;
  if (IsCrossentropy(input.training.loss())) {
    WarnOfProbabilities(input, *activation, warnings);
  } else {
    WarnOfTargets(input, data, *activation, warnings);
  }
}

// Whether the first layer that does more than reshape scales its inputs.
bool BeginsWithScaling(const v1::ModelSpec& model) {
  for (const v1::LayerSpec& layer : model.layers()) {
    if (!layer.has_flatten()) return layer.has_rescaling() || layer.has_normalization();
  }
  return false;
}

// Tensors are taken as they are, unlike tables.
void WarnOfScale(const FitInput& input, std::vector<std::string>& warnings) {
  constexpr double kLarge = 10;
  if (BeginsWithScaling(input.model)) return;
  const v1::TableHeader& header = input.train->header();
  for (int i = 0; i < std::min(header.columns_size(), header.statistics_size()); ++i) {
    const v1::ColumnSchema& column = header.columns(i);
    const v1::ColumnStatistics& statistics = header.statistics(i);
    if (column.role() != v1::COLUMN_ROLE_FEATURE || column.shape().empty()) continue;
    if (std::max(std::abs(statistics.min()), std::abs(statistics.max())) <= kLarge) continue;
    warnings.push_back(
        fmt::format("{} goes from {:.6g} to {:.6g} and nothing scales it, which trains badly: "
                    "begin the model with "
                    "rescaling (here with scale={:.6g}) or normalization",
                    Quoted(column.name()), statistics.min(), statistics.max(),
                    1 / std::max(std::abs(statistics.min()), std::abs(statistics.max()))));
  }
}

}  // namespace

std::vector<std::string> FitWarnings(const FitInput& input, const FitData& data) {
  std::vector<std::string> warnings;
  if (input.training.batch_size() > data.training.size()) {
    warnings.push_back(
        fmt::format("batch_size is {}, which is more than {}: each epoch is one step",
                    input.training.batch_size(),
                    Counted(static_cast<int64_t>(data.training.size()), "training row")));
  }
  WarnOfOutputs(input, data, warnings);
  WarnOfScale(input, warnings);
  if (data.pipeline.state().target().has_classes()) {
    WarnOfClasses(data, warnings);
  } else if (const auto labels = ConstantColumns(input.train->header(), v1::COLUMN_ROLE_LABEL);
             !labels.empty()) {
    warnings.push_back("the target never changes: " + NameList(labels));
  }
  const auto features = ConstantColumns(input.train->header(), v1::COLUMN_ROLE_FEATURE);
  if (!features.empty())
    warnings.push_back("columns that never change say nothing: " + NameList(features));
  return warnings;
}

}  // namespace fitd
