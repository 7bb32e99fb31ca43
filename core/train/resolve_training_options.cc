#include "core/train/resolve_training_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "core/base/kinds.h"
#include "core/base/names.h"
#include "core/loss/resolve_loss.h"
#include "core/metric/metric_factory.h"
#include "core/optim/resolve_optimizer.h"

namespace fitd {
namespace {

// Writes the defaults of a TrainingSpec's own and checks them.
class OptionsResolver {
 public:
  OptionsResolver(std::string_view path, bool validates, v1::TrainingSpec& training,
                  Violations& violations)
      : path_(path), validates_(validates), training_(training), violations_(violations) {}

  void Resolve(const MetricShapes* shapes) {
    if (!training_.has_epochs()) training_.set_epochs(1);
    if (!training_.has_batch_size()) training_.set_batch_size(32);
    if (!training_.has_seed()) training_.set_seed(0);
    if (!training_.has_shuffle()) training_.set_shuffle(true);
    Check(training_.epochs() >= 1 && training_.epochs() <= 1'000'000, training_.epochs(),
          "1 to 1,000,000", "epochs");
    Check(training_.batch_size() >= 1 && training_.batch_size() <= 1'048'576,
          training_.batch_size(), "1 to 1,048,576", "batch_size");
    const double split = training_.validation_split();
    Check(split >= 0 && split < 1, split, "0 to below 1", "validation_split");
    if (training_.has_fold()) CheckFold(training_.fold());
    v1::OptimizerSpec& optimizer = *training_.mutable_optimizer();
    if (optimizer.kind_case() == v1::OptimizerSpec::KIND_NOT_SET) optimizer.mutable_rmsprop();
    ResolveOptimizer(optimizer, Path("optimizer"), violations_);
    ResolveLoss(*training_.mutable_loss(), Path("loss"), violations_);
    ResolveMetrics(*training_.mutable_metrics(), shapes, Path("metrics"), violations_);
    CheckClassWeight();
    if (training_.has_early_stopping()) ResolveEarlyStopping();
    if (training_.has_reduce_lr_on_plateau()) ResolveReduceLrOnPlateau();
  }

 private:
  std::string Path(std::string_view child) const { return ChildPath(path_, child); }

  template <typename Number>
  void Check(bool valid, Number given, std::string_view allowed, std::string_view child) {
    CheckField(valid, given, allowed, Path(child), violations_);
  }

  void CheckFold(const v1::FoldSpec& fold) {
    Check(fold.count() >= 2, fold.count(), "2 to the number of rows", "fold.count");
    Check(fold.index() >= 1 && (fold.index() <= fold.count() || fold.count() < 2), fold.index(),
          "1 to fold.count", "fold.index");
    if (training_.validation_split() != 0) {
      violations_.Add(Path("fold"), fmt::format("is set beside {}; allowed: one of them",
                                                Path("validation_split")));
    }
  }

  void CheckClassWeight() {
    // Sorted: a protobuf map has no order, and faults should come in the same one every time.
    const std::map<std::string, float> weights(training_.class_weight().begin(),
                                               training_.class_weight().end());
    for (const auto& [label, weight] : weights) {
      Check(std::isfinite(weight) && weight >= 0, weight, "a number of 0 or more",
            fmt::format("class_weight[{}]", Quoted(label)));
    }
  }

  // Writes the default and the direction of a monitor, and checks that it will exist.
  template <typename Spec>
  void ResolveMonitor(Spec& spec, const std::string& path) {
    if (spec.monitor().empty()) spec.set_monitor("val_loss");
    spec.set_mode(fitd::ResolveMonitor(training_, validates_, spec.monitor(), spec.mode(),
                                       {.name = path + ".monitor", .mode = path + ".mode"},
                                       violations_));
  }

  void ResolveEarlyStopping() {
    v1::EarlyStoppingSpec& spec = *training_.mutable_early_stopping();
    ResolveMonitor(spec, Path("early_stopping"));
    if (!spec.has_restore_best_weights()) spec.set_restore_best_weights(true);
    Check(std::isfinite(spec.min_delta()) && spec.min_delta() >= 0, spec.min_delta(),
          "a number of 0 or more", "early_stopping.min_delta");
    Check(spec.patience() >= 0, spec.patience(), "0 or more", "early_stopping.patience");
    Check(!spec.has_baseline() || std::isfinite(spec.baseline()), spec.baseline(),
          "a finite number", "early_stopping.baseline");
    Check(spec.start_from_epoch() >= 0, spec.start_from_epoch(), "0 or more",
          "early_stopping.start_from_epoch");
  }

