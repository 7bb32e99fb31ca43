// Elementary functions of packets, within 3 units in the last place unless said otherwise; NaN in,
// NaN out. Built from packet arithmetic alone, so that values do not depend on a libm.

#ifndef FITD_CORE_KERNELS_PACKET_MATH_H_
#define FITD_CORE_KERNELS_PACKET_MATH_H_

#include "core/kernels/packet.h"

namespace fitd::FITD_ISA {

// c[0] + x (c[1] + x (c[2] + ...)).
template <int n>
inline Packet Polynomial(Packet x, const float (&c)[n]) {
  Packet y = Set(c[n - 1]);
  for (int i = n - 2; i >= 0; --i) y = pmadd(y, x, Set(c[i]));
  return y;
}

// 2^n for integral n in [-126, 127].
inline Packet PowerOfTwo(PacketInt n) {
  return Eigen::internal::preinterpret<Packet>(
      Eigen::internal::plogical_shift_left<23>(padd(n, SetInt(127))));
}

// x = n ln 2 + r, |r| <= ln 2 / 2, for |x| < 2^21.
struct ReducedExponent {
  PacketInt n;
  Packet r;
};
inline ReducedExponent ReduceExponent(Packet x) {
  const Packet shift = Set(0x1.8p23f);  // Adding it rounds to an integer.
  const Packet n = psub(pmadd(x, Set(1.44269504f), shift), shift);
  Packet r = pmadd(n, Set(-0.693359375f), x);
  r = pmadd(n, Set(2.12194440e-4f), r);
  return {Eigen::internal::pcast<Packet, PacketInt>(n), r};
}

// exp(r) - 1 for |r| <= ln 2 / 2. Coefficients of Cephes, expf.
inline Packet Expm1OfReduced(Packet r) {
  constexpr float kC[] = {5.0000001201e-1f, 1.6666665459e-1f, 4.1665795894e-2f,
                          8.3334519073e-3f, 1.3981999507e-3f, 1.9875691500e-4f};
  return pmadd(Polynomial(r, kC), pmul(r, r), r);
}

// exp(x). Overflows to infinity, underflows gradually (or to 0 under flush-to-zero).
inline Packet Exp(Packet x) {
  const ReducedExponent e = ReduceExponent(pmin(pmax(x, Set(-105.0f)), Set(89.0f)));
  const PacketInt half = Eigen::internal::parithmetic_shift_right<1>(e.n);
  const Packet y = padd(Expm1OfReduced(e.r), Set(1.0f));
  return KeepNan(x, pmul(pmul(y, PowerOfTwo(half)), PowerOfTwo(psub(e.n, half))));
}

// exp(x) - 1 for x <= 0.
inline Packet Expm1Negative(Packet x) {
  const ReducedExponent e = ReduceExponent(pmax(x, Set(-40.0f)));
  const Packet scale = PowerOfTwo(e.n);
  return KeepNan(x, pmadd(scale, Expm1OfReduced(e.r), psub(scale, Set(1.0f))));
}

// exponent ln 2 + ln(1 + f), f in [sqrt(1/2) - 1, sqrt(2) - 1]. Coefficients of Cephes, logf.
inline Packet LogOfReduced(Packet exponent, Packet f) {
  constexpr float kC[] = {3.3333331174e-1f,  -2.4999993993e-1f, 2.0000714765e-1f,
                          -1.6668057665e-1f, 1.4249322787e-1f,  -1.2420140846e-1f,
                          1.1676998740e-1f,  -1.1514610310e-1f, 7.0376836292e-2f};
  const Packet square = pmul(f, f);
  Packet y = pmul(pmul(Polynomial(f, kC), f), square);
  y = pmadd(exponent, Set(-2.12194440e-4f), y);
  y = pmadd(square, Set(-0.5f), y);
  return pmadd(exponent, Set(0.693359375f), padd(f, y));
}

// ln(x). Subnormal numbers count as 0.
inline Packet Log(Packet x) {
  const PacketInt bits = Eigen::internal::preinterpret<PacketInt>(x);
  const PacketInt exponent =
      Eigen::internal::parithmetic_shift_right<23>(psub(bits, SetInt(0x3f3504f3)));  // sqrt(1/2)
  const Packet mantissa = Eigen::internal::preinterpret<Packet>(
      psub(bits, Eigen::internal::plogical_shift_left<23>(exponent)));
  Packet y =
      LogOfReduced(Eigen::internal::pcast<PacketInt, Packet>(exponent), psub(mantissa, Set(1.0f)));
  const Packet infinity = Set(__builtin_inff());
  y = pselect(pcmp_eq(x, infinity), infinity, y);
  y = pselect(pcmp_lt(x, Set(0x1p-126f)), pnegate(infinity), y);
  y = pselect(pcmp_lt(x, Set(0.0f)), Set(__builtin_nanf("")), y);
  return KeepNan(x, y);
}

// ln(1 + x) for x in [0, 1].
inline Packet Log1pOfUnit(Packet x) {
  const Packet one = Set(1.0f);
  const Packet small = pcmp_lt(x, Set(0.41421356f));
  const Packet halved = pmul(psub(x, one), Set(0.5f));  // (1 + x) / 2 - 1
  return LogOfReduced(pselect(small, Set(0.0f), one), pselect(small, x, halved));
}

// 1 / (1 + exp(-x)).
inline Packet Sigmoid(Packet x) {
  const Packet one = Set(1.0f);
  return pdiv(one, padd(one, Exp(pnegate(x))));
}

inline Packet Tanh(Packet x) {
  const Packet e = Expm1Negative(pmul(pabs(x), Set(-2.0f)));
  const Packet magnitude = pabs(pdiv(e, padd(e, Set(2.0f))));
  return por(magnitude, pand(x, Set(-0.0f)));
}

// Standard normal density and distribution function. Absolute error of the latter below 1e-7,
// relative below 1e-6 down to where it underflows: W. H. Press et al., Numerical Recipes, erfcc.
inline Packet NormalDensity(Packet x) {
  return pmul(Exp(pmul(pmul(x, x), Set(-0.5f))), Set(0.39894228f));
}
inline Packet NormalDistribution(Packet x) {
  constexpr float kC[] = {-1.26551223f, 1.00002368f,  0.37409196f, 0.09678418f,  -0.18628806f,
                          0.27886807f,  -1.13520398f, 1.48851587f, -0.82215223f, 0.17087277f};
  const Packet z = pmul(pabs(x), Set(0.70710678f));
  const Packet t = pdiv(Set(1.0f), pmadd(z, Set(0.5f), Set(1.0f)));
  const Packet exponent = pmadd(pmul(x, x), Set(-0.5f), Polynomial(t, kC));
  const Packet tail = pmul(pmul(t, Set(0.5f)), Exp(exponent));
  return pselect(pcmp_lt(x, Set(0.0f)), tail, psub(Set(1.0f), tail));
}

}  // namespace fitd::FITD_ISA

#endif  // FITD_CORE_KERNELS_PACKET_MATH_H_
