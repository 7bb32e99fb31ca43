#include <cstdlib>
#include <memory>

#include "tests/core/kernels/kernels_testing.h"

namespace fitd {
namespace {

enum class Layout { kRows, kColumns };

// A product with made-up matrices in the given layouts.
struct Product {
  int64_t m, n, k;
  Layout a_layout, b_layout;
  bool with_bias;
  Floats a, b, bias;

  Product(int64_t m, int64_t n, int64_t k, Layout a_layout = Layout::kRows,
          Layout b_layout = Layout::kRows, bool with_bias = true)
      : m(m),
        n(n),
        k(k),
        a_layout(a_layout),
        b_layout(b_layout),
        with_bias(with_bias),
        a(RandomFloats(m * k, -1, 1, 1)),
        b(RandomFloats(k * n, -1, 1, 2)),
        bias(RandomFloats(n, -1, 1, 3)) {
    for (Floats* values : {&a, &b, &bias}) values->reserve(1);  // Not null when empty.
  }

  int64_t a_row() const { return a_layout == Layout::kRows ? k : 1; }
  int64_t a_col() const { return a_layout == Layout::kRows ? 1 : m; }
  int64_t b_row() const { return b_layout == Layout::kRows ? n : 1; }
  int64_t b_col() const { return b_layout == Layout::kRows ? 1 : k; }

  // Rows [first_row, first_row + rows) of c.
  Floats Rows(const Kernels& kernels, int64_t first_row, int64_t rows, int parts = 1) const {
    Floats c(rows * n, -7);
    const int64_t scratch_size = kernels.gemm_scratch(rows, n, k, parts);
    const std::unique_ptr<float, decltype(&std::free)> scratch(
        static_cast<float*>(std::aligned_alloc(64, (scratch_size * 4 + 64) / 64 * 64)), std::free);
    RunInParts(kernels.gemm,
               GemmArgs{.m = rows,
                        .n = n,
                        .k = k,
                        .a = a.data() + first_row * a_row(),
                        .a_row = a_row(),
                        .a_col = a_col(),
                        .b = b.data(),
                        .b_row = b_row(),
                        .b_col = b_col(),
                        .c = c.data(),
                        .c_row = n,
                        .bias = with_bias ? bias.data() : nullptr,
                        .scratch = scratch.get()},
               parts);
    return c;
  }
  Floats All(const Kernels& kernels, int parts = 1) const { return Rows(kernels, 0, m, parts); }

  std::vector<double> Expected() const {
    std::vector<double> c(m * n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t p = 0; p < k; ++p) {
          sum += static_cast<double>(a[i * a_row() + p * a_col()]) * b[p * b_row() + j * b_col()];
        }
        c[i * n + j] = sum + (with_bias ? bias[j] : 0);
      }
    }
    return c;
  }
};

using GemmTest = KernelsTest;
FITD_FOR_EVERY_ISA(GemmTest);

TEST_P(GemmTest, MultipliesMatricesOfAnySizeInAnyLayout) {
  constexpr int64_t kHeights[] = {0, 1, 2, 3, 5, 6, 7, 13, 25, 33};
  for (const int64_t m : kHeights) {
    for (const int64_t n : kOddSizes) {
      for (const int64_t k : {0, 1, 2, 9, 40}) {
        for (const Layout a : {Layout::kRows, Layout::kColumns}) {
          for (const Layout b : {Layout::kRows, Layout::kColumns}) {
            const Product product(m, n, k, a, b, (m + n) % 2 == 0);
            ASSERT_THAT(product.All(kernels()), IsCloseTo(product.Expected(), 1e-5))
                << m << " x " << n << " x " << k;
          }
        }
      }
    }
  }
}

TEST_P(GemmTest, BitsDoNotDependOnParts) {
  for (const auto& [m, n, k] : {std::array<int64_t, 3>{1, 10, 50},
                                {5, 128, 70},
                                {32, 10, 784},
                                {33, 130, 61},
                                {50, 17, 33},
                                {3, 300, 20},
                                {500, 70, 20},
                                {40, 300, 130},
                                {2, 1, 9}}) {
    for (const Layout a : {Layout::kRows, Layout::kColumns}) {
      for (const Layout b : {Layout::kRows, Layout::kColumns}) {
        const Product product(m, n, k, a, b);
        for (const int parts : kPartCounts) {
          ASSERT_THAT(product.All(kernels(), parts), HasBitsOf(product.All(kernels())))
              << m << " x " << n << " x " << k << " in " << parts;
        }
      }
    }
  }
}

TEST_P(GemmTest, RowsAloneHaveTheBitsOfTheBatch) {
  for (const int64_t n : {1, 10, 33, 128}) {
    const Product product(256, n, 100);
    const Floats batch = product.All(kernels());
    for (const int64_t rows : {1, 2, 3, 4, 8}) {
      for (int64_t first : {0, 17, 200}) {
        const Floats expected(batch.begin() + first * n, batch.begin() + (first + rows) * n);
        ASSERT_THAT(product.Rows(kernels(), first, rows), HasBitsOf(expected))
            << rows << " x " << n;
      }
    }
  }
}

TEST_P(GemmTest, LayoutsDoNotChangeBits) {
  for (const auto& [m, n, k] :
       {std::array<int64_t, 3>{33, 40, 50}, {100, 10, 32}, {70, 3, 9}, {261, 100, 40}}) {
    const Product product(m, n, k);
    Product transposed(m, n, k, Layout::kColumns, Layout::kColumns);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t p = 0; p < k; ++p) transposed.a[p * m + i] = product.a[i * k + p];
    }
    for (int64_t p = 0; p < k; ++p) {
      for (int64_t j = 0; j < n; ++j) transposed.b[j * k + p] = product.b[p * n + j];
    }
    EXPECT_THAT(transposed.All(kernels()), HasBitsOf(product.All(kernels())));
  }
}

TEST_P(GemmTest, AddsOneTermAfterAnotherInOrder) {
  if (std::string(kernels().isa) == "x86-64") GTEST_SKIP() << "no fused multiply-add";
  const Product product(7, 19, 300);
  const Floats c = product.All(kernels());
  for (int64_t i = 0; i < product.m; ++i) {
    for (int64_t j = 0; j < product.n; ++j) {
      float sum = 0;
      for (int64_t p = 0; p < product.k; ++p) {
        sum = std::fma(product.a[i * product.k + p], product.b[p * product.n + j], sum);
      }
      ASSERT_EQ(c[i * product.n + j], sum + product.bias[j]);
    }
  }
}

TEST_P(GemmTest, NanStaysInItsRow) {
  Product product(20, 30, 40);
  product.a[3 * 40 + 11] = NAN;
  const Floats c = product.All(kernels());
  for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(std::isnan(c[i * 30 + 29]), i == 3);
}

}  // namespace
}  // namespace fitd
