// Any bytes as an IDX file.

#include "tests/fuzz/tensor_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fitd::v1::SourceSpec spec;
  spec.set_file_name("fuzz.idx");
  spec.mutable_idx();
  fitd::ReadTensor(spec, data, size);
  return 0;
}
