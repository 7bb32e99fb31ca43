#include "core/base/rng.h"
#include "core/kernels/isa_table.h"
#include "core/kernels/packet.h"
#include "core/kernels/packet_math.h"
#include "core/kernels/row_sums.h"

namespace fitd::FITD_ISA {
namespace {

void Softmax(const SoftmaxArgs& args, Part part) {
  const Range rows = ShareOfRows(args.rows, part);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* x = args.x + r * args.cols;
    float* y = args.y + r * args.cols;
    const Packet sum = Set(ExponentialsOfRow(x, RowMax(x, args.cols), args.cols, y));
    ForEachPacket({0, args.cols}, [&](int64_t i, auto lanes) {
      Store(y + i, pdiv(Load(y + i, lanes), sum), lanes);
    });
  }
}

void SoftmaxGradient(const SoftmaxGradientArgs& args, Part part) {
  const Range rows = ShareOfRows(args.rows, part);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* y = args.y + r * args.cols;
    const float* dy = args.dy + r * args.cols;
    float* dx = args.dx + r * args.cols;
    Packet products = Set(0.0f);
    ForEachPacket({0, args.cols}, [&](int64_t i, auto lanes) {
      products = pmadd(Load(y + i, lanes), Load(dy + i, lanes), products);
    });
    const Packet product = Set(Sum(products));
    ForEachPacket({0, args.cols}, [&](int64_t i, auto lanes) {
      Store(dx + i, pmul(Load(y + i, lanes), psub(Load(dy + i, lanes), product)), lanes);
    });
  }
}

void Affine(const AffineArgs& args, Part part) {
  if (args.vector_size == 1) {
    const Packet scale = Set(args.scale[0]);
    const Packet offset = Set(args.offset != nullptr ? args.offset[0] : 0.0f);
    ForEachPacket(ShareOfValues(args.rows * args.cols, part), [&](int64_t i, auto lanes) {
      Store(args.y + i, pmadd(Load(args.x + i, lanes), scale, offset), lanes);
    });
    return;
  }
  const Range rows = ShareOfRows(args.rows, part);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* x = args.x + r * args.cols;
    float* y = args.y + r * args.cols;
    ForEachPacket({0, args.cols}, [&](int64_t i, auto lanes) {
      const Packet offset = args.offset != nullptr ? Load(args.offset + i, lanes) : Set(0.0f);
      Store(y + i, pmadd(Load(x + i, lanes), Load(args.scale + i, lanes), offset), lanes);
    });
  }
}

// Philox4x32-10 of `n` consecutive blocks, word by word. core/base/rng.h has the plain form.
template <int n>
struct PhiloxBlocks {
  uint32_t words[4][n];

  PhiloxBlocks(uint64_t first_block, uint32_t stream0, uint32_t stream1, uint32_t key0,
               uint32_t key1) {
    for (int i = 0; i < n; ++i) {
      words[0][i] = static_cast<uint32_t>(first_block + i);
      words[1][i] = static_cast<uint32_t>((first_block + i) >> 32);
      words[2][i] = stream0;
      words[3][i] = stream1;
    }
    for (int round = 0; round < 10; ++round) {
      for (int i = 0; i < n; ++i) {
        const uint64_t product0 = uint64_t{0xD2511F53} * words[0][i];
        const uint64_t product1 = uint64_t{0xCD9E8D57} * words[2][i];
        words[0][i] = static_cast<uint32_t>(product1 >> 32) ^ words[1][i] ^ key0;
        words[1][i] = static_cast<uint32_t>(product1);
        words[2][i] = static_cast<uint32_t>(product0 >> 32) ^ words[3][i] ^ key1;
        words[3][i] = static_cast<uint32_t>(product0);
      }
      key0 += 0x9E3779B9;
      key1 += 0xBB67AE85;
    }
  }
};

void Dropout(const DropoutArgs& args, Part part) {
  constexpr int kBlocks = 16;
  constexpr int kValues = 4 * kBlocks;
  const uint64_t seed = args.step->seed;
  const PhiloxBlocks<1> key(static_cast<uint64_t>(RandomPurpose::kDropout), 0, 0,
                            static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
  const auto& [rows, members, units] = args.block;
  const int64_t size = rows * units;
  const int64_t width = members == 1 ? size : units;  // Values of a member that lie side by side.
  const Range range = Share(size, kValues, part);
  for (int64_t begin = range.begin; begin < range.end; begin += kValues) {
    const PhiloxBlocks<kBlocks> random(begin / 4, args.stream,
                                       static_cast<uint32_t>(args.step->iteration), key.words[0][0],
                                       key.words[1][0]);
    const int64_t values = range.end - begin < kValues ? range.end - begin : kValues;
    float factors[kValues];
    for (int64_t m = 0; m < members; ++m) {
      const float rate = args.rates.of[m];
      if (m == 0 || rate != args.rates.of[m - 1]) {
        const float scale = 1 / (1 - rate);
        for (int i = 0; i < kValues; ++i) {
          const auto bits = static_cast<int32_t>(random.words[i / kBlocks][i % kBlocks] >> 8);
          factors[i] = static_cast<float>(bits) * 0x1p-24f >= rate ? scale : 0.0f;
        }
      }
      int64_t row = begin / width;
      int64_t column = begin % width;
      for (int64_t i = 0; i < values; ++row, column = 0) {
        const int64_t at = (row * members + m) * width + column;
        const int64_t left = width - column;
        const int64_t count = left < values - i ? left : values - i;
        // A product and not a choice, so that NaN is not dropped.
        for (int64_t j = 0; j < count; ++j) args.y[at + j] = args.x[at + j] * factors[i + j];
        i += count;
      }
    }
  }
}

void ColumnSum(const ColumnSumArgs& args, Part part) {
  ForEachPacket(ShareOfValues(args.cols, part), [&](int64_t i, auto lanes) {
    Packet sum = Set(0.0f);
    for (int64_t r = 0; r < args.rows; ++r)
      sum = padd(sum, Load(args.x + r * args.cols + i, lanes));
    Store(args.out + i, sum, lanes);
  });
}

}  // namespace

void FillRows(Kernels& table) {
  table.softmax = Softmax;
  table.softmax_gradient = SoftmaxGradient;
  table.affine = Affine;
  table.dropout = Dropout;
  table.column_sum = ColumnSum;
}

}  // namespace fitd::FITD_ISA
