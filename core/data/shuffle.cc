#include "core/data/shuffle.h"

#include <cstddef>

#include "core/base/rng.h"

namespace fitd {
namespace {

// Every bit of the result depends on every bit of x: the finalizer of MurmurHash3.
uint32_t Mix(uint32_t x) {
  x ^= x >> 16;
  x *= 0x85EBCA6B;
  x ^= x >> 13;
  x *= 0xC2B2AE35;
  return x ^ (x >> 16);
}

}  // namespace

Permutation::Permutation(uint32_t n, uint64_t seed, uint32_t epoch) : n_(n), half_bits_(1) {
  while ((uint64_t{1} << (2 * half_bits_)) < n) ++half_bits_;
  const Rng rng(seed, RandomPurpose::kShuffle, epoch);
  for (size_t i = 0; i < round_keys_.size(); ++i)
    round_keys_[i] = static_cast<uint32_t>(rng.Bits(i));
}

uint32_t Permutation::At(uint32_t position) const {
  const uint32_t mask = (uint32_t{1} << half_bits_) - 1;
  do {
    uint32_t left = position >> half_bits_;
    uint32_t right = position & mask;
    for (const uint32_t key : round_keys_) {
      const uint32_t next = left ^ (Mix(right ^ key) & mask);
      left = right;
      right = next;
    }
    position = (left << half_bits_) | right;
  } while (position >= n_);
  return position;
}

}  // namespace fitd
