#include "core/data/table_writer.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "core/base/sha256.h"
#include "core/data/byte_source.h"
#include "core/data/table.h"
#include "core/data/table_format.h"

namespace fitd {
namespace {

constexpr int64_t kChunkBytes = 1 << 20;

absl::StatusOr<std::string> FileSha256(const std::string& path) {
  FITD_ASSIGN_OR_RETURN(ByteSource source, ByteSource::Open(path, "the stored table"));
  std::vector<char> buffer(kChunkBytes);
  Sha256 sha;
  for (;;) {
    FITD_ASSIGN_OR_RETURN(const size_t count, source.Read(buffer.data(), buffer.size()));
    if (count == 0) return sha.HexDigest();
    sha.Update(buffer.data(), count);
  }
}

// Scalars of one type side by side, in the order of their first columns; every array a block of its
// own.
void LayOutBlocks(v1::TableHeader& header) {
  header.clear_blocks();
  std::map<v1::DataType, int> scalar_blocks;
  for (int column = 0; column < header.columns_size(); ++column) {
    const v1::ColumnSchema& schema = header.columns(column);
    int index = header.blocks_size();
    if (schema.shape().empty())
      index = scalar_blocks.try_emplace(schema.dtype(), index).first->second;
    v1::TableBlock& block =
        index < header.blocks_size() ? *header.mutable_blocks(index) : *header.add_blocks();
    block.set_dtype(schema.dtype());
    block.add_columns(column);
    block.set_width(block.width() + ElementsPerRow(schema));
  }
  int64_t offset = 0;
  for (v1::TableBlock& block : *header.mutable_blocks()) {
    block.set_offset(offset);
    offset = AlignTableOffset(offset + header.rows() * block.width() * DataTypeSize(block.dtype()));
  }
}

}  // namespace

absl::StatusOr<TableWriter> TableWriter::Create(const std::string& path, v1::TableHeader header) {
  FITD_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  TableWriter writer(path, std::move(file));
  LayOutBlocks(header);
  writer.header_ = std::move(header);
  const v1::TableHeader& layout = writer.header_;
  const std::string bytes = layout.SerializeAsString();
  const int64_t data_offset = TableDataOffset(static_cast<int64_t>(bytes.size()));

  int64_t row_bytes = 0;
  int64_t file_size = data_offset;
  for (const v1::TableBlock& block : layout.blocks()) {
    const int64_t width_bytes = block.width() * DataTypeSize(block.dtype());
    row_bytes += width_bytes;
    file_size = data_offset + block.offset() + layout.rows() * width_bytes;
  }
  writer.chunk_rows_ =
      static_cast<size_t>(std::clamp<int64_t>(kChunkBytes / row_bytes, 1, layout.rows()));
  writer.places_.resize(static_cast<size_t>(layout.columns_size()));
  for (const v1::TableBlock& block : layout.blocks()) {
    size_t offset = 0;
    for (const int column : block.columns()) {
      writer.places_[static_cast<size_t>(column)] = {writer.blocks_.size(), offset};
      offset +=
          static_cast<size_t>(ElementsPerRow(layout.columns(column)) * DataTypeSize(block.dtype()));
    }
    writer.blocks_.push_back({offset, data_offset + block.offset(),
                              std::vector<std::byte>(offset * writer.chunk_rows_)});
  }

  TablePreamble preamble;
  std::memcpy(preamble.magic, kTableMagic, sizeof kTableMagic);
  preamble.file_size = static_cast<uint64_t>(file_size);
  preamble.header_size = static_cast<uint32_t>(bytes.size());
  preamble.checksum = TableChecksum(preamble, bytes);
  FITD_RETURN_IF_ERROR(writer.file_.Append(&preamble, sizeof preamble));
  FITD_RETURN_IF_ERROR(writer.file_.Append(bytes));
  return writer;
}

absl::Status TableWriter::EndRow() {
  return ++rows_in_chunk_ < chunk_rows_ ? absl::OkStatus() : Flush();
}

absl::Status TableWriter::Flush() {
  for (Block& block : blocks_) {
    const size_t size = rows_in_chunk_ * block.row_bytes;
    FITD_RETURN_IF_ERROR(file_.WriteAt(block.file_offset, block.chunk.data(), size));
    block.file_offset += static_cast<int64_t>(size);
    std::fill(block.chunk.begin(), block.chunk.end(), std::byte{0});
  }
  rows_in_chunk_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<IngestResult> TableWriter::Finish() {
  FITD_RETURN_IF_ERROR(Flush());
  IngestResult result;
  result.bytes = file_.size();
  FITD_RETURN_IF_ERROR(file_.Commit());
  // Blocks were filled side by side, so the hash is taken when the file is whole.
  auto sha256 = FileSha256(path_);
  if (!sha256.ok()) {
    unlink(path_.c_str());
    return std::move(sha256).status();
  }
  result.sha256 = *std::move(sha256);
  result.header = std::move(header_);
  return result;
}

}  // namespace fitd
