#include "core/base/rng.h"

#include <cmath>

namespace fitd {
namespace {

// Inverse of the standard normal distribution function for p in (0, 1): P. J. Acklam's algorithm.
double InverseNormal(double p) {
  constexpr double kA[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                           1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double kB[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                           6.680131188771972e+01, -1.328068155288572e+01};
  constexpr double kC[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                           -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr double kD[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                           3.754408661907416e+00};
  constexpr double kLow = 0.02425;
  const auto tail = [&](double q) {
    return (((((kC[0] * q + kC[1]) * q + kC[2]) * q + kC[3]) * q + kC[4]) * q + kC[5]) /
           ((((kD[0] * q + kD[1]) * q + kD[2]) * q + kD[3]) * q + 1);
  };
  if (p < kLow) return tail(std::sqrt(-2 * std::log(p)));
  if (p > 1 - kLow) return -tail(std::sqrt(-2 * std::log(1 - p)));
  const double q = p - 0.5;
  const double r = q * q;
  return (((((kA[0] * r + kA[1]) * r + kA[2]) * r + kA[3]) * r + kA[4]) * r + kA[5]) * q /
         (((((kB[0] * r + kB[1]) * r + kB[2]) * r + kB[3]) * r + kB[4]) * r + 1);
}

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

Rng::Rng(uint64_t seed, RandomPurpose purpose, uint32_t stream, uint32_t substream)
    : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
      stream_{stream, substream} {
  // The purpose goes through the generator into the key, so that no seed of one purpose is the seed
  // of another.
  const auto mixed = Philox4x32({static_cast<uint32_t>(purpose), 0, 0, 0}, key_);
  key_ = {mixed[0], mixed[1]};
}

uint64_t Rng::Bits(uint64_t index) const {
  const uint64_t block = index >> 1;
  const auto words = Philox4x32(
      {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), stream_[0], stream_[1]},
      key_);
  const size_t half = (index & 1) * 2;
  return words[half] | (uint64_t{words[half + 1]} << 32);
}

double Rng::Normal(uint64_t index) const {
  // Half a step up keeps the argument off 0.
  return InverseNormal(Uniform(index) + 0x1p-54);
}

double Rng::TruncatedNormal(uint64_t index) const {
  constexpr double kBelow = 0.022750131948179207;  // P(z < -2)
  return InverseNormal(kBelow + (1 - 2 * kBelow) * (Uniform(index) + 0x1p-54));
}

}  // namespace fitd
