// Named float tensors in a file with a checksum (docs/formats.md): weights and checkpoints.

#ifndef FITD_CORE_NN_TENSOR_FILE_H_
#define FITD_CORE_NN_TENSOR_FILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/nn/weights.h"
#include "fitd/v1/model.pb.h"

namespace fitd {

struct TensorFileKind {
  const char* magic;  // The first 8 bytes of the file.
  const char* name;   // In errors.
};

// A tensor to be saved. Not owned.
struct TensorView {
  std::string name;
  std::vector<int64_t> shape;
  bool trainable = true;
  std::span<const float> values;
};

inline TensorView ViewOf(const Weight& weight, const std::string& prefix = "") {
  return {.name = prefix + weight.name,
          .shape = weight.shape,
          .trainable = weight.trainable,
          .values = weight.values};
}

struct TensorFile {
  v1::WeightsHeader header;
  std::vector<Weight> tensors;
};

// Atomic. `header` is what the kind keeps beside the tensors, whose entries are added here.
// RESOURCE_EXHAUSTED when the disk is full.
absl::Status SaveTensorFile(const std::string& path, const TensorFileKind& kind,
                            v1::WeightsHeader header, std::span<const TensorView> tensors);

// DATA_LOSS when the file is damaged: every length is checked before use, and the content's
// SHA-256.
absl::StatusOr<TensorFile> LoadTensorFile(const std::string& path, const TensorFileKind& kind);

}  // namespace fitd

#endif  // FITD_CORE_NN_TENSOR_FILE_H_
