// What this machine can do at most, measured when first asked for: what benchmarks are related to.

#ifndef FITD_TESTS_BENCH_MACHINE_PEAK_H_
#define FITD_TESTS_BENCH_MACHINE_PEAK_H_

namespace fitd {

// Multiply-adds of one core from register to register, in flop per second, by the widest vectors
// that ActiveKernels() uses; 0 on processors that this has no code for. The best of many short
// runs.
double PeakFlops();

// Bytes per second that one core reads from memory, the best of several runs over 128 MiB.
double PeakBandwidth();

}  // namespace fitd

#endif  // FITD_TESTS_BENCH_MACHINE_PEAK_H_
