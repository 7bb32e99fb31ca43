#include "core/kernels/kernels.h"

#include <cstdlib>
#include <string_view>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace fitd {

// One per level that fitd_isa_library builds.
namespace baseline {
void FillTable(Kernels& table);
}
#if defined(__x86_64__)
namespace v3 {
void FillTable(Kernels& table);
}
namespace v4 {
void FillTable(Kernels& table);
}
#endif

namespace {

struct Level {
  const char* isa;
  void (*fill)(Kernels& table);
  bool (*runs_here)();
};

#if defined(__x86_64__)
bool HasV3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt") &&
         __builtin_cpu_supports("movbe");
}
bool HasV4() {
  return HasV3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
#endif

// Best first.
constexpr Level kLevels[] = {
#if defined(__x86_64__)
    {"x86-64-v4", v4::FillTable, HasV4},
    {"x86-64-v3", v3::FillTable, HasV3},
    {"x86-64", baseline::FillTable, [] { return true; }},
#else
    {"arm64", baseline::FillTable, [] { return true; }},
#endif
};
constexpr int kLevelCount = sizeof(kLevels) / sizeof(kLevels[0]);

// The tables of this processor, best first.
struct Tables {
  Kernels kernels[kLevelCount] = {};
  int count = 0;

  Tables() {
    for (const Level& level : kLevels) {
      if (!level.runs_here()) continue;
      kernels[count].isa = level.isa;
      level.fill(kernels[count]);
      ++count;
    }
  }
};

const Tables& AllTables() {
  static const Tables tables;
  return tables;
}

}  // namespace

const Kernels* KernelsFor(const char* isa) {
  const Tables& tables = AllTables();
  for (int i = 0; i < tables.count; ++i) {
    if (std::string_view(tables.kernels[i].isa) == isa) return &tables.kernels[i];
  }
  return nullptr;
}

const Kernels& ActiveKernels() {
  static const Kernels& active = []() -> const Kernels& {
    const char* wanted = std::getenv("FITD_ISA");
    const Kernels* named = wanted != nullptr ? KernelsFor(wanted) : nullptr;
    return named != nullptr ? *named : AllTables().kernels[0];
  }();
  return active;
}

KernelArithmetic::KernelArithmetic() {
#if defined(__x86_64__)
  constexpr unsigned kExceptionsMasked = 0x1f80;
  constexpr unsigned kFlushToZero = 0x8000;
  constexpr unsigned kDenormalsAreZero = 0x0040;
  before_ = _mm_getcsr();
  _mm_setcsr(kExceptionsMasked | kFlushToZero | kDenormalsAreZero);  // Rounding bits 0: to nearest.
#elif defined(__aarch64__)
  constexpr uint64_t kFlushToZero = 1UL << 24;
  asm volatile("mrs %0, fpcr" : "=r"(before_));
  asm volatile("msr fpcr, %0" : : "r"(kFlushToZero));
#endif
}

KernelArithmetic::~KernelArithmetic() {
#if defined(__x86_64__)
  _mm_setcsr(static_cast<unsigned>(before_));
#elif defined(__aarch64__)
  asm volatile("msr fpcr, %0" : : "r"(before_));
#endif
}

}  // namespace fitd