  void ResolveReduceLrOnPlateau() {
    v1::ReduceLrOnPlateauSpec& spec = *training_.mutable_reduce_lr_on_plateau();
    ResolveMonitor(spec, Path("reduce_lr_on_plateau"));
    if (!spec.has_factor()) spec.set_factor(0.1F);
    if (!spec.has_patience()) spec.set_patience(10);
    if (!spec.has_min_delta()) spec.set_min_delta(1e-4F);
    Check(spec.factor() > 0 && spec.factor() < 1, spec.factor(), "above 0 to below 1",
          "reduce_lr_on_plateau.factor");
    Check(spec.patience() >= 0, spec.patience(), "0 or more", "reduce_lr_on_plateau.patience");
    Check(std::isfinite(spec.min_delta()) && spec.min_delta() >= 0, spec.min_delta(),
          "a number of 0 or more", "reduce_lr_on_plateau.min_delta");
    Check(spec.cooldown() >= 0, spec.cooldown(), "0 or more", "reduce_lr_on_plateau.cooldown");
    Check(std::isfinite(spec.min_lr()) && spec.min_lr() >= 0, spec.min_lr(),
          "a number of 0 or more", "reduce_lr_on_plateau.min_lr");
    const v1::LearningRateSpec& rate = training_.optimizer().learning_rate();
    if (rate.kind_case() != v1::LearningRateSpec::kConstant) {
      violations_.Add(
          Path("reduce_lr_on_plateau"),
          fmt::format("needs a constant learning rate; the optimizer's is {}", KindName(rate)));
    }
  }

  const std::string_view path_;
  const bool validates_;
  v1::TrainingSpec& training_;
  Violations& violations_;
};

}  // namespace

void ResolveTrainingOptions(std::string_view path, bool validates, const MetricShapes* shapes,
                            v1::TrainingSpec& training, Violations& violations) {
  OptionsResolver(path, validates, training, violations).Resolve(shapes);
}

bool HoldsOutRows(const v1::TrainingSpec& training) {
  return training.validation_split() > 0 || training.has_fold();
}

v1::MonitorMode ResolveMonitor(const v1::TrainingSpec& training, bool validates,
                               const std::string& name, v1::MonitorMode mode,
                               const MonitorPaths& paths, Violations& violations) {
  std::map<std::string, bool> larger_is_better = {{"loss", false}};
  std::vector<std::string> known = {"loss"};
  for (const v1::MetricSpec& metric : training.metrics()) {
    larger_is_better[metric.name()] = LargerIsBetter(metric);
    known.push_back(metric.name());
  }
  const bool is_validation = name.starts_with("val_");
  const auto metric = larger_is_better.find(is_validation ? name.substr(4) : name);
  if (metric == larger_is_better.end()) {
    // A metric without a kind, which is a fault already, may have been meant.
    const bool all_known = std::none_of(training.metrics().begin(), training.metrics().end(),
                                        [](const v1::MetricSpec& spec) {
                                          return spec.kind_case() == v1::MetricSpec::KIND_NOT_SET;
                                        });
    if (!all_known) return mode;
    const size_t measured = known.size();
    for (size_t i = 0; validates && i < measured; ++i) known.push_back("val_" + known[i]);
    violations.Add(paths.name, UnknownName("metric", name, known));
  } else if (is_validation && !validates) {
    violations.Add(paths.name, fmt::format("is {}, but there are no validation rows; set "
                                           "validation_split, fold or validation_dataset, "
                                           "or watch {}",
                                           Quoted(name), Quoted(metric->first)));
  }
  if (!v1::MonitorMode_IsValid(mode)) {
    violations.Add(paths.mode, fmt::format("is {}; allowed: MONITOR_MODE_MIN, MONITOR_MODE_MAX",
                                           static_cast<int>(mode)));
  } else if (mode == v1::MONITOR_MODE_UNSPECIFIED && metric != larger_is_better.end()) {
    return metric->second ? v1::MONITOR_MODE_MAX : v1::MONITOR_MODE_MIN;
  }
  return mode;
}

int64_t RowsAtOnce(const v1::TrainingSpec& training, int64_t training_rows,
                   int64_t validation_rows) {
  return std::min<int64_t>(training.batch_size(), std::max(training_rows, validation_rows));
}

}  // namespace fitd
