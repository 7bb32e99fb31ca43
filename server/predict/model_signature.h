// The tensors that a version takes and gives in the Open Inference Protocol; docs/inference.md.

#ifndef FITD_SERVER_PREDICT_MODEL_SIGNATURE_H_
#define FITD_SERVER_PREDICT_MODEL_SIGNATURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/predict/model_cache.h"

namespace fitd {

// The one input of a model trained on tensors; also taken by one trained on a table of numbers.
inline constexpr char kTensorInput[] = "input";
inline constexpr char kScoresOutput[] = "output";
// Of classifiers.
inline constexpr char kLabelOutput[] = "label";

struct TensorSignature {
  std::string name;
  std::string datatype;       // Recommended: numbers of any other are converted.
  std::vector<int64_t> dims;  // Of one row.
};

struct ModelSignature {
  // One input for each column of a table, else kTensorInput.
  bool by_column;
  std::vector<TensorSignature> inputs;
  std::vector<TensorSignature> outputs;
};

ModelSignature SignatureOf(const LoadedModel& model);

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_MODEL_SIGNATURE_H_
