// Any bytes as a checkpoint: an error, or one that is written and read back as the same bytes. They
// are tried as they are, and as a header and data between a sound prefix and a sound digest: the
// digest turns nearly everything else away.

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "core/base/sha256.h"
#include "core/train/checkpoint.h"
#include "tests/fuzz/fuzz_input.h"

namespace fitd {
namespace {

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// `bytes` start with a header of `header_size` bytes; docs/formats.md.
std::string WithFrame(const std::string& bytes, uint64_t header_size) {
  std::string file = "FITDCKP1";
  file.append(reinterpret_cast<const char*>(&header_size), sizeof header_size);
  file.append(bytes, 0, header_size);
  file.resize((file.size() + 63) / 64 * 64);
  file.append(bytes, header_size);
  Sha256 digest;
  digest.Update(file.data(), file.size());
  return file + digest.HexDigest();
}

void Load(const std::string& bytes) {
  const FuzzInput input(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  const auto checkpoint = Checkpoint::Load(input.path());
  if (!checkpoint.ok()) return;
  const std::string path = FuzzOutputPath();
  if (!checkpoint->Save(path).ok()) std::abort();
  const std::string saved = Read(path);
  const auto again = Checkpoint::Load(path);
  if (!again.ok() || !again->Save(path).ok() || Read(path) != saved) std::abort();
}

}  // namespace
}  // namespace fitd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  fitd::Load(bytes);
  if (size > 0 && data[0] < size) fitd::Load(fitd::WithFrame(bytes.substr(1), data[0]));
  return 0;
}
