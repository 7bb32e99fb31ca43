#include "core/train/resolve_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/base/counted.h"
#include "core/base/kinds.h"
#include "core/base/names.h"
#include "core/data/column_names.h"
#include "core/data/pipeline.h"
#include "core/data/table.h"
#include "core/metric/resolve_metrics.h"
#include "core/train/resolve_training_options.h"
#include "core/train/targets.h"

namespace fitd {
namespace {

constexpr float kMaxFloat = std::numeric_limits<float>::max();

// "spec.training" -> "spec".
std::string ParentPath(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? "" : std::string(path.substr(0, dot));
}

std::string_view KindText(v1::ColumnKind kind) {
  switch (kind) {
    case v1::COLUMN_KIND_INTEGER:
      return "whole numbers";
    case v1::COLUMN_KIND_REAL:
      return "real numbers";
    case v1::COLUMN_KIND_CATEGORICAL:
      return "strings";
    default:  // Unspecified, or an enumerator of a newer version.
      return "values of an unknown kind";
  }
}

const v1::ColumnStatistics* StatisticsOf(const v1::TableHeader& header, int column) {
  return column < header.statistics_size() ? &header.statistics(column) : nullptr;
}

int FindColumn(const v1::TableHeader& header, const std::string& name) {
  for (int i = 0; i < header.columns_size(); ++i) {
    if (header.columns(i).name() == name) return i;
  }
  return -1;
}

bool IsNumericScalar(const v1::ColumnSchema& column) {
  return column.kind() != v1::COLUMN_KIND_CATEGORICAL && column.shape().empty();
}

bool HasScalarFeatures(const v1::TableHeader& table) {
  return std::any_of(table.columns().begin(), table.columns().end(),
                     [](const v1::ColumnSchema& column) {
                       return column.role() == v1::COLUMN_ROLE_FEATURE && column.shape().empty();
                     });
}

// Whether the last layer that computes something is a linear function without a fixed scale.
bool EndsLinear(const v1::ModelSpec& model) {
  for (int i = model.layers_size() - 1; i >= 0; --i) {
    const v1::LayerSpec& layer = model.layers(i);
    switch (layer.kind_case()) {
      case v1::LayerSpec::kDense:
        return layer.dense().activation().kind_case() == v1::ActivationSpec::kLinear ||
               layer.dense().activation().kind_case() == v1::ActivationSpec::KIND_NOT_SET;
      case v1::LayerSpec::kActivation:
        if (layer.activation().kind_case() != v1::ActivationSpec::kLinear) return false;
        break;
      case v1::LayerSpec::kDropout:
      case v1::LayerSpec::kFlatten:
        break;
      case v1::LayerSpec::kRescaling:
      case v1::LayerSpec::kNormalization:
      case v1::LayerSpec::KIND_NOT_SET:
        return false;
    }
  }
  return false;
}

// One pass over a TrainingSpec with its model and data: each method writes the defaults of its part
// and checks it.
class TrainingResolver {
 public:
  TrainingResolver(const v1::ModelSpec& model, const ModelShape& shape,
                   const v1::TableHeader& train, const v1::TableHeader* validation,
                   std::string_view path, v1::TrainingSpec& training, Violations& violations)
      : model_(model),
        shape_(shape),
        train_(train),
        validation_(validation),
        path_(path),
        dataset_path_(ChildPath(ParentPath(path), "dataset")),
        validation_path_(ChildPath(ParentPath(path), "validation_dataset")),
        training_(training),
        violations_(violations) {}

  void Resolve() {
    const bool validates = validation_ != nullptr || HoldsOutRows(training_);
    CheckFeatures();
    CheckSampleWeight();
    if (training_.loss().kind_case() == v1::LossSpec::KIND_NOT_SET) {
      // The rest needs to know what the labels are to the loss.
      ResolveTrainingOptions(path_, validates, nullptr, training_, violations_);
      return;
    }
    target_ = TargetKindOf(training_.loss(), train_);
    const MetricShapes shapes = {.outputs = shape_.outputs,
                                 .class_targets = target_ == TargetKind::kClasses,
                                 .logits = FromLogits(training_.loss())};
    ResolveTrainingOptions(path_, validates, &shapes, training_, violations_);
    CheckTargets();
    CheckSplit();
    CheckFold();
    if (validation_ != nullptr) CheckValidation();
    if (target_ == TargetKind::kRegression)
      CheckMetricsOfNumbers(training_.metrics(), train_, Path("metrics"), violations_);
    ResolvePipeline();
    ResolveClassWeight();
  }

