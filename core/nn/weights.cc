#include "core/nn/weights.h"

#include <utility>

#include "core/base/sha256.h"
#include "core/nn/tensor_file.h"

namespace fitd {
namespace {

// docs/formats.md, "Weights file".
constexpr TensorFileKind kKind = {.magic = "FITDWGT1", .name = "weights file"};

}  // namespace

std::string Weights::Sha256() const {
  fitd::Sha256 digest;
  for (const Weight& weight : tensors) {
    const int64_t rank = static_cast<int64_t>(weight.shape.size());
    digest.Update(weight.name.c_str(), weight.name.size() + 1);
    digest.Update(&rank, sizeof(rank));
    digest.Update(weight.shape.data(), weight.shape.size() * sizeof(int64_t));
    digest.Update(weight.values.data(), weight.values.size() * sizeof(float));
  }
  return digest.HexDigest();
}

absl::Status Weights::Save(const std::string& path) const {
  std::vector<TensorView> views;
  for (const Weight& weight : tensors) views.push_back(ViewOf(weight));
  return SaveTensorFile(path, kKind, {}, views);
}

absl::StatusOr<Weights> Weights::Load(const std::string& path) {
  FITD_ASSIGN_OR_RETURN(TensorFile file, LoadTensorFile(path, kKind));
  return Weights{std::move(file.tensors)};
}

}  // namespace fitd
