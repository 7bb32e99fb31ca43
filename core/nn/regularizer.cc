#include "core/nn/regularizer.h"

#include <cmath>
#include <string>

#include "core/base/kinds.h"

namespace fitd {
namespace {

constexpr float kDefaultStrength = 0.01f;

void CheckStrength(float strength, std::string field, Violations& violations) {
  CheckField(std::isfinite(strength) && strength >= 0.0f, strength, "a number of 0 or more",
             std::move(field), violations);
}

}  // namespace

Penalty MakePenalty(const v1::RegularizerSpec& spec) {
  switch (spec.kind_case()) {
    case v1::RegularizerSpec::kL1:
      return {.l1 = spec.l1().l1()};
    case v1::RegularizerSpec::kL2:
      return {.l2 = spec.l2().l2()};
    case v1::RegularizerSpec::kL1L2:
      return {.l1 = spec.l1_l2().l1(), .l2 = spec.l1_l2().l2()};
    case v1::RegularizerSpec::KIND_NOT_SET:
      break;
  }
  return {};
}

void ResolveRegularizer(v1::RegularizerSpec& spec, std::string_view path, Violations& violations) {
  const std::string kind_path = KindPath(spec, path);
  switch (spec.kind_case()) {
    case v1::RegularizerSpec::kL1:
      if (!spec.l1().has_l1()) spec.mutable_l1()->set_l1(kDefaultStrength);
      return CheckStrength(spec.l1().l1(), kind_path + ".l1", violations);
    case v1::RegularizerSpec::kL2:
      if (!spec.l2().has_l2()) spec.mutable_l2()->set_l2(kDefaultStrength);
      return CheckStrength(spec.l2().l2(), kind_path + ".l2", violations);
    case v1::RegularizerSpec::kL1L2:
      CheckStrength(spec.l1_l2().l1(), kind_path + ".l1", violations);
      return CheckStrength(spec.l1_l2().l2(), kind_path + ".l2", violations);
    case v1::RegularizerSpec::KIND_NOT_SET:
      return RequireKind(spec, path, violations);
  }
}

}  // namespace fitd