 private:
  std::string Path(std::string_view child) const { return ChildPath(path_, child); }

  void CheckFeatures() {
    int64_t width = FeatureWidth(train_);
    const int weights = FindColumn(train_, training_.sample_weight_column());
    if (weights >= 0 && train_.columns(weights).role() == v1::COLUMN_ROLE_FEATURE &&
        IsNumericScalar(train_.columns(weights))) {
      --width;
    }
    if (width != shape_.inputs) {
      violations_.Add(dataset_path_,
                      fmt::format("has {} per row; the model's input_shape [{}] takes {}",
                                  Counted(width, "input"), fmt::join(model_.input_shape(), ", "),
                                  shape_.inputs));
    }
  }

  // Whether labels of this kind, width and range can be compared with the model's outputs by the
  // loss.
  void CheckTargets() {
    const std::string loss = KindName(training_.loss());
    const std::string path = Path("loss");
    const std::vector<int> labels = LabelColumns(train_);
    if (labels.empty()) {
      violations_.Add(dataset_path_, "has no label column to learn from");
      return;
    }
    for (const int column : labels) {
      const v1::ColumnSchema& schema = train_.columns(column);
      if (schema.missing() > 0) {
        violations_.Add(dataset_path_,
                        fmt::format("column {} lacks {} of {} values; labels must be complete",
                                    Quoted(schema.name()), schema.missing(), train_.rows()));
      }
    }
    const bool sparse =
        training_.loss().kind_case() == v1::LossSpec::kSparseCategoricalCrossentropy;
    const bool binary = training_.loss().kind_case() == v1::LossSpec::kBinaryCrossentropy;
    if (IsCrossentropy(training_.loss()) && !binary && shape_.outputs < 2) {
      violations_.Add(path,
                      fmt::format("{} needs a model with an output per class; this one has 1. Use "
                                  "binary_crossentropy for two classes",
                                  loss));
      return;
    }
    if (target_ == TargetKind::kClasses) {
      if (binary && shape_.outputs != 1) {
        violations_.Add(
            path, fmt::format(
                      "{} with one label column needs a model with 1 output; this one has {}. Use "
                      "sparse_categorical_crossentropy for classes",
                      loss, shape_.outputs));
        return;
      }
      CheckClassLabels(train_, dataset_path_);
      return;
    }
    if (sparse) {
      const v1::ColumnSchema& schema = train_.columns(labels[0]);
      const std::string given =
          LabelWidth(train_) > 1
              ? fmt::format("the data has {} label values per row", LabelWidth(train_))
              : fmt::format("column {} holds {}", Quoted(schema.name()), KindText(schema.kind()));
      violations_.Add(path, fmt::format("{} needs integer or string labels; {}", loss, given));
      return;
    }
    for (const int column : labels) {
      const v1::ColumnSchema& schema = train_.columns(column);
      if (schema.kind() == v1::COLUMN_KIND_CATEGORICAL) {
        violations_.Add(path, fmt::format("{} needs numbers; column {} holds strings", loss,
                                          Quoted(schema.name())));
        return;
      }
    }
    if (LabelWidth(train_) != shape_.outputs) {
      violations_.Add(
          path,
          fmt::format("{} needs a label value per output; the data has {} per row, the model {}",
                      loss, LabelWidth(train_), Counted(shape_.outputs, "output")));
      return;
    }
    CheckNumericLabels(train_, dataset_path_);
  }

