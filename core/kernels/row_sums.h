// What softmax and the crossentropies share. A row's result depends on its values alone.

#ifndef FITD_CORE_KERNELS_ROW_SUMS_H_
#define FITD_CORE_KERNELS_ROW_SUMS_H_

#include "core/kernels/packet.h"
#include "core/kernels/packet_math.h"

namespace fitd::FITD_ISA {

inline float RowMax(const float* x, int64_t size) {
  Packet max = Set(-__builtin_inff());
  ForEachPacket({0, size}, [&](int64_t i, auto lanes) {
    max = pmax(max, Select(Load(x + i, lanes), max, lanes));
  });
  return Max(max);
}

inline float RowSum(const float* x, int64_t size) {
  Packet sum = Set(0.0f);
  ForEachPacket({0, size}, [&](int64_t i, auto lanes) { sum = padd(sum, Load(x + i, lanes)); });
  return Sum(sum);
}

// The sum of exp(x - max), and the terms in `out` unless it is null.
inline float ExponentialsOfRow(const float* x, float max, int64_t size, float* out) {
  const Packet shift = Set(max);
  Packet sum = Set(0.0f);
  ForEachPacket({0, size}, [&](int64_t i, auto lanes) {
    const Packet e = Exp(psub(Load(x + i, lanes), shift));
    sum = padd(sum, Select(e, Set(0.0f), lanes));
    if (out != nullptr) Store(out + i, e, lanes);
  });
  return Sum(sum);
}

}  // namespace fitd::FITD_ISA

#endif  // FITD_CORE_KERNELS_ROW_SUMS_H_
