// Products of the sizes that small networks train and predict with, on one thread:
//   kernels_bench [--benchmark_filter=REGEX]
// Gflop counts two operations a term, per second; of_peak relates them to the AVX2 multiply-adds
// measured in the same run.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fitd {
namespace {

using Buffer = std::unique_ptr<float, decltype(&std::free)>;

Buffer Allocate(int64_t values) {
  float* data = static_cast<float*>(std::aligned_alloc(64, (values * 4 + 64) / 64 * 64));
  for (int64_t i = 0; i < values; ++i) data[i] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  return Buffer(data, std::free);
}

#if defined(__x86_64__)
__attribute__((target("fma,avx2"))) void MultiplyAddChains(int steps) {
  __m256 sums[12];
  for (auto& sum : sums) sum = _mm256_setzero_ps();
  const __m256 factor = _mm256_set1_ps(0.5f);
  for (int i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm256_fmadd_ps(sum, factor, factor);
  }
  for (auto& sum : sums) benchmark::DoNotOptimize(sum);
}
#endif

// Multiply-adds from register to register, the best of many short runs; 0 where the processor or
// the compiler has none.
double MeasurePeakFlops() {
  double peak = 0;
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("fma")) return 0;
  constexpr int kSteps = 20000, kChains = 12, kLanes = 8;
  for (int repeat = 0; repeat < 50; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    MultiplyAddChains(kSteps);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    peak = std::max(peak, 2.0 * kSteps * kChains * kLanes / time.count());
  }
#endif
  return peak;
}

double PeakFlops() {
  static const double peak = MeasurePeakFlops();
  return peak;
}

void BM_Gemm(benchmark::State& state, bool a_transposed, bool b_transposed) {
  const int64_t m = state.range(0), n = state.range(1), k = state.range(2);
  const Kernels& kernels = ActiveKernels();
  const Buffer a = Allocate(m * k), b = Allocate(k * n), c = Allocate(m * n), bias = Allocate(n);
  const Buffer scratch = Allocate(kernels.gemm_scratch(m, n, k, 1));
  const GemmArgs args{.m = m,
                      .n = n,
                      .k = k,
                      .a = a.get(),
                      .a_row = a_transposed ? 1 : k,
                      .a_col = a_transposed ? m : 1,
                      .b = b.get(),
                      .b_row = b_transposed ? 1 : n,
                      .b_col = b_transposed ? k : 1,
                      .c = c.get(),
                      .c_row = n,
                      .bias = bias.get(),
                      .scratch = scratch.get()};
  for (auto _ : state) {
    kernels.gemm(args, {0, 1});
    benchmark::ClobberMemory();
  }
  const double flop =
      2.0 * static_cast<double>(m * n * k) * static_cast<double>(state.iterations());
  state.counters["Gflop"] = benchmark::Counter(flop * 1e-9, benchmark::Counter::kIsRate);
  if (PeakFlops() > 0) {
    state.counters["of_peak"] = benchmark::Counter(flop / PeakFlops(), benchmark::Counter::kIsRate);
  }
}

BENCHMARK_CAPTURE(BM_Gemm, forward, false, false)
    ->Args({32, 10, 784})
    ->Args({32, 10, 10})
    ->Args({32, 128, 784})
    ->Args({32, 10, 128})
    ->Args({128, 512, 784})
    ->Args({128, 512, 512})
    ->Args({128, 10, 512});
BENCHMARK_CAPTURE(BM_Gemm, weight_gradient, true, false)
    ->Args({784, 10, 32})
    ->Args({784, 128, 32})
    ->Args({128, 10, 32})
    ->Args({784, 512, 128})
    ->Args({512, 512, 128});
BENCHMARK_CAPTURE(BM_Gemm, input_gradient, false, true)
    ->Args({32, 128, 10})
    ->Args({128, 512, 512})
    ->Args({128, 512, 10});
BENCHMARK_CAPTURE(BM_Gemm, predict, false, false)
    ->Args({1, 128, 784})
    ->Args({1, 10, 128})
    ->Args({1, 512, 784})
    ->Args({8, 128, 784});

}  // namespace
}  // namespace fitd
