#include "core/loss/resolve_loss.h"

#include <cmath>
#include <string>

#include "core/base/kinds.h"

namespace fitd {
namespace {

void CheckSmoothing(float smoothing, const std::string& path, Violations& violations) {
  CheckField(smoothing >= 0.0f && smoothing <= 1.0f, smoothing, "0 to 1", path + ".label_smoothing",
             violations);
}

void ResolveHuber(v1::HuberSpec& spec, const std::string& path, Violations& violations) {
  if (!spec.has_delta()) spec.set_delta(1.0f);
  CheckField(std::isfinite(spec.delta()) && spec.delta() > 0.0f, spec.delta(), "a number above 0",
             path + ".delta", violations);
}

}  // namespace

void ResolveLoss(v1::LossSpec& spec, std::string_view path, Violations& violations) {
  const std::string kind_path = KindPath(spec, path);
  switch (spec.kind_case()) {
    case v1::LossSpec::kHuber:
      return ResolveHuber(*spec.mutable_huber(), kind_path, violations);
    case v1::LossSpec::kBinaryCrossentropy:
      return CheckSmoothing(spec.binary_crossentropy().label_smoothing(), kind_path, violations);
    case v1::LossSpec::kCategoricalCrossentropy:
      return CheckSmoothing(spec.categorical_crossentropy().label_smoothing(), kind_path,
                            violations);
    case v1::LossSpec::kMeanSquaredError:
    case v1::LossSpec::kMeanAbsoluteError:
    case v1::LossSpec::kSparseCategoricalCrossentropy:
      return;
    case v1::LossSpec::KIND_NOT_SET:
      return RequireKind(spec, path, violations);
  }
}

}  // namespace fitd
