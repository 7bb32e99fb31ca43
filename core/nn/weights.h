// The weights of a network, by name, and their stored form (docs/formats.md).

#ifndef FITD_CORE_NN_WEIGHTS_H_
#define FITD_CORE_NN_WEIGHTS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "fitd/v1/model.pb.h"

namespace fitd {

// One weight tensor.
struct Weight {
  std::string name;            // "dense_1/kernel"
  std::vector<int64_t> shape;  // [784, 128]
  bool trainable = true;
  std::vector<float> values;  // row-major
};

// In the order of the layers. Thread-compatible.
struct Weights {
  std::vector<Weight> tensors;

  // Over each tensor's name, shape and values (little-endian), in order. Lower-case hex.
  std::string Sha256() const;
  // Atomic. RESOURCE_EXHAUSTED when the disk is full.
  absl::Status Save(const std::string& path) const;
  // DATA_LOSS when the file is damaged: every length is checked before use, and the content's
  // SHA-256.
  static absl::StatusOr<Weights> Load(const std::string& path);
};

}  // namespace fitd

#endif  // FITD_CORE_NN_WEIGHTS_H_
