// c = a b + bias by register tiles: each output value has one accumulator, to which the k products
// are added in order. How the tiles are cut therefore changes no bit, and parts, edges and small
// batches may use what tile suits them.
//
// a is read in place. b is read in place where its rows lie one after another and few rows of c use
// them; else each part copies the columns it is at into panels of `scratch`, k rows of one tile's
// width, zero-padded. Where c is narrower than a tile, its transpose may be computed.

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

// Panels that are packed together stay in the second cache, and so do this many rows of a.
constexpr int64_t kPackedValues = 1024 * kPanel;
constexpr int64_t kBlockRows = 40 * kTileRows;

// Columns of c up to which its transpose may be computed.
constexpr int64_t kNarrow = 12;

// Rows of b that a tile reads: k values, `stride` apart.
struct Columns {
  const float* values;
  int64_t stride;
  int64_t k;
};

// Some rows of c, and of its columns `panels` times a tile's width.
struct Tile {
  const float* a;
  int64_t a_row, a_col;
  Columns b;       // Of the first panel.
  int64_t b_step;  // From a panel's columns to the next one's.
  float* copy;  // Where the panels are copied to while they are read, one after another; or null.
  // The last rows of b, where reading whole packets in place would leave the matrix; for one panel.
  Columns b_end;
  int64_t panels;
  const float* bias;
  float* c;
  int64_t c_row;
  int64_t cols;  // Of c in a panel: the tile's width, or less in the only one.
};

template <bool copies, int rows, int packets>
inline void MultiplyAdd(const float* a, int64_t a_row, int64_t a_col, const Columns& b, float* copy,
                        Packet (&sums)[rows][packets]) {
  const float* from = b.values;
  for (int64_t p = 0; p < b.k; ++p) {
    Packet columns[packets];
#pragma GCC unroll 8
    for (int j = 0; j < packets; ++j) {
      columns[j] = Load(from + j * kLanes, Whole());
      if constexpr (copies) Store(copy + j * kLanes, columns[j], Whole());
    }
#pragma GCC unroll 12
    for (int i = 0; i < rows; ++i) {
      const Packet value = Set(a[i * a_row]);
#pragma GCC unroll 8
      for (int j = 0; j < packets; ++j) sums[i][j] = pmadd(value, columns[j], sums[i][j]);
    }
    a += a_col;
    from += b.stride;
    if constexpr (copies) copy += packets * kLanes;
  }
}

