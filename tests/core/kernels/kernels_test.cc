#include <cstdlib>

#include "tests/core/kernels/kernels_testing.h"

namespace fitd {
namespace {

TEST(KernelsForTest, NoTableHasAGap) {
  for (const char* isa : {"x86-64", "x86-64-v3", "x86-64-v4", "arm64"}) {
    const Kernels* kernels = KernelsFor(isa);
    if (kernels == nullptr) continue;
    static_assert(sizeof(Kernels) % sizeof(void*) == 0);
    void* entries[sizeof(Kernels) / sizeof(void*)];
    std::memcpy(entries, kernels, sizeof(entries));
    EXPECT_THAT(entries, testing::Each(testing::NotNull())) << isa;
    EXPECT_STREQ(kernels->isa, isa);
  }
}

TEST(KernelsForTest, UnknownLevelsHaveNoTable) {
  EXPECT_EQ(KernelsFor("x86-64-v2"), nullptr);
  EXPECT_EQ(KernelsFor(""), nullptr);
}

TEST(ActiveKernelsTest, IsOneOfTheTables) {
  EXPECT_EQ(&ActiveKernels(), KernelsFor(ActiveKernels().isa));
}

TEST(ActiveKernelsDeathTest, EnvironmentChoosesALevel) {
#if defined(__x86_64__)
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // A new process: the choice is made once.
  setenv("FITD_ISA", "x86-64", 1);
  EXPECT_EXIT(std::exit(std::string(ActiveKernels().isa) == "x86-64" ? 0 : 1),
              testing::ExitedWithCode(0), "");
  unsetenv("FITD_ISA");
#endif
}

TEST(KernelArithmeticTest, FlushesSubnormalNumbersWhileItLives) {
  const auto half_of_smallest = [] {
    volatile float smallest = 0x1p-126f;
    return smallest * 0.5f;
  };
  {
    const KernelArithmetic arithmetic;
    EXPECT_EQ(half_of_smallest(), 0);
    {
      const KernelArithmetic nested;
    }
    EXPECT_EQ(half_of_smallest(), 0);
  }
  EXPECT_GT(half_of_smallest(), 0);
}

}  // namespace
}  // namespace fitd
