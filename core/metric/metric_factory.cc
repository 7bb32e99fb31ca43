#include "core/metric/metric_factory.h"

#include <optional>

#include "core/metric/accuracy.h"
#include "core/metric/auc.h"
#include "core/metric/mean_error.h"
#include "core/metric/precision_recall.h"
#include "core/metric/r2_score.h"

namespace fitd {
namespace {

template <typename Spec>
std::optional<int64_t> ClassId(const Spec& spec) {
  return spec.has_class_id() ? std::optional<int64_t>(spec.class_id()) : std::nullopt;
}

}  // namespace

std::unique_ptr<Metric> MakeMetric(const v1::MetricSpec& spec, int64_t outputs) {
  switch (spec.kind_case()) {
    case v1::MetricSpec::kBinaryAccuracy:
      return std::make_unique<BinaryAccuracy>(spec.binary_accuracy().threshold());
    case v1::MetricSpec::kCategoricalAccuracy:
    case v1::MetricSpec::kSparseCategoricalAccuracy:
      return std::make_unique<CategoricalAccuracy>();
    case v1::MetricSpec::kTopKCategoricalAccuracy:
      return std::make_unique<TopKCategoricalAccuracy>(spec.top_k_categorical_accuracy().k());
    case v1::MetricSpec::kPrecision:
      return std::make_unique<Precision>(spec.precision().threshold(), ClassId(spec.precision()));
    case v1::MetricSpec::kRecall:
      return std::make_unique<Recall>(spec.recall().threshold(), ClassId(spec.recall()));
    case v1::MetricSpec::kAuc:
      return std::make_unique<Auc>(spec.auc().num_thresholds(), spec.auc().from_logits());
    case v1::MetricSpec::kMeanSquaredError:
      return std::make_unique<MeanSquaredError>();
    case v1::MetricSpec::kMeanAbsoluteError:
      return std::make_unique<MeanAbsoluteError>();
    case v1::MetricSpec::kRootMeanSquaredError:
      return std::make_unique<RootMeanSquaredError>();
    case v1::MetricSpec::kR2Score:
      return std::make_unique<R2Score>(outputs);
    case v1::MetricSpec::kAccuracy:  // Resolved into one of the accuracies above.
    case v1::MetricSpec::KIND_NOT_SET:
      break;
  }
  return nullptr;
}

bool LargerIsBetter(const v1::MetricSpec& spec) {
  return ComparesClasses(spec) || spec.has_r2_score();
}

bool ComparesClasses(const v1::MetricSpec& spec) {
  switch (spec.kind_case()) {
    case v1::MetricSpec::kAccuracy:
    case v1::MetricSpec::kBinaryAccuracy:
    case v1::MetricSpec::kCategoricalAccuracy:
    case v1::MetricSpec::kSparseCategoricalAccuracy:
    case v1::MetricSpec::kTopKCategoricalAccuracy:
    case v1::MetricSpec::kPrecision:
    case v1::MetricSpec::kRecall:
    case v1::MetricSpec::kAuc:
      return true;
    case v1::MetricSpec::kMeanSquaredError:
    case v1::MetricSpec::kMeanAbsoluteError:
    case v1::MetricSpec::kRootMeanSquaredError:
    case v1::MetricSpec::kR2Score:
    case v1::MetricSpec::KIND_NOT_SET:
      return false;
  }
  return false;
}

}  // namespace fitd