  // What the header can tell; the labels themselves are known to the fit.
  void CheckSplit() {
    if (training_.validation_split() <= 0) return;
    const std::string path = Path("validation_split");
    if (train_.rows() < 2) {
      violations_.Add(path,
                      fmt::format("is {}, but {} cannot be split", training_.validation_split(),
                                  Counted(train_.rows(), "row")));
      return;
    }
    const std::vector<int> labels = LabelColumns(train_);
    if (target_ == TargetKind::kClasses && !labels.empty() &&
        train_.columns(labels[0]).dictionary_size() >= train_.rows()) {
      violations_.Add(path,
                      fmt::format("is {}, but no label is on two rows; a label's last row trains",
                                  training_.validation_split()));
    }
  }

  void CheckFold() {
    const int64_t count = training_.fold().count();
    CheckField(count <= train_.rows(), count,
               fmt::format("2 to the number of rows, {}", train_.rows()), Path("fold.count"),
               violations_);
  }

  // Class indices or names against the model's outputs.
  void CheckClassLabels(const v1::TableHeader& header, const std::string& path) {
    const int column = LabelColumns(header).at(0);
    const v1::ColumnSchema& schema = header.columns(column);
    const int64_t classes = ClassCount(shape_.outputs);
    const std::string model = shape_.outputs == 1 ? "1 output, which tells two classes apart"
                                                  : fmt::format("{} outputs", shape_.outputs);
    if (schema.kind() == v1::COLUMN_KIND_CATEGORICAL) {
      if (schema.dictionary_size() > classes) {
        violations_.Add(path, fmt::format("column {} holds {} different labels; the model has {}",
                                          Quoted(schema.name()), schema.dictionary_size(), model));
      }
      return;
    }
    const v1::ColumnStatistics* statistics = StatisticsOf(header, column);
    if (statistics == nullptr || !statistics->has_min()) return;
    if (statistics->min() < 0 || statistics->max() >= static_cast<double>(classes)) {
      violations_.Add(
          path,
          fmt::format("labels of column {} go from {:.0f} to {:.0f}; the model has {}, so 0 to {} "
                      "are allowed",
                      Quoted(schema.name()), statistics->min(), statistics->max(), model,
                      classes - 1));
    }
  }

  // Losses compare floats, crossentropies probabilities.
  void CheckNumericLabels(const v1::TableHeader& header, const std::string& path) {
    for (const int column : LabelColumns(header)) {
      const v1::ColumnStatistics* statistics = StatisticsOf(header, column);
      if (statistics == nullptr || !statistics->has_min()) continue;
      if (!IsCrossentropy(training_.loss())) {
        if (statistics->min() < -kMaxFloat || statistics->max() > kMaxFloat) {
          violations_.Add(path,
                          fmt::format("labels of column {} go from {} to {}; allowed: {} to {}",
                                      Quoted(header.columns(column).name()), statistics->min(),
                                      statistics->max(), -kMaxFloat, kMaxFloat));
        }
        continue;
      }
      if (statistics->min() < 0 || statistics->max() > 1) {
        violations_.Add(
            path, fmt::format(
                      "labels of column {} go from {} to {}; {} takes them for probabilities, so 0 "
                      "to 1 are allowed",
                      Quoted(header.columns(column).name()), statistics->min(), statistics->max(),
                      KindName(training_.loss())));
      }
    }
  }

