// Writes a stored table row by row, with memory for one chunk of rows.

#ifndef FITD_CORE_DATA_TABLE_WRITER_H_
#define FITD_CORE_DATA_TABLE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/status.h"
#include "core/data/ingest.h"
#include "fitd/v1/dataset.pb.h"

namespace fitd {

// Single-thread. Destroying it before Finish leaves nothing behind.
class TableWriter {
 public:
  // `header` is complete but for its blocks, which the writer lays out. RESOURCE_EXHAUSTED when the
  // disk is full.
  static absl::StatusOr<TableWriter> Create(const std::string& path, v1::TableHeader header);

  const v1::TableHeader& header() const { return header_; }
  // Where the current row's values of a column go, in the column's dtype; zero until written, and
  // perhaps unaligned.
  std::byte* Slot(int column) {
    const Place& place = places_[static_cast<size_t>(column)];
    Block& block = blocks_[place.block];
    return block.chunk.data() + rows_in_chunk_ * block.row_bytes + place.offset;
  }
  // Moves to the next row. As many rows as the header says.
  absl::Status EndRow();
  // Makes the file appear.
  absl::StatusOr<IngestResult> Finish();

 private:
  struct Block {
    size_t row_bytes;
    int64_t file_offset;  // Of the chunk.
    std::vector<std::byte> chunk;
  };
  struct Place {
    size_t block;
    size_t offset;  // Within a row of the block.
  };

  TableWriter(std::string path, AtomicFile file) : path_(std::move(path)), file_(std::move(file)) {}
  absl::Status Flush();

  std::string path_;
  AtomicFile file_;
  v1::TableHeader header_;
  std::vector<Block> blocks_;
  std::vector<Place> places_;  // By column.
  size_t chunk_rows_ = 0;
  size_t rows_in_chunk_ = 0;
};

}  // namespace fitd

#endif  // FITD_CORE_DATA_TABLE_WRITER_H_
