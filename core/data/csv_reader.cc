#include "core/data/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fmt/format.h"

namespace fitd {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

// Halves doubled quotes in place; the new length.
size_t UndoubleQuotes(char* text, size_t size) {
  size_t out = 0;
  for (size_t i = 0; i < size; ++i) {
    text[out++] = text[i];
    if (text[i] == '"') ++i;
  }
  return out;
}

}  // namespace

absl::StatusOr<CsvReader> CsvReader::Open(const std::string& path, std::string file_name, char delimiter) {
  FITD_ASSIGN_OR_RETURN(ByteSource source, ByteSource::Open(path, std::move(file_name)));
  CsvReader reader(std::move(source), delimiter);
  FITD_RETURN_IF_ERROR(reader.Fill());
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (std::string_view(reader.buffer_.data(), reader.end_).starts_with(kByteOrderMark)) {
    reader.begin_ = kByteOrderMark.size();
  }
  return reader;
}

CsvReader::CsvReader(ByteSource source, char delimiter)
    : source_(std::move(source)), delimiter_(delimiter), buffer_(kMaxRecordBytes + kReadBytes) {}

absl::Status CsvReader::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  FITD_ASSIGN_OR_RETURN(const size_t count, source_.Read(buffer_.data() + end_, kReadBytes));
  end_ += count;
  at_end_of_file_ = count < kReadBytes;
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::Next() {
  for (;;) {
    FITD_ASSIGN_OR_RETURN(const bool complete, Scan());
    if ((complete ? next_begin_ : end_) - begin_ > kMaxRecordBytes) {
      return ResourceExhausted(fmt::format("{}:{}:1: a line is longer than {} bytes, the limit; is a quote not closed?",
                                           source_.file_name(), line_, kMaxRecordBytes));
    }
    if (complete) break;
    FITD_RETURN_IF_ERROR(Fill());
  }
  fields_.clear();
  if (raw_fields_.empty()) return false;
  if (expected_fields_ == 0) expected_fields_ = raw_fields_.size();
  if (raw_fields_.size() != expected_fields_) {
    const RawField& at = raw_fields_[std::min(raw_fields_.size() - 1, expected_fields_)];
    return ErrorAt(at.position, fmt::format("the line has {} fields; expected {}, as in the first line", raw_fields_.size(),
                                            expected_fields_));
  }
  for (const RawField& raw : raw_fields_) {
    char* text = buffer_.data() + raw.begin;
    const size_t size = raw.end - raw.begin;
    fields_.emplace_back(text, raw.has_doubled_quotes ? UndoubleQuotes(text, size) : size);
  }
  begin_ = next_begin_;
  line_ = next_line_;
  return true;
}

bool CsvReader::AtLineEnd(size_t i) const {
  if (buffer_[i] == '\n') return true;
  return buffer_[i] == '\r' && (i + 1 == end_ ? at_end_of_file_ : buffer_[i + 1] == '\n');
}

absl::StatusOr<bool> CsvReader::Scan() {
  const char* const data = buffer_.data();
  int64_t line = line_;
  size_t i = begin_;
  raw_fields_.clear();

  for (; i < end_ && AtLineEnd(i); ++i) line += data[i] == '\n';   // Empty lines.
  begin_ = i;
  line_ = line;
  next_begin_ = i;
  if (i == end_) return at_end_of_file_;

  size_t line_begin = i;
  for (;;) {
    RawField field = {i, i, {line, static_cast<int64_t>(i - line_begin) + 1}, false};
    const bool quoted = i < end_ && data[i] == '"';
    if (quoted) {
      field.begin = ++i;
      for (;; ++i) {
        if (i == end_) {
          if (!at_end_of_file_) return false;
          return ErrorAt(field.position, "a quoted field has no closing quote");
        }
        if (data[i] == '\n') {
          ++line;
          line_begin = i + 1;
        } else if (data[i] == '"') {
          if (i + 1 == end_ && !at_end_of_file_) return false;
          if (i + 1 == end_ || data[i + 1] != '"') break;
          field.has_doubled_quotes = true;
          ++i;
        }
      }
      field.end = i++;
      if (i < end_ && AtLineEnd(i)) i += data[i] == '\r';
    } else {
      while (i < end_ && data[i] != delimiter_ && data[i] != '\n') ++i;
      field.end = i;
      if (i > field.begin && data[i - 1] == '\r' && (i == end_ || data[i] == '\n')) --field.end;
    }
    // Now at a delimiter, a line feed or the end, unless the quotes were wrong.
    if (i == end_ && !at_end_of_file_) return false;
    if (i < end_ && data[i] != delimiter_ && data[i] != '\n') {
      if (data[i] == '\r' && i + 1 == end_ && !at_end_of_file_) return false;
      return ErrorAt({line, static_cast<int64_t>(i - line_begin) + 1},
                     fmt::format("expected '{}' or the end of the line after a closing quote", delimiter_));
    }
    raw_fields_.push_back(field);
    if (i < end_ && data[i] == delimiter_) {
      ++i;
      continue;
    }
    next_begin_ = i == end_ ? i : i + 1;
    next_line_ = line + 1;
    return true;
  }
}

std::string CsvReader::Where(size_t field) const {
  const Position position = raw_fields_[field].position;
  return fmt::format("{}:{}:{}", source_.file_name(), position.line, position.column);
}

absl::Status CsvReader::ErrorAt(Position position, const std::string& what) const {
  return InvalidArgument(fmt::format("{}:{}:{}: {}", source_.file_name(), position.line, position.column, what));
}

}  // namespace fitd
