#include "tests/bench/machine_peak.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fitd {
namespace {

// The shortest of `repeats` runs, in seconds.
template <typename Run>
double Shortest(int repeats, Run run) {
  double shortest = 1e9;
  for (int i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    shortest = std::min(shortest, time.count());
  }
  return shortest;
}

// Enough chains to hide the latency of a multiply-add.
constexpr int kChains = 12;
constexpr int kSteps = 20000;

#if defined(__x86_64__)
__attribute__((target("fma,avx2"))) void MultiplyAddChains256() {
  __m256 sums[kChains];
  for (auto& sum : sums) sum = _mm256_setzero_ps();
  const __m256 factor = _mm256_set1_ps(0.5f);
  for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm256_fmadd_ps(sum, factor, factor);
  }
  for (auto& sum : sums) benchmark::DoNotOptimize(sum);
}

__attribute__((target("avx512f"))) void MultiplyAddChains512() {
  __m512 sums[kChains];
  for (auto& sum : sums) sum = _mm512_setzero_ps();
  const __m512 factor = _mm512_set1_ps(0.5f);
  for (int i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm512_fmadd_ps(sum, factor, factor);
  }
  for (auto& sum : sums) benchmark::DoNotOptimize(sum);
}
#endif

double MeasurePeakFlops() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("fma")) return 0;
  const bool wide = std::string_view(ActiveKernels().isa) == "x86-64-v4";
  const double flop = 2.0 * kSteps * kChains * (wide ? 16 : 8);
  return flop / Shortest(50, wide ? MultiplyAddChains512 : MultiplyAddChains256);
#else
  return 0;
#endif
}

double MeasurePeakBandwidth() {
  std::vector<uint64_t> words((size_t{128} << 20) / sizeof(uint64_t), 1);
  const double time = Shortest(8, [&] {
    uint64_t sums[8] = {};
    for (size_t i = 0; i < words.size(); i += 8) {
      for (size_t j = 0; j < 8; ++j) sums[j] += words[i + j];
    }
    benchmark::DoNotOptimize(sums);
  });
  return static_cast<double>(words.size() * sizeof(uint64_t)) / time;
}

}  // namespace

double PeakFlops() {
  static const double peak = MeasurePeakFlops();
  return peak;
}

double PeakBandwidth() {
  static const double peak = MeasurePeakBandwidth();
  return peak;
}

}  // namespace fitd
