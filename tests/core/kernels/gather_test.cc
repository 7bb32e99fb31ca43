#include "tests/core/kernels/kernels_testing.h"

namespace fitd {
namespace {

using GatherTest = KernelsTest;
FITD_FOR_EVERY_ISA(GatherTest);

template <typename T>
void ExpectGathers(GatherKernel kernel, const std::vector<T>& data) {
  const int64_t width = 3, out_row = 5;
  const std::vector<uint32_t> rows = {1, 0, 1};
  for (const int parts : kPartCounts) {
    Floats out(15, -1);
    RunInParts(kernel,
               GatherArgs{.count = 3,
                          .rows = rows.data(),
                          .data = data.data(),
                          .width = width,
                          .out = out.data(),
                          .out_row = out_row},
               parts);
    Floats expected(15, -1);
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) {
        expected[i * out_row + j] = static_cast<float>(data[rows[i] * width + j]);
      }
    }
    EXPECT_THAT(out, HasBitsOf(expected));
  }
}

TEST_P(GatherTest, ConvertsEachKindOfValue) {
  ExpectGathers<uint8_t>(kernels().gather_u8, {0, 1, 255, 128, 127, 3});
  ExpectGathers<int8_t>(kernels().gather_i8, {0, -1, 127, -128, 5, 6});
  ExpectGathers<uint16_t>(kernels().gather_u16, {0, 1, 65535, 32768, 2, 3});
  ExpectGathers<int16_t>(kernels().gather_i16, {0, -1, 32767, -32768, 2, 3});
  ExpectGathers<int32_t>(kernels().gather_i32, {0, -1, 2147483647, -2147483647 - 1, 16777217, 3});
  ExpectGathers<float>(kernels().gather_f32, {0, -0.0f, 1.5f, NAN, INFINITY, 1e-40f});
  ExpectGathers<double>(kernels().gather_f64, {0, 0.1, -1e300, 1e300, 16777217, 3});
}

TEST_P(GatherTest, RescalesLikeAffine) {
  for (const int64_t width : kOddSizes) {
    std::vector<uint8_t> bytes(2 * width);
    Floats expected(2 * width);
    for (int64_t i = 0; i < 2 * width; ++i) {
      bytes[i] = static_cast<uint8_t>(37 * i);
      expected[i] = bytes[i];
    }
    const std::vector<int16_t> shorts(bytes.begin(), bytes.end());
    const Rescale rescale = {.scale = 0.3f, .offset = -0.7f};
    RunInParts(kernels().affine,
               AffineArgs{.rows = 2,
                          .cols = width,
                          .vector_size = 1,
                          .x = expected.data(),
                          .scale = &rescale.scale,
                          .offset = &rescale.offset,
                          .y = expected.data()},
               1);
    const std::vector<uint32_t> rows = {0, 1};
    Floats out(2 * width);
    GatherArgs args = {.count = 2,
                       .rows = rows.data(),
                       .data = bytes.data(),
                       .width = width,
                       .out = out.data(),
                       .out_row = width,
                       .rescale = rescale};
    RunInParts(kernels().gather_u8, args, 2);
    EXPECT_THAT(out, HasBitsOf(expected));
    args.data = shorts.data();
    RunInParts(kernels().gather_i16, args, 2);
    EXPECT_THAT(out, HasBitsOf(expected));
  }
}

TEST_P(GatherTest, NoRowsAndNoColumnsAreFine) {
  kernels().gather_f32(
      {.count = 0, .rows = nullptr, .data = nullptr, .width = 3, .out = nullptr, .out_row = 3},
      {0, 1});
  const uint32_t row = 0;
  kernels().gather_u8(
      {.count = 1, .rows = &row, .data = &row, .width = 0, .out = nullptr, .out_row = 0}, {0, 1});
}

}  // namespace
}  // namespace fitd
