#include "core/kernels/isa_table.h"
#include "core/kernels/packet.h"

namespace fitd::FITD_ISA {
namespace {

template <typename T>
void Gather(const GatherArgs& args, Part part) {
  const Range range = ShareOfRows(args.count, part);
  for (int64_t i = range.begin; i < range.end; ++i) {
    const T* from = static_cast<const T*>(args.data) + int64_t{args.rows[i]} * args.width;
    float* to = args.out + i * args.out_row;
    for (int64_t j = 0; j < args.width; ++j) to[j] = static_cast<float>(from[j]);
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
