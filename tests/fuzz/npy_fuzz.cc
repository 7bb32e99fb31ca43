// Any bytes as an NPY file.

#include "tests/fuzz/tensor_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fitd::v1::SourceSpec spec;
  spec.set_file_name("fuzz.npy");
  spec.mutable_npy();
  fitd::ReadTensor(spec, data, size);
  return 0;
}
