// Any bytes as a model as clients send it, JSON or binary: faults, or a model that is resolved once
// and for all.

#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/violations.h"
#include "core/nn/resolve_model.h"
#include "fitd/v1/model.pb.h"
#include "google/protobuf/util/json_util.h"

namespace {

bool Parse(std::string_view bytes, fitd::v1::ModelSpec& spec) {
  if (!bytes.starts_with('{')) {
    return spec.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  }
  return google::protobuf::util::JsonStringToMessage(std::string(bytes), &spec).ok();
}

fitd::ModelShape Resolve(fitd::v1::ModelSpec& spec, fitd::Violations& violations) {
  constexpr int64_t kMostParameters = 1'000'000;
  return fitd::ResolveModel(spec, kMostParameters, "spec", violations);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fitd::v1::ModelSpec spec;
  if (!Parse({reinterpret_cast<const char*>(data), size}, spec)) return 0;
  fitd::Violations violations;
  const fitd::ModelShape shape = Resolve(spec, violations);
  if (!violations.ToStatus().ok()) return 0;
  const std::string resolved = spec.SerializeAsString();
  const fitd::ModelShape again = Resolve(spec, violations);
  if (!violations.ToStatus().ok() || spec.SerializeAsString() != resolved ||
      again.trainable_parameters != shape.trainable_parameters) {
    std::abort();
  }
  return 0;
}
