// c = a b + bias by register tiles: each output value has one accumulator, to which the k products
// are added in order. How the tiles are cut therefore changes no bit, and parts, edges and small
// batches may use what tile suits them.
//
// a is read in place. b is read in place where its rows lie one after another and few rows of c use
// them; else each part copies the columns it is at into its own panel of `scratch`, k rows of one
// tile's width, zero-padded.

#include "core/kernels/isa_table.h"
#include "core/kernels/packet.h"

namespace fitd::FITD_ISA {
namespace {

constexpr int kTileRows = kLanes == 16 ? 12 : 6;  // 32 vector registers or 16.
constexpr int kTilePackets = 2;
constexpr int kPanel = kTilePackets * kLanes;

// Wider tiles for few rows: eight accumulators or more keep the multipliers busy.
constexpr int kMaxPackets = 8;

// Rows of c from which copying b pays.
constexpr int64_t kPackRows = 24;

// Rows of b that a tile reads: k values, `stride` apart.
struct Columns {
  const float* values;
  int64_t stride;
  int64_t k;
};

struct Tile {
  const float* a;
  int64_t a_row, a_col;
  Columns b;
  Columns
      b_end;  // The last rows of b, where reading whole packets in place would leave the matrix.
  const float* bias;
  float* c;
  int64_t c_row;
  int64_t cols;  // Of c, up to the tile's width.
};

template <int rows, int packets>
inline void MultiplyAdd(const float* a, int64_t a_row, int64_t a_col, const Columns& b,
                        Packet (&sums)[rows][packets]) {
  const float* from = b.values;
  for (int64_t p = 0; p < b.k; ++p) {
    Packet columns[packets];
#pragma GCC unroll 8
    for (int j = 0; j < packets; ++j) columns[j] = Load(from + j * kLanes, Whole());
#pragma GCC unroll 12
    for (int i = 0; i < rows; ++i) {
      const Packet value = Set(a[i * a_row]);
#pragma GCC unroll 8
      for (int j = 0; j < packets; ++j) sums[i][j] = pmadd(value, columns[j], sums[i][j]);
    }
    a += a_col;
    from += b.stride;
  }
}

// Adds the bias to the tile's j-th packets and stores them.
template <int rows, int packets, typename Lanes>
inline void Finish(const Tile& tile, int j, Lanes lanes, Packet (&sums)[rows][packets]) {
  const Packet bias =
      tile.bias != nullptr ? Load(tile.bias + j * kLanes, lanes) : Set(-0.0f);  // x + -0 = x.
  for (int i = 0; i < rows; ++i) {
    Store(tile.c + i * tile.c_row + j * kLanes, padd(sums[i][j], bias), lanes);
  }
}

template <int rows, int packets>
void ComputeTile(const Tile& tile) {
  Packet sums[rows][packets];
  for (auto& row : sums) {
    for (Packet& sum : row) sum = Set(0.0f);
  }
  if (tile.a_row == 1) {
    MultiplyAdd<rows, packets>(tile.a, 1, tile.a_col, tile.b, sums);
  } else {
    MultiplyAdd<rows, packets>(tile.a, tile.a_row, 1, tile.b, sums);
  }
  if (tile.b_end.k > 0) {
    MultiplyAdd<rows, packets>(tile.a + tile.b.k * tile.a_col, tile.a_row, tile.a_col, tile.b_end,
                               sums);
  }

  for (int j = 0; j < packets; ++j) {
    const int64_t left = tile.cols - j * kLanes;
    if (left >= kLanes) {
      Finish(tile, j, Whole(), sums);
    } else {
      Finish(tile, j, static_cast<int>(left), sums);
    }
  }
}

using TileFunction = void (*)(const Tile&);

// By rows and packets. Narrow tiles exist for all heights, wide ones for one to three rows.
template <int rows>
TileFunction TileOfPackets(int packets) {
  if constexpr (rows <= 3) {
    if (packets == 4) return ComputeTile<rows, 4>;
  }
  if constexpr (rows == 1) {
    if (packets == 8) return ComputeTile<rows, 8>;
  }
  return packets == 1 ? ComputeTile<rows, 1> : ComputeTile<rows, 2>;
}

TileFunction TileOf(int rows, int packets) {
  switch (rows) {
    case 1:
      return TileOfPackets<1>(packets);
    case 2:
      return TileOfPackets<2>(packets);
    case 3:
      return TileOfPackets<3>(packets);
    case 4:
      return TileOfPackets<4>(packets);
    case 5:
      return TileOfPackets<5>(packets);
    case 6:
      return TileOfPackets<6>(packets);
  }
  if constexpr (kTileRows > 6) {
    switch (rows) {
      case 7:
        return TileOfPackets<7>(packets);
      case 8:
        return TileOfPackets<8>(packets);
      case 9:
        return TileOfPackets<9>(packets);
      case 10:
        return TileOfPackets<10>(packets);
      case 11:
        return TileOfPackets<11>(packets);
      case 12:
        return TileOfPackets<12>(packets);
    }
  }
  __builtin_unreachable();
}

// The widest tile of one, two, four or eight packets that `cols` columns fill.
int PacketsFor(int64_t rows, int64_t cols) {
  const int limit = rows == 1 ? 8 : rows <= 3 ? 4 : kTilePackets;
  int packets = 1;
  while (packets < limit && cols > packets * kLanes) packets *= 2;
  if (packets > kTilePackets && cols < packets * kLanes) packets /= 2;
  return packets;
}

// Copies the columns from b(0, col) on into a panel of `width` columns.
void Pack(const GemmArgs& args, int64_t col, int64_t cols, int width, float* panel) {
  const float* b = args.b + col * args.b_col;
  if (args.b_col == 1) {
    for (int64_t p = 0; p < args.k; ++p) {
      const float* from = b + p * args.b_row;
      float* to = panel + p * width;
      if (cols == width) {
        for (int j = 0; j < width; j += kLanes) Store(to + j, Load(from + j, Whole()), Whole());
      } else {
        for (int j = 0; j < width; ++j) to[j] = j < cols ? from[j] : 0.0f;
      }
    }
    return;
  }
  for (int64_t p = 0; p < args.k; p += kLanes) {
    const int64_t steps = args.k - p < kLanes ? args.k - p : kLanes;
    for (int j = 0; j < width; j += kLanes) {
      Eigen::internal::PacketBlock<Packet, kLanes> block;
      for (int i = 0; i < kLanes; ++i) {
        const float* from = b + (j + i) * args.b_col + p;
        if (j + i >= cols) {
          block.packet[i] = Set(0.0f);
        } else if (steps == kLanes) {
          block.packet[i] = Load(from, Whole());
        } else {
          block.packet[i] = Load(from, static_cast<int>(steps));
        }
      }
      Eigen::internal::ptranspose(block);
      for (int i = 0; i < steps; ++i) {
        Store(panel + (p + i) * width + j, block.packet[i], Whole());
      }
    }
  }
}

void ComputePanel(const GemmArgs& args, Range rows, int64_t col, int64_t cols, int packets,
                  const Columns& b, const Columns& b_end) {
  const int64_t count = rows.end - rows.begin;
  const int64_t tiles = (count + kTileRows - 1) / kTileRows;
  for (int64_t t = 0; t < tiles; ++t) {  // Of nearly equal heights.
    const int64_t begin = rows.begin + count * t / tiles;
    const int64_t end = rows.begin + count * (t + 1) / tiles;
    TileOf(static_cast<int>(end - begin),
           packets)({args.a + begin * args.a_row, args.a_row, args.a_col, b, b_end,
                     args.bias != nullptr ? args.bias + col : nullptr,
                     args.c + begin * args.c_row + col, args.c_row, cols});
  }
}

void ComputeColumns(const GemmArgs& args, Range rows, Range columns, float* panel) {
  const int64_t count = rows.end - rows.begin;
  const bool pack = args.b_col != 1 || (count >= kPackRows && args.n > kPanel);
  for (int64_t col = columns.begin; col < columns.end;) {
    const int64_t left = columns.end - col;
    const int packets = PacketsFor(pack ? kTileRows : count, left);
    const int width = packets * kLanes;
    const int64_t cols = left < width ? left : width;
    if (pack) {
      Pack(args, col, cols, width, panel);
      ComputePanel(args, rows, col, cols, packets, {panel, width, args.k}, {});
    } else {
      // Whole packets may run into the next row of b, but not past its end.
      int64_t end_rows = (col + width - args.n + args.b_row - 1) / args.b_row;
      if (end_rows < 0) end_rows = 0;
      if (end_rows > args.k) end_rows = args.k;
      const int64_t k = args.k - end_rows;
      const float* b = args.b + col;
      float end[kMaxPackets * kLanes > kLanes * kLanes ? kMaxPackets * kLanes : kLanes * kLanes] =
          {};
      for (int64_t p = 0; p < end_rows; ++p) {
        for (int64_t j = 0; j < cols; ++j) end[p * width + j] = b[(k + p) * args.b_row + j];
      }
      ComputePanel(args, rows, col, cols, packets, {b, args.b_row, k}, {end, width, end_rows});
    }
    col += cols;
  }
}

int64_t PanelSize(int64_t k) { return (k * kPanel + 15) / 16 * 16; }

int64_t GemmScratch(int64_t, int64_t, int64_t k, int parts) { return PanelSize(k) * parts; }

// Parts take columns where there are panels enough to share out evenly, else rows.
void Gemm(const GemmArgs& args, Part part) {
  float* panel = args.scratch + PanelSize(args.k) * part.index;
  const int64_t panels = (args.n + kPanel - 1) / kPanel;
  if (panels >= 4 * part.count || args.m < part.count) {
    ComputeColumns(args, {0, args.m}, Share(args.n, kPanel, part), panel);
  } else {
    ComputeColumns(args, ShareOfRows(args.m, part), {0, args.n}, panel);
  }
}

}  // namespace

void FillGemm(Kernels& table) {
  table.gemm_scratch = GemmScratch;
  table.gemm = Gemm;
}

}  // namespace fitd::FITD_ISA
