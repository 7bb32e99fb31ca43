// Kernel calls with their arguments, side by side in memory: what a plan runs.

#ifndef FITD_CORE_NN_OP_LIST_H_
#define FITD_CORE_NN_OP_LIST_H_

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <vector>

#include "core/kernels/kernels.h"

namespace fitd {

// Thread-compatible: any number of threads may run a list that nobody changes.
class OpList {
 public:
  template <typename Args>
  void Add(void (*kernel)(const Args&, Part), const std::type_identity_t<Args>& args) {
    using KernelCall = Call<Args>;
    static_assert(std::is_trivially_copyable_v<KernelCall> && alignof(KernelCall) <= kAlignment);
    const size_t offset = calls_.size();
    const KernelCall call = {kernel, args};
    calls_.resize(offset + (sizeof(KernelCall) + kAlignment - 1) / kAlignment * kAlignment);
    std::memcpy(calls_.data() + offset, &call, sizeof(KernelCall));
    ops_.push_back({&RunCall<Args>, offset});
  }

  size_t size() const { return ops_.size(); }
  void Run(size_t index, Part part) const {
    ops_[index].run(calls_.data() + ops_[index].offset, part);
  }
  // All calls, on one thread.
  void Run() const {
    for (const Op& op : ops_) op.run(calls_.data() + op.offset, {0, 1});
  }
  // Keeps the memory.
  void Clear() {
    ops_.clear();
    calls_.clear();
  }

 private:
  static constexpr size_t kAlignment = alignof(std::max_align_t);

  template <typename Args>
  struct Call {
    void (*kernel)(const Args&, Part);
    Args args;
  };
  struct Op {
    void (*run)(const std::byte* call, Part part);
    size_t offset;
  };

  template <typename Args>
  static void RunCall(const std::byte* bytes, Part part) {
    const auto& call = *reinterpret_cast<const Call<Args>*>(bytes);
    call.kernel(call.args, part);
  }

  std::vector<Op> ops_;
  std::vector<std::byte> calls_;
};

}  // namespace fitd

#endif  // FITD_CORE_NN_OP_LIST_H_
