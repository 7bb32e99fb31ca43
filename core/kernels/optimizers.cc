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

// Columns of a stack whose rates are spread out at a time.
constexpr int64_t kColumns = 512;

// Calls body(i, lanes, rate, factor) for each packet of the part's values, with their learning
// rates and what factor_of makes of them.
template <typename FactorOf, typename Body>
void ForEachValue(const OptimizerArgs& args, Part part, FactorOf factor_of, Body body) {
  const float* rates = args.step->learning_rates;
  if (args.members == 1) {
    const Packet rate = Set(rates[0]);
    const Packet factor = Set(factor_of(rates[0]));
    ForEachPacket(ShareOfValues(args.size, part),
                  [&](int64_t i, auto lanes) { body(i, lanes, rate, factor); });
    return;
  }
  alignas(64) float column_rates[kColumns];
  alignas(64) float column_factors[kColumns];
  const int64_t units = args.columns / args.members;
  const Range rows = ShareOfRows(args.size / args.columns, part);
  for (int64_t first = 0; first < args.columns; first += kColumns) {
    const int64_t count = args.columns - first < kColumns ? args.columns - first : kColumns;
    for (int64_t i = 0; i < count; ++i) {
      column_rates[i] = rates[(first + i) / units];
      column_factors[i] = factor_of(column_rates[i]);
    }
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      const int64_t start = r * args.columns + first;
      ForEachPacket({0, count}, [&](int64_t i, auto lanes) {
        body(start + i, lanes, Load(column_rates + i, lanes), Load(column_factors + i, lanes));
      });
    }
  }
}

template <typename Body>
void ForEachValue(const OptimizerArgs& args, Part part, Body body) {
  ForEachValue(
      args, part, [](float rate) { return rate; },
      [&](int64_t i, auto lanes, Packet rate, Packet) { body(i, lanes, rate); });
}

// w -= lr g; with momentum m = momentum m - lr g and w += m, or for Nesterov w += momentum m - lr
// g.
template <bool nesterov>
void Sgd(const OptimizerArgs& args, Part part) {
  const Packet momentum = Set(args.a);
  ForEachValue(args, part, [&](int64_t i, auto lanes, Packet rate) {
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
  const double correction1 = 1 - Power(args.a, t);
  const double correction2 = 1 - Power(args.b, t);
  const auto alpha_of = [&](float rate) {
    return static_cast<float>(rate * __builtin_sqrt(correction2) / correction1);
  };
  const Packet share1 = Set(1 - args.a);
  const Packet share2 = Set(1 - args.b);
  const Packet epsilon = Set(args.c);
  const Packet decay = Set(args.d);
  ForEachValue(args, part, alpha_of, [&](int64_t i, auto lanes, Packet rate, Packet alpha) {
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
  const Packet rho = Set(args.a);
  const Packet share = Set(1 - args.a);
  const Packet momentum = Set(args.b);
  const Packet epsilon = Set(args.c);
  ForEachValue(args, part, [&](int64_t i, auto lanes, Packet rate) {
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
  const Packet epsilon = Set(args.c);
  ForEachValue(args, part, [&](int64_t i, auto lanes, Packet rate) {
    const Packet g = Load(args.gradients + i, lanes);
    const Packet a = pmadd(g, g, Load(args.slot0 + i, lanes));
    Store(args.slot0 + i, a, lanes);
    const Packet step = pdiv(pmul(rate, g), psqrt(padd(a, epsilon)));
    Store(args.weights + i, psub(Load(args.weights + i, lanes), step), lanes);
  });
}

void RegularizerGradient(const RegularizerGradientArgs& args, Part part) {
  const Packet l1 = Set(args.l1);
  const Packet twice_l2 = Set(2 * args.l2);
  ForEachPacket(ShareOfValues(args.size, part), [&](int64_t i, auto lanes) {
    const Packet w = Load(args.weights + i, lanes);
    const Packet zero = Set(0.0f);
    const Packet signed_l1 =
        pselect(pcmp_lt(zero, w), l1, pselect(pcmp_lt(w, zero), pnegate(l1), zero));
    const Packet slope = pmadd(twice_l2, w, signed_l1);
    Store(args.gradients + i, padd(Load(args.gradients + i, lanes), slope), lanes);
  });
}

// Sixteen interleaved sums, then those in order: the same on every instruction set, as squares of
// floats are exact.
template <typename Term>
double OrderedSum(const float* x, int64_t size, Term term) {
  constexpr int kSums = 16;
  double sums[kSums] = {};
  int64_t i = 0;
  for (; i + kSums <= size; i += kSums) {
    for (int j = 0; j < kSums; ++j) sums[j] += term(static_cast<double>(x[i + j]));
  }
  for (int j = 0; i < size; ++i, ++j) sums[j] += term(static_cast<double>(x[i]));
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

double SumOfSquares(const float* x, int64_t size) {
  return OrderedSum(x, size, [](double value) { return value * value; });
}

void Sums(const SumArgs& args, Part part) {
  if (part.index != 0) return;
  if (args.squares != nullptr) *args.squares = SumOfSquares(args.x, args.size);
  if (args.absolutes != nullptr) {
    *args.absolutes = OrderedSum(args.x, args.size, [](double x) { return __builtin_fabs(x); });
  }
}

void ClipNorm(const ClipNormArgs& args, Part part) {
  if (args.sum_of_squares == nullptr) {
    if (part.index != 0) return;
    part = {0, 1};
  }
  const double norm =
      __builtin_sqrt(args.sum_of_squares != nullptr ? *args.sum_of_squares
                                                    : SumOfSquares(args.gradients, args.size));
  if (norm <= args.limit) return;
  const Packet scale = Set(static_cast<float>(args.limit / norm));
  ForEachPacket(ShareOfValues(args.size, part), [&](int64_t i, auto lanes) {
    Store(args.gradients + i, pmul(Load(args.gradients + i, lanes), scale), lanes);
  });
}

void ClipValue(const ClipValueArgs& args, Part part) {
  const Packet low = Set(-args.limit);
  const Packet high = Set(args.limit);
  ForEachPacket(ShareOfValues(args.size, part), [&](int64_t i, auto lanes) {
    const Packet g = Load(args.gradients + i, lanes);
    Store(args.gradients + i, KeepNan(g, pmin(pmax(g, low), high)), lanes);
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
