// Any bytes as a stored table: an error, or a table whose values can be read. They are tried as
// they are, and as a header and data behind a sound preamble: the checksum turns nearly everything
// else away.

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include "core/data/table.h"
#include "core/data/table_format.h"
#include "tests/fuzz/fuzz_input.h"

namespace fitd {
namespace {

// `bytes` start with a header of `header_size` bytes.
std::string WithPreamble(const std::string& bytes, uint32_t header_size) {
  TablePreamble preamble;
  std::memcpy(preamble.magic, kTableMagic, sizeof kTableMagic);
  preamble.header_size = header_size;
  const auto data_offset = static_cast<size_t>(TableDataOffset(header_size));
  std::string file(data_offset, '\0');
  bytes.copy(file.data() + sizeof preamble, header_size);
  file.append(bytes, header_size);
  preamble.file_size = file.size();
  preamble.checksum = TableChecksum(preamble, std::string_view(bytes).substr(0, header_size));
  std::memcpy(file.data(), &preamble, sizeof preamble);
  return file;
}

void ReadAll(const std::string& bytes) {
  const std::string path = FuzzOutputPath();
  std::ofstream(path, std::ios::binary) << bytes;
  const auto table = Table::Open(path);
  if (!table.ok()) return;
  for (int column = 0; column < (*table)->columns(); ++column) {
    for (const int64_t row : {int64_t{0}, (*table)->rows() - 1}) {
      (*table)->TextAt(column, row, (*table)->View(column).size - 1);
    }
  }
}

}  // namespace
}  // namespace fitd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  fitd::ReadAll(bytes);
  if (size > 0 && data[0] < size) fitd::ReadAll(fitd::WithPreamble(bytes.substr(1), data[0]));
  return 0;
}
