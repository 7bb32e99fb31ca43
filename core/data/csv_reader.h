// Comma-separated values, RFC 4180, record by record. Quoted fields may hold delimiters, line ends
// and doubled quotes; a quote inside an unquoted field is an ordinary character; empty lines are
// skipped.

#ifndef FITD_CORE_DATA_CSV_READER_H_
#define FITD_CORE_DATA_CSV_READER_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/data/byte_source.h"

namespace fitd {

// Single-thread. Memory is constant: a record holds at most kMaxRecordBytes.
class CsvReader {
 public:
  static constexpr size_t kMaxRecordBytes = 1 << 20;

  static absl::StatusOr<CsvReader> Open(const std::string& path, std::string file_name,
                                        char delimiter, std::function<bool()> cancelled = {});

  // Moves to the next record; false at the end. INVALID_ARGUMENT "file:line:column: ..." for a
  // quote without end, text after a quote, or another number of fields than the first record;
  // RESOURCE_EXHAUSTED for a record that is too long.
  absl::StatusOr<bool> Next();

  // After an error of Next: whether it may be called again, for the records behind the fault.
  bool can_go_on() const { return next_begin_ > begin_; }

  // Of the current record; valid until Next.
  std::span<const std::string_view> fields() const { return fields_; }

  // "file:line:column" of a field of the current record, both from 1, columns in bytes.
  std::string Where(size_t field) const { return Where(positions_[field]); }

 private:
  // Where a field starts: lines below the record's first, and bytes into its line. Both are less
  // than kMaxRecordBytes.
  struct Position {
    uint32_t line;
    uint32_t column;
  };

  CsvReader(ByteSource source, char delimiter);
  absl::Status Fill();
  // Finds the fields of the record at begin_, without their outer quotes; false when the buffer
  // ends before the record does.
  absl::StatusOr<bool> Scan();
  // At LF, CR LF, or CR at the end of the file.
  bool AtLineEnd(size_t i) const;
  absl::Status ErrorAt(Position position, const std::string& what) const;
  std::string Where(Position position) const;

  ByteSource source_;
  char delimiter_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // Of the current record, or of what follows it.
  size_t end_ = 0;    // Of what has been read.
  bool at_end_of_file_ = false;
  int64_t line_ = 1;       // Of the current record.
  size_t next_begin_ = 0;  // Of the record after the one scanned.
  int64_t next_line_ = 1;
  size_t expected_fields_ = 0;
  std::vector<std::string_view> fields_;
  std::vector<Position> positions_;     // By field.
  std::vector<size_t> doubled_quotes_;  // Fields that hold them.
};

}  // namespace fitd

#endif  // FITD_CORE_DATA_CSV_READER_H_
