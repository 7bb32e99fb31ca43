#include "core/data/table_format.h"

#include <zlib.h>

#include <cstddef>

namespace fitd {

uint32_t TableChecksum(const TablePreamble& preamble, std::string_view header) {
  uLong crc =
      crc32(0, reinterpret_cast<const Bytef*>(&preamble), offsetof(TablePreamble, checksum));
  crc = crc32_z(crc, reinterpret_cast<const Bytef*>(header.data()), header.size());
  return static_cast<uint32_t>(crc);
}

}  // namespace fitd
