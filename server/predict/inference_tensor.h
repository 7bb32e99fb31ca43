// The values of tensors as the Open Inference Protocol sends them: typed or raw.

#ifndef FITD_SERVER_PREDICT_INFERENCE_TENSOR_H_
#define FITD_SERVER_PREDICT_INFERENCE_TENSOR_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "fitd/v1/tensor.pb.h"
#include "inference/grpc_service.pb.h"

namespace fitd {

inline constexpr char kBytesDatatype[] = "BYTES";
inline constexpr char kScoresDatatype[] = "FP32";

// One of the protocol's types of values.
struct Datatype {
  std::string_view name;  // In requests and metadata.
  inference::DataType config;
  int64_t bytes;  // Of one value; 0 for BYTES.
  // The type that its values become: its own or one that holds them; unspecified for BYTES.
  v1::DataType number;
};

// INVALID_ARGUMENT names those that there are.
absl::StatusOr<Datatype> FindDatatype(std::string_view name);
// What the protocol calls a type of ours.
std::string DatatypeName(v1::DataType dtype);

using InputTensor = inference::ModelInferRequest::InferInputTensor;

// The numbers of an input, with its shape; from `raw` if the request is raw, else from its
// contents. UINT64 is rounded to doubles. INVALID_ARGUMENT for BYTES, and when the values are not
// of the datatype; that they fill the shape is for the pipeline to check.
absl::StatusOr<v1::Tensor> NumbersOf(const InputTensor& input, const std::string* raw);
// The same for BYTES. They live as long as the request.
absl::StatusOr<std::vector<std::string_view>> TextsOf(const InputTensor& input,
                                                      const std::string* raw);

std::string RawScores(std::span<const float> scores);
void AppendRawText(std::string_view text, std::string& raw);

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_INFERENCE_TENSOR_H_
