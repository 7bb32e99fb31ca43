#include "server/predict/model_signature.h"

#include <algorithm>

#include "server/predict/inference_tensor.h"

namespace fitd {

ModelSignature SignatureOf(const LoadedModel& model) {
  const v1::PipelineState& state = model.pipeline.state();
  ModelSignature signature;
  signature.by_column =
      std::none_of(state.features().begin(), state.features().end(),
                   [](const v1::FeatureTransform& feature) { return feature.has_array(); });
  if (signature.by_column) {
    for (const v1::FeatureTransform& feature : state.features()) {
      signature.inputs.push_back(
          {feature.column(), feature.has_one_hot() ? kBytesDatatype : "FP64", {1}});
    }
  } else if (state.features_size() == 1) {
    const v1::ArrayTransform& array = state.features(0).array();
    signature.inputs.push_back(
        {kTensorInput, DatatypeName(array.dtype()), {array.shape().begin(), array.shape().end()}});
  } else {
    signature.inputs.push_back({kTensorInput, "FP64", {state.feature_width()}});
  }
  signature.outputs.push_back({kScoresOutput, kScoresDatatype, {model.predictor->outputs()}});
  if (state.target().has_classes()) {
    signature.outputs.push_back({kLabelOutput, kBytesDatatype, {1}});
  }
  return signature;
}

}  // namespace fitd
