// One block of memory for many tensors: first all are reserved, then allocated at once.

#ifndef FITD_CORE_TENSOR_ARENA_H_
#define FITD_CORE_TENSOR_ARENA_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/status.h"

namespace fitd {

// Thread-compatible.
class Arena {
 public:
  // Room for `count` floats, 64-byte aligned. Tensors reserved one after the other lie side by
  // side, with less than 64 bytes of padding after each. Allocate sets `*tensor`, which must stay
  // where it is until then.
  void Reserve(int64_t count, float** tensor);
  // What `count` floats take with their padding.
  static int64_t RoomFor(int64_t count);
  // Reserved so far, padding included, in floats; kSaturated when that is more than a number can
  // say.
  int64_t size() const { return size_; }

  // Zeroed. RESOURCE_EXHAUSTED when there is not that much memory. Call once.
  absl::Status Allocate();

 private:
  struct Free {
    void operator()(float* block) const;
  };
  std::vector<std::pair<float**, int64_t>> tensors_;  // And their places in the block.
  int64_t size_ = 0;
  std::unique_ptr<float, Free> block_;
};

}  // namespace fitd

#endif  // FITD_CORE_TENSOR_ARENA_H_