template <int rows, int packets>
void ComputeTile(const Tile& tile) {
  constexpr int kWidth = packets * kLanes;
  Columns b = tile.b;
  for (int64_t panel = 0; panel < tile.panels; ++panel) {
    Packet sums[rows][packets];
    for (auto& row : sums) {
      for (Packet& sum : row) sum = Set(0.0f);
    }
    if (tile.copy != nullptr) {
      MultiplyAdd<true>(tile.a, tile.a_row, tile.a_col, b, tile.copy + panel * b.k * kWidth, sums);
    } else if (tile.a_row == 1) {
      MultiplyAdd<false>(tile.a, 1, tile.a_col, b, nullptr, sums);
    } else {
      MultiplyAdd<false>(tile.a, tile.a_row, 1, b, nullptr, sums);
    }
    if (tile.b_end.k > 0) {
      MultiplyAdd<false>(tile.a + b.k * tile.a_col, tile.a_row, tile.a_col, tile.b_end, nullptr,
                         sums);
    }
    b.values += tile.b_step;

    // Adds the bias to the j-th packets and stores them.
    const auto finish = [&](int j, auto lanes) {
      const int64_t col = panel * kWidth + j * kLanes;
      const Packet bias =
          tile.bias != nullptr ? Load(tile.bias + col, lanes) : Set(-0.0f);  // x + -0 = x.
      for (int i = 0; i < rows; ++i)
        Store(tile.c + i * tile.c_row + col, padd(sums[i][j], bias), lanes);
    };
#pragma GCC unroll 8
    for (int j = 0; j < packets; ++j) {
      const int64_t left = tile.cols - j * kLanes;
      if (left >= kLanes) {
        finish(j, Whole());
      } else {
        finish(j, static_cast<int>(left));
      }
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
  const int64_t k = args.k;
  if (args.b_col == 1) {
    for (int64_t p = 0; p < k; ++p) {
      for (int j = 0; j < width; ++j)
        panel[p * width + j] = j < cols ? b[p * args.b_row + j] : 0.0f;
    }
    return;
  }
  for (int64_t p = 0; p < k; p += kLanes) {
    const int64_t steps = k - p < kLanes ? k - p : kLanes;
    for (int j = 0; j < width; j += kLanes) {
      Eigen::internal::PacketBlock<Packet, kLanes> square;
      for (int i = 0; i < kLanes; ++i) {
        const float* from = b + (j + i) * args.b_col + p;
        if (j + i >= cols) {
          square.packet[i] = Set(0.0f);
        } else if (steps == kLanes) {
          square.packet[i] = Load(from, Whole());
        } else {
          square.packet[i] = Load(from, static_cast<int>(steps));
        }
      }
      Eigen::internal::ptranspose(square);
      for (int i = 0; i < steps; ++i) {
        Store(panel + (p + i) * width + j, square.packet[i], Whole());
      }
    }
  }
}

// Calls body(begin, height) for tiles of nearly equal heights.
template <typename Body>
void ForEachTile(Range rows, Body body) {
  const int64_t count = rows.end - rows.begin;
  const int64_t tiles = (count + kTileRows - 1) / kTileRows;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t begin = rows.begin + count * t / tiles;
    body(begin, static_cast<int>(rows.begin + count * (t + 1) / tiles - begin));
  }
}

Tile TileAt(const GemmArgs& args, int64_t row, int64_t col, const Columns& b) {
  return {.a = args.a + row * args.a_row,
          .a_row = args.a_row,
          .a_col = args.a_col,
          .b = b,
          .b_step = 0,
          .copy = nullptr,
          .b_end = {},
          .panels = 1,
          .bias = args.bias != nullptr ? args.bias + col : nullptr,
          .c = args.c + row * args.c_row + col,
          .c_row = args.c_row,
          .cols = 0};
}

// Some panels at a time, for all the rows. Rows of b that lie one after another are packed while
// the first tile reads them.
void ComputePacked(const GemmArgs& args, Range rows, Range columns, float* packed) {
  const int64_t k = args.k;
  const int64_t most = k > 0 && kPackedValues > k * kPanel ? kPackedValues / k : kPanel;
  const int64_t step = most / kPanel * kPanel;
  for (int64_t begin = columns.begin; begin < columns.end; begin += step) {
    const int64_t end = begin + step < columns.end ? begin + step : columns.end;
    const int64_t panels = (end - begin) / kPanel;
    const bool copy = args.b_col == 1;
    for (int64_t i = 0; i < panels && !copy; ++i)
      Pack(args, begin + i * kPanel, kPanel, kPanel, packed + i * k * kPanel);
    // What is left is less than a panel wide.
    const int64_t rest = begin + panels * kPanel;
    const int rest_packets = PacketsFor(kTileRows, end - rest);
    float* packed_rest = packed + panels * k * kPanel;
    if (rest < end) Pack(args, rest, end - rest, rest_packets * kLanes, packed_rest);

    ForEachTile(rows, [&](int64_t row, int height) {
      if (panels > 0) {
        const bool first = copy && row == rows.begin;
        Tile tile = TileAt(args, row, begin, {packed, kPanel, k});
        tile.b_step = k * kPanel;
        if (first) {
          tile.b = {args.b + begin, args.b_row, k};
          tile.b_step = kPanel;
          tile.copy = packed;
        }
        tile.panels = panels;
        tile.cols = kPanel;
        TileOf(height, kTilePackets)(tile);
      }
      if (rest < end) {
        Tile tile = TileAt(args, row, rest, {packed_rest, rest_packets * kLanes, k});
        tile.cols = end - rest;
        TileOf(height, rest_packets)(tile);
      }
    });
  }
}

void ComputeInPlace(const GemmArgs& args, Range rows, Range columns) {
  for (int64_t col = columns.begin; col < columns.end;) {
    const int64_t left = columns.end - col;
    const int packets = PacketsFor(rows.end - rows.begin, left);
    const int width = packets * kLanes;
    const int64_t cols = left < width ? left : width;
    // Whole packets may run into the next row of b, but not past the last one's end.
    int64_t end_rows = (col + width - args.n + args.b_row - 1) / args.b_row;
    if (end_rows < 0) end_rows = 0;
    if (end_rows > args.k) end_rows = args.k;
    const int64_t k = args.k - end_rows;
    const float* b = args.b + col;
    float end[kMaxPackets * kLanes > kLanes * kLanes ? kMaxPackets * kLanes : kLanes * kLanes] = {};
    for (int64_t p = 0; p < end_rows; ++p) {
      for (int64_t j = 0; j < cols; ++j) end[p * width + j] = b[(k + p) * args.b_row + j];
    }
    ForEachTile(rows, [&](int64_t row, int height) {
      Tile tile = TileAt(args, row, col, {b, args.b_row, k});
      tile.b_end = {end, width, end_rows};
      tile.cols = cols;
      TileOf(height, packets)(tile);
    });
    col += cols;
  }
}

void ComputeColumns(const GemmArgs& args, Range rows, Range columns, float* packed) {
  const int64_t count = rows.end - rows.begin;
  if (args.b_col == 1 && (count < kPackRows || args.n <= kPanel)) {
    return ComputeInPlace(args, rows, columns);
  }
  const int64_t blocks = (count + kBlockRows - 1) / kBlockRows;
  for (int64_t i = 0; i < blocks; ++i) {
    const Range block = {rows.begin + count * i / blocks, rows.begin + count * (i + 1) / blocks};
    ComputePacked(args, block, columns, packed);
  }
}

// c[i, j] = columns[j * kPanel + i] + bias[j] for the first `rows` values of n columns.
void StoreTransposed(const float* columns, int64_t n, int64_t rows, const float* bias, float* c,
                     int64_t c_row) {
  for (int64_t i = 0; i < rows; i += kLanes) {
    for (int64_t j = 0; j < n; j += kLanes) {
      Eigen::internal::PacketBlock<Packet, kLanes> block;
      // The last ones once more, rather than fewer.
      const int64_t first = n >= kLanes && j + kLanes > n ? n - kLanes : j;
      for (int64_t l = 0; l < kLanes; ++l) {
        block.packet[l] =
            first + l < n ? Load(columns + (first + l) * kPanel + i, Whole()) : Set(0.0f);
      }
      Eigen::internal::ptranspose(block);
      const auto store = [&](auto lanes) {
        const Packet add = bias != nullptr ? Load(bias + first, lanes) : Set(-0.0f);
        for (int64_t l = 0; l < kLanes && i + l < rows; ++l) {
          Store(c + (i + l) * c_row + first, padd(block.packet[l], add), lanes);
        }
      };
      if (n - first >= kLanes) {
        store(Whole());
      } else {
        store(static_cast<int>(n - first));
      }
    }
  }
}

// Rows of a narrow c, a panel's width of them at a time as columns of its transpose.
void ComputeNarrow(const GemmArgs& args, Range rows, float* panel) {
  alignas(64) float columns[kNarrow * kPanel];
  for (int64_t row = rows.begin; row < rows.end; row += kPanel) {
    const int64_t count = rows.end - row < kPanel ? rows.end - row : kPanel;
    const GemmArgs transposed = {.m = args.n,
                                 .n = count,
                                 .k = args.k,
                                 .a = args.b,
                                 .a_row = args.b_col,
                                 .a_col = args.b_row,
                                 .b = args.a + row * args.a_row,
                                 .b_row = args.a_col,
                                 .b_col = args.a_row,
                                 .c = columns,
                                 .c_row = kPanel,
                                 .bias = nullptr,
                                 .scratch = nullptr};
    ComputeColumns(transposed, {0, args.n}, {0, count}, panel);
    float* c = args.c + row * args.c_row;
    StoreTransposed(columns, args.n, count, args.bias, c, args.c_row);
  }
}

// Of one part: the panels packed together, or one.
int64_t PackedSize(int64_t k) { return k * kPanel > kPackedValues ? k * kPanel : kPackedValues; }

int64_t GemmScratch(int64_t, int64_t, int64_t k, int parts) { return PackedSize(k) * parts; }

// Only where a column of a lies in one piece, so that no copy is needed.
bool TransposePays(const GemmArgs& args) {
  if (args.a_row != 1 || args.n > kNarrow || args.m < kPanel) return false;
  const int64_t as_it_is = (args.n + kLanes - 1) / kLanes * args.m;
  const int64_t transposed = (args.m + kLanes - 1) / kLanes * args.n;
  return 5 * transposed < 4 * as_it_is;
}

// Parts take columns where there are panels enough to share out evenly, else rows.
void Gemm(const GemmArgs& args, Part part) {
  float* packed = args.scratch + PackedSize(args.k) * part.index;
  const int64_t panels = (args.n + kPanel - 1) / kPanel;
  if (TransposePays(args)) {
    ComputeNarrow(args, Share(args.m, kPanel, part), packed);
  } else if (panels >= 4 * part.count || args.m < part.count) {
    ComputeColumns(args, {0, args.m}, Share(args.n, kPanel, part), packed);
  } else {
    ComputeColumns(args, ShareOfRows(args.m, part), {0, args.n}, packed);
  }
}

}  // namespace

void FillGemm(Kernels& table) {
  table.gemm_scratch = GemmScratch;
  table.gemm = Gemm;
}

}  // namespace fitd::FITD_ISA
