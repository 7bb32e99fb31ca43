#include "core/tensor/arena.h"

#include <cstring>
#include <new>

#include "core/tensor/shape.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr int64_t kFloatsPerLine = 16;

}  // namespace

int64_t Arena::RoomFor(int64_t count) {
  return count > kSaturated - kFloatsPerLine
             ? kSaturated
             : (count + kFloatsPerLine - 1) / kFloatsPerLine * kFloatsPerLine;
}

void Arena::Reserve(int64_t count, float** tensor) {
  tensors_.emplace_back(tensor, size_);
  size_ = RoomFor(SaturatingAdd(size_, count));
}

absl::Status Arena::Allocate() {
  const int64_t bytes = SaturatingMultiply(size_, sizeof(float));
  void* block = bytes == kSaturated
                    ? nullptr
                    : ::operator new(static_cast<size_t>(bytes), kAlignment, std::nothrow);
  if (block == nullptr) {
    return ResourceExhausted(
        fmt::format("no memory for {} numbers of weights, gradients and activations", size_));
  }
  std::memset(block, 0, static_cast<size_t>(bytes));
  block_.reset(static_cast<float*>(block));
  for (const auto& [tensor, place] : tensors_) *tensor = block_.get() + place;
  tensors_.clear();
  return absl::OkStatus();
}

void Arena::Free::operator()(float* block) const { ::operator delete(block, kAlignment); }

}  // namespace fitd
