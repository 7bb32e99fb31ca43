// Reads comma-separated values, RFC 4180: quoted fields may hold delimiters, line ends and doubled
// quotes; LF or CR LF; an UTF-8 byte order mark is skipped.

#ifndef FITD_CLIENT_CSV_H_
#define FITD_CLIENT_CSV_H_

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fitd::client {

// Single-thread. Holds one record at a time.
class CsvReader {
 public:
  // `input` must outlive the reader; `file` is for error messages.
  CsvReader(std::istream& input, std::string file, char delimiter = ',');

  // The next record; false at the end. Empty lines are skipped. INVALID_ARGUMENT, with file and
  // line, for a quote that is not closed or is followed by text, and for records above 16 MiB.
  absl::StatusOr<bool> Next(std::vector<std::string>& fields);

  // The line, from 1, on which the last record began.
  int64_t line() const { return record_line_; }

 private:
  absl::Status Wrong(std::string_view what) const;

  std::istream& input_;
  const std::string file_;
  const char delimiter_;
  std::string lead_;  // Bytes that looked like a byte order mark and are none: the start of the
                      // first field.
  int64_t line_ = 1;
  int64_t record_line_ = 0;
};

}  // namespace fitd::client

#endif  // FITD_CLIENT_CSV_H_
