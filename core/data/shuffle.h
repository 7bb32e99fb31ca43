// The order in which an epoch visits rows, without a list in memory and with random access.

#ifndef FITD_CORE_DATA_SHUFFLE_H_
#define FITD_CORE_DATA_SHUFFLE_H_

#include <array>
#include <cstdint>

namespace fitd {

// A permutation of [0, n): a keyed Feistel network over the next even power of two, walked until it
// lands below n (Black and Rogaway 2002, "Ciphers with arbitrary finite domains"). Thread-safe:
// constant after construction.
class Permutation {
 public:
  // Keyed by the fit's seed and the epoch (from 0). n < 2^32.
  Permutation(uint32_t n, uint64_t seed, uint32_t epoch);
  // The row at a position; both in [0, n).
  uint32_t At(uint32_t position) const;

 private:
  uint32_t n_;
  uint32_t half_bits_;
  std::array<uint32_t, 8> round_keys_;
};

}  // namespace fitd

#endif  // FITD_CORE_DATA_SHUFFLE_H_
