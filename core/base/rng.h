// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
// easy as 1, 2, 3"). A value depends only on (seed, purpose, position), so nothing has to be saved,
// threads may draw in any order, and a new consumer never shifts another's numbers.

#ifndef FITD_CORE_BASE_RNG_H_
#define FITD_CORE_BASE_RNG_H_

#include <array>
#include <cstdint>

namespace fitd {

// What numbers are for; part of the key. Values are part of what makes runs reproducible: never
// renumber.
enum class RandomPurpose : uint32_t {
  kInitializer = 1,
  kSplit = 2,
  kShuffle = 3,
  kDropout = 4,
  kSearch = 5,
};

// Four words from a 128-bit counter under a 64-bit key.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// The numbers of one (seed, purpose, stream, substream), as a sequence with random access. Cheap to
// copy.
class Rng {
 public:
  // `stream` and `substream` tell uses of one purpose apart, e.g. layer and weight, or epoch.
  Rng(uint64_t seed, RandomPurpose purpose, uint32_t stream = 0, uint32_t substream = 0);

  // Uniform over all 64-bit values: the `index`-th number.
  uint64_t Bits(uint64_t index) const;
  // Uniform in [0, 1), a multiple of 2^-53.
  double Uniform(uint64_t index) const { return static_cast<double>(Bits(index) >> 11) * 0x1p-53; }
  // Standard normal: the inverse distribution function of Uniform (Acklam's rational approximation,
  // relative error below 1.2e-9), from + - * / sqrt and log only.
  double Normal(uint64_t index) const;
  // Standard normal within +-2: the inverse distribution function on the cut range.
  double TruncatedNormal(uint64_t index) const;

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 2> stream_;
};

}  // namespace fitd

#endif  // FITD_CORE_BASE_RNG_H_
