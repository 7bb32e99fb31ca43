// Any bytes as a NPY file: its header and values, or an error.

#include <cstdlib>
#include <vector>

#include "core/data/tensor_reader.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fitd::FuzzInput input(data, size);
  fitd::IngestSource source;
  source.path = input.path();
  source.spec.set_file_name("fuzz.npy");
  source.spec.mutable_npy();
  auto reader = fitd::TensorReader::Open(source);
  if (!reader.ok()) return 0;
  std::vector<int64_t> integers(100);
  std::vector<double> reals(100);
  for (;;) {
    const auto count = reader->is_real() ? reader->Read(reals) : reader->Read(integers);
    if (!count.ok() || *count == 0) return 0;
  }
}
