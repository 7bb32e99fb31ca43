#include "core/kernels/isa_table.h"
#include "core/kernels/packet.h"

namespace fitd::FITD_ISA {
namespace {

// base^n by squaring: not libm's pow, whose last bit depends on the processor.
double Power(double base, int64_t n) {
  double power = 1;
  for (; n > 0; n >>= 1) {
    if (n & 1) power *= base;
    base *= base;
  }
  return power;
}

// x - a b
Packet SubtractProduct(Packet a, Packet b, Packet x) { return pmadd(pnegate(a), b, x); }

// Columns of a stack whose members' numbers are spread out at a time.
constexpr int64_t kColumns = 256;

// What a kernel's formula takes beside the values: `count` numbers, of a member or of each lane.
template <int count>
struct Numbers {
  float of[count];
};
template <int count>
struct PacketNumbers {
  Packet of[count];
};

// Calls body(i, lanes, numbers) for each packet of the part's values, with what numbers_of(member)
// gives for them.
template <typename NumbersOf, typename Body>
void ForEachValue(const Block& block, Part part, NumbersOf numbers_of, Body body) {
  const auto first_numbers = numbers_of(0);
  constexpr int kCount = sizeof(first_numbers) / sizeof(float);
  PacketNumbers<kCount> packets;
  if (block.members == 1) {
    for (int k = 0; k < kCount; ++k) packets.of[k] = Set(first_numbers.of[k]);
    ForEachPacket(ShareOfValues(block.size(), part),
                  [&](int64_t i, auto lanes) { body(i, lanes, packets); });
    return;
  }
  alignas(64) float spread[kCount][kColumns];
  const Range rows = ShareOfRows(block.rows, part);
  for (int64_t first = 0; first < block.columns(); first += kColumns) {
    const int64_t left = block.columns() - first;
    const int64_t count = left < kColumns ? left : kColumns;
    for (int64_t i = 0; i < count;) {
      const int64_t member = (first + i) / block.units;
      const auto numbers = numbers_of(member);
      const int64_t member_end = (member + 1) * block.units - first;
      for (const int64_t end = member_end < count ? member_end : count; i < end; ++i) {
        for (int k = 0; k < kCount; ++k) spread[k][i] = numbers.of[k];
      }
    }
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      const int64_t start = r * block.columns() + first;
      ForEachPacket({0, count}, [&](int64_t i, auto lanes) {
        for (int k = 0; k < kCount; ++k) packets.of[k] = Load(spread[k] + i, lanes);
        body(start + i, lanes, packets);
      });
    }
  }
}

// w -= lr g; with momentum m = momentum m - lr g and w += m, or for Nesterov w += momentum m - lr
// g.
template <bool nesterov>
void Sgd(const OptimizerArgs& args, Part part) {
  const auto numbers_of = [&](int64_t m) {
    return Numbers<2>{{args.step->learning_rates[m], args.a.of[m]}};
  };
  ForEachValue(args.block, part, numbers_of, [&](int64_t i, auto lanes, const auto& numbers) {
    const auto [rate, momentum] = numbers.of;
    const Packet g = Load(args.gradients + i, lanes);
    const Packet w = Load(args.weights + i, lanes);
    if (args.slot0 == nullptr) {
      Store(args.weights + i, SubtractProduct(g, rate, w), lanes);
      return;
    }
    const Packet step = pmul(g, rate);
    const Packet m = psub(pmul(Load(args.slot0 + i, lanes), momentum), step);
    Store(args.slot0 + i, m, lanes);
    Store(args.weights + i, padd(w, nesterov ? psub(pmul(m, momentum), step) : m), lanes);
  });
}

// m += (g - m)(1 - beta_1), v += (g^2 - v)(1 - beta_2), w -= alpha m / (sqrt(v) + epsilon) with
// alpha = lr sqrt(1 - beta_2^t) / (1 - beta_1^t), after w -= w weight_decay lr.
void Adam(const OptimizerArgs& args, Part part) {
  const int64_t t = args.step->iteration + 1;
  const auto numbers_of = [&](int64_t m) {
    const float rate = args.step->learning_rates[m];
    const double correction1 = 1 - Power(args.a.of[m], t);
    const double correction2 = 1 - Power(args.b.of[m], t);
    const auto alpha = static_cast<float>(rate * __builtin_sqrt(correction2) / correction1);
    return Numbers<6>{
        {rate, alpha, 1 - args.a.of[m], 1 - args.b.of[m], args.c.of[m], args.d.of[m]}};
  };
  ForEachValue(args.block, part, numbers_of, [&](int64_t i, auto lanes, const auto& numbers) {
    const auto [rate, alpha, share1, share2, epsilon, decay] = numbers.of;
    const Packet g = Load(args.gradients + i, lanes);
    Packet m = Load(args.slot0 + i, lanes);
    Packet v = Load(args.slot1 + i, lanes);
    Packet w = Load(args.weights + i, lanes);
    m = pmadd(psub(g, m), share1, m);
    v = pmadd(psub(pmul(g, g), v), share2, v);
    Store(args.slot0 + i, m, lanes);
    Store(args.slot1 + i, v, lanes);
    if (args.slot2 != nullptr) {
      v = pmax(Load(args.slot2 + i, lanes), v);
      Store(args.slot2 + i, v, lanes);
    }
    w = SubtractProduct(pmul(w, decay), rate, w);
    Store(args.weights + i, psub(w, pdiv(pmul(m, alpha), padd(psqrt(v), epsilon))), lanes);
  });
}

// v = rho v + (1 - rho) g^2; step = lr g / sqrt(v + epsilon), centered: of v - average^2 + epsilon;
// with momentum m = momentum m + step and w -= m, else w -= step.
void Rmsprop(const OptimizerArgs& args, Part part) {
  const auto numbers_of = [&](int64_t m) {
    return Numbers<5>{
        {args.step->learning_rates[m], args.a.of[m], 1 - args.a.of[m], args.b.of[m], args.c.of[m]}};
  };
  ForEachValue(args.block, part, numbers_of, [&](int64_t i, auto lanes, const auto& numbers) {
    const auto [rate, rho, share, momentum, epsilon] = numbers.of;
    const Packet g = Load(args.gradients + i, lanes);
    const Packet v = pmadd(rho, Load(args.slot0 + i, lanes), pmul(share, pmul(g, g)));
    Store(args.slot0 + i, v, lanes);
    Packet variance = v;
    if (args.slot2 != nullptr) {
      const Packet average = pmadd(rho, Load(args.slot2 + i, lanes), pmul(share, g));
      Store(args.slot2 + i, average, lanes);
      variance = psub(v, pmul(average, average));
    }
    Packet step = pdiv(pmul(rate, g), psqrt(padd(variance, epsilon)));
    if (args.slot1 != nullptr) {
      step = pmadd(momentum, Load(args.slot1 + i, lanes), step);
      Store(args.slot1 + i, step, lanes);
    }
    Store(args.weights + i, psub(Load(args.weights + i, lanes), step), lanes);
  });
}

// a += g^2; w -= lr g / sqrt(a + epsilon).
void Adagrad(const OptimizerArgs& args, Part part) {
  const auto numbers_of = [&](int64_t m) {
    return Numbers<2>{{args.step->learning_rates[m], args.c.of[m]}};
  };
  ForEachValue(args.block, part, numbers_of, [&](int64_t i, auto lanes, const auto& numbers) {
    const auto [rate, epsilon] = numbers.of;
    const Packet g = Load(args.gradients + i, lanes);
    const Packet a = pmadd(g, g, Load(args.slot0 + i, lanes));
    Store(args.slot0 + i, a, lanes);
    const Packet step = pdiv(pmul(rate, g), psqrt(padd(a, epsilon)));
    Store(args.weights + i, psub(Load(args.weights + i, lanes), step), lanes);
  });
}

void RegularizerGradient(const RegularizerGradientArgs& args, Part part) {
  const auto numbers_of = [&](int64_t m) { return Numbers<2>{{args.l1.of[m], 2 * args.l2.of[m]}}; };
  ForEachValue(args.block, part, numbers_of, [&](int64_t i, auto lanes, const auto& numbers) {
    const auto [l1, twice_l2] = numbers.of;
    const Packet w = Load(args.weights + i, lanes);
    const Packet zero = Set(0.0f);
    const Packet signed_l1 =
        pselect(pcmp_lt(zero, w), l1, pselect(pcmp_lt(w, zero), pnegate(l1), zero));
    const Packet slope = pmadd(twice_l2, w, signed_l1);
    Store(args.gradients + i, padd(Load(args.gradients + i, lanes), slope), lanes);
  });
}

// Values that fit into the interleaved sums of one pass.
constexpr int64_t kSums = 512;

// See SumArgs.
template <typename Term>
void InterleavedSums(const SumArgs& args, double* totals, Term term) {
  auto [rows, members, units] = args.block;
  for (int64_t m = 0; m < members; ++m) totals[m] = 0;
  if (args.block.size() == 0) return;
  const int64_t turns = units < 16 ? (15 + units) / units : 1;  // Rows that have sums of their own.
  const int64_t size = args.block.size();
  if (members == 1 && turns > 1) {  // They lie side by side.
    units *= turns;
    rows = (size + units - 1) / units;
  }
  const int64_t row_turns = members == 1 ? 1 : turns;
  const int64_t columns = members * units;
  const int64_t most = row_turns == 1 ? kSums : kSums / (row_turns * units) * units;
  for (int64_t first = 0; first < columns; first += most) {
    const int64_t count = columns - first < most ? columns - first : most;
    double sums[kSums] = {};
    for (int64_t r = 0; r < rows; ++r) {
      const float* x = args.x + r * columns + first;
      double* row_sums = sums + r % row_turns * count;
      const int64_t left = size - (r * columns + first);  // The last turn may be a part.
      for (int64_t i = 0; i < (left < count ? left : count); ++i) row_sums[i] += term(double{x[i]});
    }
    for (int64_t turn = 0; turn < row_turns; ++turn) {
      for (int64_t i = 0; i < count; ++i) totals[(first + i) / units] += sums[turn * count + i];
    }
  }
}

void Sums(const SumArgs& args, Part part) {
  if (part.index != 0) return;
  if (args.squares != nullptr) InterleavedSums(args, args.squares, [](double x) { return x * x; });
  if (args.absolutes != nullptr)
    InterleavedSums(args, args.absolutes, [](double x) { return __builtin_fabs(x); });
}

void ClipNorm(const ClipNormArgs& args, Part part) {
  PerMember scales;
  bool clips = false;
  for (int64_t m = 0; m < args.block.members; ++m) {
    const double norm = __builtin_sqrt(args.squares[m]);
    const bool within = norm <= args.limits.of[m];  // Not when it is NaN.
    scales.of[m] = within ? 1.0f : static_cast<float>(args.limits.of[m] / norm);
    clips = clips || !within;
  }
  if (!clips) return;
  const auto numbers_of = [&](int64_t m) { return Numbers<1>{{scales.of[m]}}; };
  ForEachValue(args.block, part, numbers_of, [&](int64_t i, auto lanes, const auto& numbers) {
    Store(args.gradients + i, pmul(Load(args.gradients + i, lanes), numbers.of[0]), lanes);
  });
}

void ClipValue(const ClipValueArgs& args, Part part) {
  const auto numbers_of = [&](int64_t m) { return Numbers<1>{{args.limits.of[m]}}; };
  ForEachValue(args.block, part, numbers_of, [&](int64_t i, auto lanes, const auto& numbers) {
    const Packet high = numbers.of[0];
    const Packet g = Load(args.gradients + i, lanes);
    Store(args.gradients + i, KeepNan(g, pmin(pmax(g, pnegate(high)), high)), lanes);
  });
}

}  // namespace

void FillOptimizers(Kernels& table) {
  table.sgd = Sgd<false>;
  table.sgd_nesterov = Sgd<true>;
  table.adam = Adam;
  table.rmsprop = Rmsprop;
  table.adagrad = Adagrad;
  table.regularizer_gradient = RegularizerGradient;
  table.clip_norm = ClipNorm;
  table.clip_value = ClipValue;
  table.sums = Sums;
}

}  // namespace fitd::FITD_ISA
