#include "core/kernels/isa_table.h"
#include "core/kernels/packet.h"
#include "core/kernels/packet_math.h"

namespace fitd::FITD_ISA {
namespace {

constexpr float kSeluScale = 1.05070098f;
constexpr float kSeluAlpha = 1.67326324f;
constexpr float kGeluCubic = 0.044715f;
constexpr float kTwoSqrtTwoOverPi = 1.59576912f;  // 2 sqrt(2 / pi)

// Keeps x finite where its factor vanishes, so that infinities give limits and not NaN.
Packet ClampBelow(Packet x, float low) { return KeepNan(x, pmax(x, Set(low))); }
Packet Clamp(Packet x, float limit) { return KeepNan(x, pmin(pmax(x, Set(-limit)), Set(limit))); }

// y = f(x, alpha).
using Function = Packet (*)(Packet x, Packet alpha);

template <Function f>
void Unary(const UnaryArgs& args, Part part) {
  const Packet alpha = Set(args.alpha);
  ForEachPacket(ShareOfValues(args.size, part), [&](int64_t i, auto lanes) {
    Store(args.y + i, f(Load(args.x + i, lanes), alpha), lanes);
  });
}

// dx = dy * f(v, alpha), v being y or x.
template <Function f>
void GradientFromY(const UnaryGradientArgs& args, Part part) {
  const Packet alpha = Set(args.alpha);
  ForEachPacket(ShareOfValues(args.size, part), [&](int64_t i, auto lanes) {
    Store(args.dx + i, pmul(Load(args.dy + i, lanes), f(Load(args.y + i, lanes), alpha)), lanes);
  });
}
template <Function f>
void GradientFromX(const UnaryGradientArgs& args, Part part) {
  const Packet alpha = Set(args.alpha);
  ForEachPacket(ShareOfValues(args.size, part), [&](int64_t i, auto lanes) {
    Store(args.dx + i, pmul(Load(args.dy + i, lanes), f(Load(args.x + i, lanes), alpha)), lanes);
  });
}

Packet Relu(Packet x, Packet) { return pselect(pcmp_lt(x, Set(0.0f)), Set(0.0f), x); }
Packet ReluSlope(Packet y, Packet) { return pselect(pcmp_le(y, Set(0.0f)), Set(0.0f), Set(1.0f)); }

Packet LeakyRelu(Packet x, Packet slope) {
  return pselect(pcmp_lt(Set(0.0f), x), x, pmul(slope, x));
}
Packet LeakyReluSlope(Packet y, Packet slope) {
  return pselect(pcmp_lt(Set(0.0f), y), Set(1.0f), slope);
}

Packet Elu(Packet x, Packet alpha) {
  const Packet below = pmul(alpha, Expm1Negative(pmin(x, Set(0.0f))));
  return KeepNan(x, pselect(pcmp_lt(Set(0.0f), x), x, below));
}
Packet EluSlope(Packet y, Packet alpha) {
  return pselect(pcmp_lt(Set(0.0f), y), Set(1.0f), padd(y, alpha));
}

Packet Selu(Packet x, Packet) { return pmul(Set(kSeluScale), Elu(x, Set(kSeluAlpha))); }
Packet SeluSlope(Packet y, Packet) {
  const Packet scale = Set(kSeluScale);
  return pselect(pcmp_lt(Set(0.0f), y), scale, pmadd(scale, Set(kSeluAlpha), y));
}

Packet Gelu(Packet x, Packet) { return pmul(ClampBelow(x, -40.0f), NormalDistribution(x)); }
Packet GeluSlope(Packet x, Packet) {
  x = Clamp(x, 40.0f);
  return pmadd(x, NormalDensity(x), NormalDistribution(x));
}

// 0.5 (1 + tanh(u)) = sigmoid(2 u).
Packet GeluTanh(Packet x, Packet) {
  x = ClampBelow(x, -40.0f);
  const Packet slope =
      pmadd(pmul(x, x), Set(kTwoSqrtTwoOverPi * kGeluCubic), Set(kTwoSqrtTwoOverPi));
  return pmul(x, Sigmoid(pmul(x, slope)));
}
Packet GeluTanhSlope(Packet x, Packet) {
  x = Clamp(x, 40.0f);
  const Packet square = pmul(x, x);
  const Packet u =
      pmul(x, pmadd(square, Set(kTwoSqrtTwoOverPi * kGeluCubic), Set(kTwoSqrtTwoOverPi)));
  const Packet du = pmadd(square, Set(3 * kTwoSqrtTwoOverPi * kGeluCubic), Set(kTwoSqrtTwoOverPi));
  const Packet s = Sigmoid(u);
  return pmadd(pmul(x, du), pmul(s, psub(Set(1.0f), s)), s);
}

Packet Silu(Packet x, Packet) { return pmul(ClampBelow(x, -110.0f), Sigmoid(x)); }
Packet SiluSlope(Packet x, Packet) {
  x = Clamp(x, 110.0f);
  const Packet s = Sigmoid(x);
  return pmadd(pmul(x, s), psub(Set(1.0f), s), s);
}

Packet Softplus(Packet x, Packet) {
  const Packet positive = pselect(pcmp_lt(x, Set(0.0f)), Set(0.0f), x);
  return padd(positive, Log1pOfUnit(Exp(pnegate(pabs(x)))));
}
Packet SoftplusSlope(Packet x, Packet) { return Sigmoid(x); }

Packet SigmoidOf(Packet x, Packet) { return Sigmoid(x); }
Packet SigmoidSlope(Packet y, Packet) { return pmul(y, psub(Set(1.0f), y)); }

Packet TanhOf(Packet x, Packet) { return Tanh(x); }
Packet TanhSlope(Packet y, Packet) { return pmadd(pnegate(y), y, Set(1.0f)); }

}  // namespace

void FillActivations(Kernels& table) {
  table.relu = Unary<Relu>;
  table.leaky_relu = Unary<LeakyRelu>;
  table.elu = Unary<Elu>;
  table.selu = Unary<Selu>;
  table.gelu = Unary<Gelu>;
  table.gelu_tanh = Unary<GeluTanh>;
  table.silu = Unary<Silu>;
  table.softplus = Unary<Softplus>;
  table.sigmoid = Unary<SigmoidOf>;
  table.tanh = Unary<TanhOf>;

  table.relu_gradient = GradientFromY<ReluSlope>;
  table.leaky_relu_gradient = GradientFromY<LeakyReluSlope>;
  table.elu_gradient = GradientFromY<EluSlope>;
  table.selu_gradient = GradientFromY<SeluSlope>;
  table.gelu_gradient = GradientFromX<GeluSlope>;
  table.gelu_tanh_gradient = GradientFromX<GeluTanhSlope>;
  table.silu_gradient = GradientFromX<SiluSlope>;
  table.softplus_gradient = GradientFromX<SoftplusSlope>;
  table.sigmoid_gradient = GradientFromY<SigmoidSlope>;
  table.tanh_gradient = GradientFromY<TanhSlope>;
}

}  // namespace fitd::FITD_ISA