  // Every column of the training data must be there, and mean the same.
  void CheckValidation() {
    const std::vector<std::string> names = ColumnNames(*validation_);
    bool labels_match = true;
    for (const v1::ColumnSchema& column : train_.columns()) {
      const int index = FindColumn(*validation_, column.name());
      const bool is_label = column.role() == v1::COLUMN_ROLE_LABEL;
      if (index < 0) {
        violations_.Add(validation_path_, LacksColumn(column.name(), names));
        labels_match &= !is_label;
        continue;
      }
      const v1::ColumnSchema& other = validation_->columns(index);
      // An integer column may hold real numbers elsewhere; strings and numbers never mix.
      const bool strings = column.kind() == v1::COLUMN_KIND_CATEGORICAL;
      const bool other_strings = other.kind() == v1::COLUMN_KIND_CATEGORICAL;
      const bool same_shape = std::equal(column.shape().begin(), column.shape().end(),
                                         other.shape().begin(), other.shape().end());
      if (strings != other_strings || !same_shape ||
          (is_label && column.kind() != other.kind() && target_ == TargetKind::kClasses)) {
        violations_.Add(validation_path_,
                        fmt::format("column {} holds {} of shape [{}] per row; in the training "
                                    "data it holds {} of shape [{}]",
                                    Quoted(column.name()), KindText(other.kind()),
                                    fmt::join(other.shape(), ", "), KindText(column.kind()),
                                    fmt::join(column.shape(), ", ")));
        labels_match &= !is_label;
      } else if (is_label && other.role() != v1::COLUMN_ROLE_LABEL) {
        violations_.Add(validation_path_,
                        fmt::format("column {} is not a label; in the training data it is",
                                    Quoted(column.name())));
        labels_match = false;
      } else if (is_label && other.missing() > 0) {
        violations_.Add(validation_path_,
                        fmt::format("column {} lacks {} of {} values; labels must be complete",
                                    Quoted(column.name()), other.missing(), validation_->rows()));
      } else if (is_label && strings) {
        CheckKnownLabels(column, other);
      }
    }
    if (!labels_match || LabelWidth(train_) != LabelWidth(*validation_)) return;
    if (target_ == TargetKind::kClasses) {
      CheckClassLabels(*validation_, validation_path_);
    } else {
      CheckNumericLabels(*validation_, validation_path_);
    }
  }

  void CheckKnownLabels(const v1::ColumnSchema& train, const v1::ColumnSchema& validation) {
    const std::vector<std::string> known(train.dictionary().begin(), train.dictionary().end());
    constexpr int kListed = 5;
    int unknown = 0;
    for (const std::string& label : validation.dictionary()) {
      if (std::binary_search(known.begin(), known.end(), label) || ++unknown > kListed) continue;
      violations_.Add(validation_path_, fmt::format("column {}: {}", Quoted(train.name()),
                                                    UnknownName("label", label, known)));
    }
    if (unknown > kListed) {
      violations_.Add(validation_path_, fmt::format("column {}: and {} more unknown labels",
                                                    Quoted(train.name()), unknown - kListed));
    }
  }

  void ResolvePipeline() {
    v1::PipelineSpec& pipeline = *training_.mutable_pipeline();
    const std::vector<int> labels = LabelColumns(train_);
    const bool table =
        std::all_of(train_.columns().begin(), train_.columns().end(),
                    [](const v1::ColumnSchema& column) { return column.shape().empty(); });
    const bool regression = !IsCrossentropy(training_.loss());
    if (!pipeline.has_standardize_features()) {
      pipeline.set_standardize_features(table);
    } else if (pipeline.standardize_features() && !HasScalarFeatures(train_)) {
      violations_.Add(
          Path("pipeline.standardize_features"),
          "is true; the features are a tensor, which is taken as it is: begin the model "
          "with rescaling or normalization");
    }
    if (!pipeline.has_standardize_targets()) {
      pipeline.set_standardize_targets(table && regression && EndsLinear(model_));
    } else if (pipeline.standardize_targets() && !regression) {
      violations_.Add(
          Path("pipeline.standardize_targets"),
          fmt::format("is true; {} needs its targets as they are", KindName(training_.loss())));
    }
  }

