// Any bytes as a file of one tensor.

#ifndef FITD_TESTS_FUZZ_TENSOR_INPUT_H_
#define FITD_TESTS_FUZZ_TENSOR_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/data/tensor_reader.h"
#include "tests/fuzz/fuzz_input.h"

namespace fitd {

// Reads its header and all values, or gives up with an error.
inline void ReadTensor(v1::SourceSpec spec, const uint8_t* data, size_t size) {
  const FuzzInput input(data, size);
  auto reader = TensorReader::Open({.spec = std::move(spec), .path = input.path()});
  if (!reader.ok()) return;
  std::vector<int64_t> integers(100);
  std::vector<double> reals(100);
  while (true) {
    const auto count = reader->is_real() ? reader->Read(reals) : reader->Read(integers);
    if (!count.ok() || *count == 0) return;
  }
}

}  // namespace fitd

#endif  // FITD_TESTS_FUZZ_TENSOR_INPUT_H_
