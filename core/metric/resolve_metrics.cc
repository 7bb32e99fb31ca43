#include "core/metric/resolve_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "core/base/kinds.h"
#include "core/base/names.h"

namespace fitd {
namespace {

bool IsMetricName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

class Resolver {
 public:
  Resolver(const MetricShapes* shapes, Violations& violations)
      : shapes_(shapes), violations_(violations) {}

  // Writes the kind's defaults and checks them. No default: a kind without a case does not compile.
  void ResolveKind(v1::MetricSpec& spec, const std::string& path) {
    switch (spec.kind_case()) {
      case v1::MetricSpec::kAccuracy:
        ResolveAccuracy(spec);
        return;
      case v1::MetricSpec::kBinaryAccuracy: {
        auto& kind = *spec.mutable_binary_accuracy();
        if (!kind.has_threshold()) kind.set_threshold(0.5F);
        CheckField(std::isfinite(kind.threshold()), kind.threshold(), "a finite number",
                   path + ".binary_accuracy.threshold", violations_);
        return;
      }
      case v1::MetricSpec::kCategoricalAccuracy:
        NeedClasses(path + ".categorical_accuracy");
        return;
      case v1::MetricSpec::kSparseCategoricalAccuracy:
        NeedClasses(path + ".sparse_categorical_accuracy");
        if (shapes_ != nullptr && !shapes_->class_targets) {
          violations_.Add(path + ".sparse_categorical_accuracy",
                          "needs one class label per row; the targets are numbers. Use "
                          "categorical_accuracy for "
                          "one-hot targets");
        }
        return;
      case v1::MetricSpec::kTopKCategoricalAccuracy: {
        auto& kind = *spec.mutable_top_k_categorical_accuracy();
        if (!kind.has_k()) kind.set_k(5);
        CheckField(kind.k() >= 1, kind.k(), "1 or more", path + ".top_k_categorical_accuracy.k",
                   violations_);
        NeedClasses(path + ".top_k_categorical_accuracy");
        if (shapes_ != nullptr && shapes_->outputs >= 2) {
          CheckField(kind.k() <= shapes_->outputs, kind.k(),
                     fmt::format("at most the model's {} outputs", shapes_->outputs),
                     path + ".top_k_categorical_accuracy.k", violations_);
        }
        return;
      }
      case v1::MetricSpec::kPrecision:
        ResolvePositives(*spec.mutable_precision(), path + ".precision");
        return;
      case v1::MetricSpec::kRecall:
        ResolvePositives(*spec.mutable_recall(), path + ".recall");
        return;
      case v1::MetricSpec::kAuc: {
        auto& kind = *spec.mutable_auc();
        if (!kind.has_num_thresholds()) kind.set_num_thresholds(200);
        CheckField(kind.num_thresholds() >= 2 && kind.num_thresholds() <= 1'000'000,
                   kind.num_thresholds(), "2 to 1,000,000", path + ".auc.num_thresholds",
                   violations_);
        return;
      }
      case v1::MetricSpec::kMeanSquaredError:
      case v1::MetricSpec::kMeanAbsoluteError:
      case v1::MetricSpec::kRootMeanSquaredError:
      case v1::MetricSpec::kR2Score:
        return;
      case v1::MetricSpec::KIND_NOT_SET:
        RequireKind(spec, path, violations_);
        return;
    }
  }

 private:
  void ResolveAccuracy(v1::MetricSpec& spec) {
    if (shapes_ == nullptr) return;
    if (shapes_->outputs == 1) {
      // A logit of 0 is a probability of 0.5.
      spec.mutable_binary_accuracy()->set_threshold(shapes_->logits ? 0.0F : 0.5F);
    } else if (shapes_->class_targets) {
      spec.mutable_sparse_categorical_accuracy();
    } else {
      spec.mutable_categorical_accuracy();
    }
  }

  template <typename Spec>
  void ResolvePositives(Spec& spec, const std::string& path) {
    if (!spec.has_threshold()) spec.set_threshold(0.5F);
    CheckField(spec.threshold() >= 0 && spec.threshold() <= 1, spec.threshold(), "0 to 1",
               path + ".threshold", violations_);
    if (!spec.has_class_id()) return;
    if (shapes_ == nullptr) {
      CheckField(spec.class_id() >= 0, spec.class_id(), "0 or more", path + ".class_id",
                 violations_);
    } else if (spec.class_id() < 0 || spec.class_id() >= shapes_->outputs) {
      violations_.Add(path + ".class_id",
                      fmt::format("is {}; the model has {} outputs, so 0 to {} are allowed",
                                  spec.class_id(), shapes_->outputs, shapes_->outputs - 1));
    }
  }

  void NeedClasses(const std::string& path) {
    if (shapes_ != nullptr && shapes_->outputs < 2) {
      violations_.Add(path,
                      "needs a model with at least 2 outputs; this one has 1. Use binary_accuracy");
    }
  }

  const MetricShapes* const shapes_;
  Violations& violations_;
};

}  // namespace

void ResolveMetrics(google::protobuf::RepeatedPtrField<v1::MetricSpec>& specs,
                    const MetricShapes* shapes, std::string_view path, Violations& violations) {
  std::set<std::string> names;
  for (int i = 0; i < specs.size(); ++i) {
    const std::string& name = specs[i].name();
    if (name.empty()) continue;
    const std::string field = IndexedPath(path, static_cast<size_t>(i)) + ".name";
    if (!IsMetricName(name)) {
      violations.Add(field, "is " + Quoted(name) + "; allowed: 1 to 64 of a-z, 0-9, '_'");
    } else if (name == "loss" || name.starts_with("val_")) {
      violations.Add(field, "is " + Quoted(name) +
                                ", which stands for other results; allowed: names other than "
                                "\"loss\" that do not begin with \"val_\"");
    } else if (!names.insert(name).second) {
      violations.Add(field,
                     "is " + Quoted(name) + " like that of an earlier metric; names must differ");
    }
  }
  Resolver resolver(shapes, violations);
  for (int i = 0; i < specs.size(); ++i) {
    v1::MetricSpec& spec = specs[i];
    if (spec.name().empty() && spec.kind_case() != v1::MetricSpec::KIND_NOT_SET) {
      const std::string kind = KindName(spec);
      std::string name = kind;
      for (int suffix = 1; !names.insert(name).second; ++suffix)
        name = fmt::format("{}_{}", kind, suffix);
      spec.set_name(name);
    }
    resolver.ResolveKind(spec, IndexedPath(path, static_cast<size_t>(i)));
  }
}

}  // namespace fitd