  // Keys become label names, or class indices where labels are numbers.
  void ResolveClassWeight() {
    if (training_.class_weight().empty()) return;
    const bool one_hot = training_.loss().kind_case() == v1::LossSpec::kCategoricalCrossentropy;
    if (target_ != TargetKind::kClasses && !one_hot) {
      violations_.Add(Path("class_weight"), fmt::format("needs classes; {} is given numbers here",
                                                        KindName(training_.loss())));
      return;
    }
    std::vector<std::string> labels;
    const std::vector<int> columns = LabelColumns(train_);
    if (target_ == TargetKind::kClasses &&
        train_.columns(columns[0]).kind() == v1::COLUMN_KIND_CATEGORICAL) {
      const auto& dictionary = train_.columns(columns[0]).dictionary();
      labels.assign(dictionary.begin(), dictionary.end());
    } else {
      for (int64_t i = 0; i < ClassCount(shape_.outputs); ++i) labels.push_back(std::to_string(i));
    }
    // Sorted: a protobuf map has no order, and faults should come in the same one every time.
    const std::map<std::string, float> given(training_.class_weight().begin(),
                                             training_.class_weight().end());
    std::map<std::string, float> resolved;
    for (const auto& [key, weight] : given) {
      const std::string path = fmt::format("{}[{}]", Path("class_weight"), Quoted(key));
      const std::string* label = FindLabel(labels, key);
      if (label == nullptr) {
        violations_.Add(path, UnknownName("label", key, labels));
      } else if (!resolved.emplace(*label, weight).second) {
        violations_.Add(path, "names the same class as " + Quoted(*label));
      }
    }
    const bool all_zero = resolved.size() == labels.size() &&
                          std::all_of(resolved.begin(), resolved.end(),
                                      [](const auto& weight) { return weight.second == 0; });
    if (all_zero)
      violations_.Add(Path("class_weight"), "is 0 for every class; one must be above 0");
    training_.mutable_class_weight()->clear();
    training_.mutable_class_weight()->insert(resolved.begin(), resolved.end());
  }

  // By name, else by index.
  static const std::string* FindLabel(const std::vector<std::string>& labels,
                                      const std::string& key) {
    const auto named = std::find(labels.begin(), labels.end(), key);
    if (named != labels.end()) return &*named;
    for (size_t i = 0; i < labels.size(); ++i) {
      if (key == std::to_string(i)) return &labels[i];
    }
    return nullptr;
  }

  void CheckSampleWeight() {
    const std::string& name = training_.sample_weight_column();
    if (name.empty()) return;
    CheckSampleWeightIn(train_, "");
    if (validation_ != nullptr) CheckSampleWeightIn(*validation_, "the validation data: ");
  }

  void CheckSampleWeightIn(const v1::TableHeader& header, const std::string& where) {
    const std::string path = Path("sample_weight_column");
    const std::string& name = training_.sample_weight_column();
    const int column = FindColumn(header, name);
    if (column < 0) {
      violations_.Add(path, where + UnknownName("column", name, ColumnNames(header)));
      return;
    }
    const v1::ColumnSchema& schema = header.columns(column);
    const v1::ColumnStatistics* statistics = StatisticsOf(header, column);
    if (schema.role() == v1::COLUMN_ROLE_LABEL) {
      violations_.Add(path, where + Quoted(name) + " is a label column");
    } else if (!IsNumericScalar(schema)) {
      violations_.Add(path,
                      fmt::format("{}{} holds {}; a number per row is needed", where, Quoted(name),
                                  schema.shape().empty() ? KindText(schema.kind()) : "arrays"));
    } else if (schema.missing() > 0) {
      violations_.Add(path, fmt::format("{}{} lacks {} of {} values; each row needs its weight",
                                        where, Quoted(name), schema.missing(), header.rows()));
    } else if (statistics != nullptr && statistics->has_min() && statistics->min() == 0 &&
               statistics->max() == 0) {
      violations_.Add(
          path, fmt::format("{}{} is 0 in every row; one must be above 0", where, Quoted(name)));
    } else if (statistics != nullptr && statistics->has_min() &&
               !(statistics->min() >= 0 && statistics->max() <= kMaxFloat)) {
      violations_.Add(path,
                      fmt::format("{}{} goes from {} to {}; allowed: 0 to {}", where, Quoted(name),
                                  statistics->min(), statistics->max(), kMaxFloat));
    }
  }

  const v1::ModelSpec& model_;
  const ModelShape& shape_;
  const v1::TableHeader& train_;
  const v1::TableHeader* const validation_;
  const std::string path_;
  const std::string dataset_path_;
  const std::string validation_path_;
  v1::TrainingSpec& training_;
  Violations& violations_;
  TargetKind target_ = TargetKind::kClasses;
};

}  // namespace

void ResolveTraining(const v1::ModelSpec& model, const ModelShape& shape,
                     const v1::TableHeader& train, const v1::TableHeader* validation,
                     std::string_view path, v1::TrainingSpec& training, Violations& violations) {
  TrainingResolver(model, shape, train, validation, path, training, violations).Resolve();
}

}  // namespace fitd
