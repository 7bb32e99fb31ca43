#include "core/kernels/isa_table.h"
#include "core/kernels/packet.h"

namespace fitd::FITD_ISA {
namespace {

template <typename T>
void GatherRow(const T* __restrict from, int64_t width, const Rescale& rescale,
               float* __restrict to) {
  for (int64_t j = 0; j < width; ++j) to[j] = static_cast<float>(from[j]);
  if (rescale.scale == 1 && rescale.offset == 0) return;
  const Packet scale = Set(rescale.scale);
  const Packet offset = Set(rescale.offset);
  ForEachPacket({0, width}, [&](int64_t j, auto lanes) {
    Store(to + j, pmadd(Load(to + j, lanes), scale, offset), lanes);
  });
}

#if defined(__AVX2__)
// Bytes, of which images are made: compilers widen them by detours.
Packet Widen(const uint8_t* from, Whole) {
#if defined(__AVX512F__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
#else
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
#endif
}
Packet Widen(const uint8_t* from, int lanes) {
  uint8_t bytes[16] = {};
  for (int i = 0; i < lanes; ++i) bytes[i] = from[i];
  return Widen(bytes, Whole());
}

void GatherRow(const uint8_t* from, int64_t width, const Rescale& rescale, float* to) {
  const Packet scale = Set(rescale.scale);
  const Packet offset = Set(rescale.offset);
  ForEachPacket({0, width}, [&](int64_t j, auto lanes) {
    Store(to + j, pmadd(Widen(from + j, lanes), scale, offset), lanes);
  });
}
#endif

template <typename T>
void Gather(const GatherArgs& args, Part part) {
  const Range range = ShareOfRows(args.count, part);
  for (int64_t i = range.begin; i < range.end; ++i) {
    GatherRow(static_cast<const T*>(args.data) + int64_t{args.rows[i]} * args.width, args.width,
              args.rescale, args.out + i * args.out_row);
  }
}

}  // namespace

void FillGather(Kernels& table) {
  table.gather_u8 = Gather<uint8_t>;
  table.gather_i8 = Gather<int8_t>;
  table.gather_u16 = Gather<uint16_t>;
  table.gather_i16 = Gather<int16_t>;
  table.gather_i32 = Gather<int32_t>;
  table.gather_f32 = Gather<float>;
  table.gather_f64 = Gather<double>;
}

}  // namespace fitd::FITD_ISA
