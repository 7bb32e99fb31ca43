// Any bytes as a model as users write it, in YAML or in the form of --layers: faults, or layers
// whose text means the same layers.

#include <cstdlib>
#include <string>

#include "client/spec_text.h"
#include "client/yaml_spec.h"
#include "fitd/v1/model.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  fitd::v1::ModelSpec model;
  fitd::client::ParseYaml(text, "fuzz.yaml", "spec", model).status().IgnoreError();

  model.Clear();
  if (!fitd::client::ParseSpecs(text, *model.mutable_layers()).ok()) return 0;
  for (const fitd::v1::LayerSpec& layer : model.layers()) {
    fitd::v1::LayerSpec again;
    if (!fitd::client::ParseSpec(fitd::client::FormatSpec(layer), again).ok() ||
        again.SerializeAsString() != layer.SerializeAsString()) {
      std::abort();
    }
  }
  return 0;
}
