// The bytes of a stored table, as docs/formats.md describes them; shared by its writer and its
// reader.

#ifndef FITD_CORE_DATA_TABLE_FORMAT_H_
#define FITD_CORE_DATA_TABLE_FORMAT_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fitd {

static_assert(std::endian::native == std::endian::little,
              "stored tables are mapped, not converted");

inline constexpr char kTableMagic[8] = {'F', 'I', 'T', 'D', 'T', 'B', 'L', '1'};
inline constexpr int64_t kTableAlignment = 64;

// The start of the file; the header's bytes follow.
struct TablePreamble {
  char magic[8];
  uint64_t file_size;
  uint32_t header_size;
  uint32_t checksum;  // CRC-32 of the fields above and the header.
};
static_assert(sizeof(TablePreamble) == 24);

inline constexpr int64_t AlignTableOffset(int64_t offset) {
  return (offset + kTableAlignment - 1) / kTableAlignment * kTableAlignment;
}

// Where the data section starts.
inline constexpr int64_t TableDataOffset(int64_t header_size) {
  return AlignTableOffset(static_cast<int64_t>(sizeof(TablePreamble)) + header_size);
}

uint32_t TableChecksum(const TablePreamble& preamble, std::string_view header);

}  // namespace fitd

#endif  // FITD_CORE_DATA_TABLE_FORMAT_H_
