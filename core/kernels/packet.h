// Vectors of floats, as wide as the instruction set this source is built for. Eigen's packets carry
// the operations; here is what the kernels add to them: partial packets, and the split of work.
//
// Included only by sources of fitd_isa_library: everything lives in a namespace named for the
// level.

#ifndef FITD_CORE_KERNELS_PACKET_H_
#define FITD_CORE_KERNELS_PACKET_H_

#include <Eigen/Core>
#include <cstdint>

#include "core/kernels/kernels.h"

namespace fitd::FITD_ISA {

// Named one by one: a using-directive would make calls ambiguous.
using Eigen::internal::pabs;
using Eigen::internal::padd;
using Eigen::internal::pand;
using Eigen::internal::pcmp_eq;
using Eigen::internal::pcmp_le;
using Eigen::internal::pcmp_lt;
using Eigen::internal::pdiv;
using Eigen::internal::pmadd;
using Eigen::internal::pmax;
using Eigen::internal::pmin;
using Eigen::internal::pmul;
using Eigen::internal::pnegate;
using Eigen::internal::por;
using Eigen::internal::pselect;
using Eigen::internal::psqrt;
using Eigen::internal::psub;

using Packet = Eigen::internal::packet_traits<float>::type;
using PacketInt = Eigen::internal::unpacket_traits<Packet>::integer_packet;
inline constexpr int kLanes = Eigen::internal::packet_traits<float>::size;
static_assert(sizeof(Packet) == kLanes * sizeof(float));

inline Packet Set(float x) { return Eigen::internal::pset1<Packet>(x); }
inline PacketInt SetInt(int32_t x) { return Eigen::internal::pset1<PacketInt>(x); }

// How many values of a packet count: all, or the first few at the end of a range.
struct Whole {};

inline Packet Load(const float* from, Whole) { return Eigen::internal::ploadu<Packet>(from); }
inline void Store(float* to, Packet x, Whole) { Eigen::internal::pstoreu(to, x); }

// Copies `count` < 8 values, in pieces of fixed size.
inline void CopyPartial(float* to, const float* from, int count) {
  if constexpr (kLanes > 4) {
    if ((count & 4) != 0) {
      __builtin_memcpy(to, from, 4 * sizeof(float));
      to += 4;
      from += 4;
    }
  }
  if ((count & 2) != 0) {
    __builtin_memcpy(to, from, 2 * sizeof(float));
    to += 2;
    from += 2;
  }
  if ((count & 1) != 0) *to = *from;
}
inline Packet Load(const float* from, int lanes) {
#if defined(__AVX512F__)
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << lanes) - 1), from);
#elif defined(__AVX__)
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), lane));
#else
  alignas(sizeof(Packet)) float values[kLanes] = {};
  CopyPartial(values, from, lanes);
  return Eigen::internal::pload<Packet>(values);
#endif
}
inline void Store(float* to, Packet x, int lanes) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << lanes) - 1), x);
#else  // Not AVX's masked store: it takes dozens of cycles on some processors.
  alignas(sizeof(Packet)) float values[kLanes];
  Eigen::internal::pstore(values, x);
  CopyPartial(to, values, lanes);
#endif
}

// `x` in the first lanes, `other` in the rest.
inline Packet Select(Packet x, Packet, Whole) { return x; }
inline Packet Select(Packet x, Packet other, int lanes) {
#if defined(__AVX512F__)
  return _mm512_mask_blend_ps(static_cast<__mmask16>((1u << lanes) - 1), other, x);
#else
  const Packet lane = Eigen::internal::plset<Packet>(0.0f);
  return pselect(pcmp_lt(lane, Set(static_cast<float>(lanes))), x, other);
#endif
}

inline float First(Packet x) { return Eigen::internal::pfirst(x); }

// All lanes as one, in halves: always the same order.
template <typename Combine>
inline float Reduce(Packet x, Combine combine) {
#if defined(__SSE2__)
#if defined(__AVX512F__)
  const __m256d high = _mm512_extractf64x4_pd(_mm512_castps_pd(x), 1);
  const __m256 eight = combine(_mm512_castps512_ps256(x), _mm256_castpd_ps(high));
#elif defined(__AVX__)
  const __m256 eight = x;
#endif
#if defined(__AVX__)
  const __m128 four = combine(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#else
  const __m128 four = x;
#endif
  const __m128 two = combine(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(combine(two, _mm_shuffle_ps(two, two, 1)));
#else
  alignas(sizeof(Packet)) float values[kLanes];
  Eigen::internal::pstore(values, x);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i)
      values[i] = First(combine(Set(values[i]), Set(values[i + half])));
  }
  return values[0];
#endif
}
inline float Sum(Packet x) {
  return Reduce(x, [](auto a, auto b) { return padd(a, b); });
}
// Any of the lanes where one is NaN.
inline float Max(Packet x) {
  return Reduce(x, [](auto a, auto b) { return pmax(a, b); });
}

// y, but x where x is NaN: undoes comparisons and clamps that lose it.
inline Packet KeepNan(Packet x, Packet y) { return pselect(pcmp_eq(x, x), y, x); }

struct Range {
  int64_t begin;
  int64_t end;
};

// The part's share of [0, size), cut at multiples of `grain`.
inline Range Share(int64_t size, int64_t grain, Part part) {
  const int64_t grains = (size + grain - 1) / grain;
  const int64_t begin = grains * part.index / part.count * grain;
  const int64_t end = grains * (part.index + 1) / part.count * grain;
  return {begin < size ? begin : size, end < size ? end : size};
}

// Cuts at cache lines, so that parts do not share one.
inline Range ShareOfValues(int64_t size, Part part) { return Share(size, 16, part); }
inline Range ShareOfRows(int64_t rows, Part part) { return Share(rows, 1, part); }

// Calls body(i, lanes) for each packet of the range, the last one perhaps partial. Every value goes
// through the same packet operations wherever it lies.
template <typename Body>
inline void ForEachPacket(Range range, Body body) {
  int64_t i = range.begin;
  for (; i + kLanes <= range.end; i += kLanes) body(i, Whole());
  if (i < range.end) body(i, static_cast<int>(range.end - i));
}

}  // namespace fitd::FITD_ISA

#endif  // FITD_CORE_KERNELS_PACKET_H_
