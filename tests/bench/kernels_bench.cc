// Products of the sizes that small networks train and predict with, on one thread:
//   kernels_bench [--benchmark_filter=REGEX]
// Gflop counts two operations a term, per second; of_peak relates them to PeakFlops.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "core/kernels/kernels.h"
#include "tests/bench/machine_peak.h"

namespace fitd {
namespace {

using Buffer = std::unique_ptr<float, decltype(&std::free)>;

Buffer Allocate(int64_t values) {
  float* data = static_cast<float*>(std::aligned_alloc(64, (values * 4 + 64) / 64 * 64));
  for (int64_t i = 0; i < values; ++i) data[i] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  return Buffer(data, std::free);
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
