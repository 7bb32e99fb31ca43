#include "core/train/fit_data.h"

#include <fmt/format.h>

#include <numeric>
#include <string>
#include <utility>

#include "core/base/counted.h"
#include "core/train/resolve_training_options.h"
#include "core/train/targets.h"

namespace fitd {
namespace {

absl::StatusOr<Pipeline> MakePipeline(const FitInput& input, const ModelShape& shape,
                                      std::span<const uint32_t> training_rows,
                                      const std::function<bool()>& stopped) {
  const TargetKind target = TargetKindOf(input.training.loss(), input.train->header());
  if (!input.initial_pipeline) {
    return Pipeline::Fit(*input.train, training_rows,
                         {.spec = input.training.pipeline(),
                          .target = target,
                          .outputs = shape.outputs,
                          .sample_weight_column = input.training.sample_weight_column(),
                          .cancelled = stopped});
  }
  FITD_ASSIGN_OR_RETURN(Pipeline pipeline, Pipeline::Load(*input.initial_pipeline));
  if (pipeline.state().target().has_classes() != (target == TargetKind::kClasses)) {
    return InvalidArgument(
        fmt::format("the version to start from was trained on {}, this fit would be trained on {}; "
                    "start from the "
                    "initializers or use a loss of the same kind",
                    target == TargetKind::kClasses ? "numbers" : "classes",
                    target == TargetKind::kClasses ? "classes" : "numbers"));
  }
  return pipeline;
}

std::vector<uint32_t> AllRows(const Table& table) {
  std::vector<uint32_t> rows(static_cast<size_t>(table.rows()));
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

}  // namespace

absl::StatusOr<Split> SplitForTraining(const Table& table, const v1::TrainingSpec& training) {
  if (!HoldsOutRows(training)) return Split{.training = AllRows(table), .validation = {}};
  const bool classes = TargetKindOf(training.loss(), table.header()) == TargetKind::kClasses;
  // One-hot rows are classes to no pipeline, but they are to a split.
  const bool stratify = classes || training.loss().has_categorical_crossentropy();
  const std::vector<int> labels = stratify ? LabelColumns(table.header()) : std::vector<int>();
  if (training.has_fold()) {
    return HoldOutFold(table, labels, training.fold().index(), training.fold().count(),
                       training.seed());
  }
  return SplitRows(table, labels, training.validation_split(), training.seed());
}

absl::StatusOr<FitData> PrepareFitData(const FitInput& input, const ModelShape& shape,
                                       const std::function<bool()>& stopped) {
  FITD_ASSIGN_OR_RETURN(Split split, SplitForTraining(*input.train, input.training));
  FITD_ASSIGN_OR_RETURN(Pipeline pipeline, MakePipeline(input, shape, split.training, stopped));
  if (pipeline.state().feature_width() != shape.inputs) {
    return InvalidArgument(
        fmt::format("the pipeline gives {} per row, the model takes {}; a category that "
                    "occurs only outside of "
                    "the training rows has no input of its own",
                    Counted(pipeline.state().feature_width(), "input"), shape.inputs));
  }
  const std::string& weights = input.training.sample_weight_column();
  FITD_ASSIGN_OR_RETURN(std::shared_ptr<const RowSource> training,
                        pipeline.Bind(input.train, true, weights));
  RowSet validation{.source = training, .rows = std::move(split.validation)};
  if (input.validation != nullptr) {
    FITD_ASSIGN_OR_RETURN(validation.source, pipeline.Bind(input.validation, true, weights));
    validation.rows = AllRows(*input.validation);
  }
  return FitData{.pipeline = std::move(pipeline),
                 .training = {.source = std::move(training), .rows = std::move(split.training)},
                 .validation = std::move(validation)};
}

}  // namespace fitd
