#include "core/data/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/counted.h"
#include "core/base/violations.h"
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

// INVALID_ARGUMENT if a file that begins so is no UTF-8 text at all: one fault, not one per field.
absl::Status CheckIsText(const std::string& file_name, std::string_view begin) {
  Violations violations;
  const size_t zero = begin.find('\0');
  if (begin.starts_with("\xFF\xFE") || begin.starts_with("\xFE\xFF") || zero < 2) {
    violations.Add(file_name, "looks like UTF-16; save it as UTF-8");
  } else if (zero != std::string_view::npos) {
    const std::string_view before = begin.substr(0, zero);
    violations.Add(
        fmt::format("{}:{}:{}", file_name, std::count(before.begin(), before.end(), '\n') + 1,
                    zero - (before.rfind('\n') + 1) + 1),
        "is a zero byte; a table is UTF-8 text");
  }
  return violations.ToStatus();
}

}  // namespace

absl::StatusOr<CsvReader> CsvReader::Open(const std::string& path, std::string file_name,
                                          char delimiter, std::function<bool()> cancelled) {
  FITD_ASSIGN_OR_RETURN(ByteSource source,
                        ByteSource::Open(path, std::move(file_name), std::move(cancelled)));
  CsvReader reader(std::move(source), delimiter);
  FITD_RETURN_IF_ERROR(reader.Fill());
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const std::string_view begin(reader.buffer_.data(), reader.end_);
  FITD_RETURN_IF_ERROR(CheckIsText(reader.source_.file_name(), begin));
  if (begin.starts_with(kByteOrderMark)) {
    reader.next_begin_ = kByteOrderMark.size();
  }
  return reader;
}

CsvReader::CsvReader(ByteSource source, char delimiter)
    : source_(std::move(source)), delimiter_(delimiter), buffer_(kMaxRecordBytes + kReadBytes) {}

absl::Status CsvReader::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  next_begin_ = 0;  // Until Scan knows better.
  FITD_ASSIGN_OR_RETURN(const size_t count, source_.Read(buffer_.data() + end_, kReadBytes));
  end_ += count;
  at_end_of_file_ = count < kReadBytes;
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::Next() {
  begin_ = next_begin_;
  line_ = next_line_;
  for (;;) {
    FITD_ASSIGN_OR_RETURN(const bool complete, Scan());
    if ((complete ? next_begin_ : end_) - begin_ > kMaxRecordBytes) {
      return ResourceExhausted(
          fmt::format("{}: a line is longer than {} bytes, the limit; is a quote not closed?",
                      Where(Position{0, 0}), kMaxRecordBytes));
    }
    if (complete) break;
    FITD_RETURN_IF_ERROR(Fill());
  }
  if (fields_.empty()) return false;
  if (expected_fields_ == 0) expected_fields_ = fields_.size();
  if (fields_.size() != expected_fields_) {
    return ErrorAt(
        positions_[std::min(fields_.size() - 1, expected_fields_)],
        fmt::format("the line has {}; expected {}, as in the first line",
                    Counted(static_cast<int64_t>(fields_.size()), "field"), expected_fields_));
  }
  for (const size_t field : doubled_quotes_) {
    char* const text = buffer_.data() + (fields_[field].data() - buffer_.data());
    fields_[field] = {text, UndoubleQuotes(text, fields_[field].size())};
  }
  return true;
}

bool CsvReader::AtLineEnd(size_t i) const {
  if (buffer_[i] == '\n') return true;
  return buffer_[i] == '\r' && (i + 1 == end_ ? at_end_of_file_ : buffer_[i + 1] == '\n');
}

absl::StatusOr<bool> CsvReader::Scan() {
  // Copies, which the compiler can keep in registers while fields are added.
  const char* const data = buffer_.data();
  const size_t end = end_;
  const char delimiter = delimiter_;

  fields_.clear();
  positions_.clear();
  doubled_quotes_.clear();
  for (; begin_ < end && AtLineEnd(begin_); ++begin_)
    line_ += data[begin_] == '\n';  // Empty lines.
  next_begin_ = begin_;
  next_line_ = line_;
  if (begin_ == end) return at_end_of_file_;

  size_t i = begin_;
  size_t line_begin = begin_;
  uint32_t line = 0;
  const auto position = [&] { return Position{line, static_cast<uint32_t>(i - line_begin)}; };
  for (;;) {
    const Position start = position();
    const bool quoted = i < end && data[i] == '"';
    if (quoted) ++i;
    const size_t field_begin = i;
    size_t field_end;
    if (quoted) {
      bool doubled = false;
      for (;; ++i) {
        if (i == end) {
          if (!at_end_of_file_) return false;
          return ErrorAt(start, "a quoted field has no closing quote");
        }
        if (data[i] == '\n') {
          ++line;
          line_begin = i + 1;
        } else if (data[i] == '"') {
          if (i + 1 == end && !at_end_of_file_) return false;
          if (i + 1 == end || data[i + 1] != '"') break;
          doubled = true;
          ++i;
        }
      }
      if (doubled) doubled_quotes_.push_back(fields_.size());
      field_end = i++;
      if (i < end && AtLineEnd(i) && data[i] == '\r') ++i;
    } else {
      while (i < end && data[i] != delimiter && data[i] != '\n') ++i;
      field_end = i;
      if (i > field_begin && data[i - 1] == '\r' && (i == end || data[i] == '\n')) --field_end;
    }
    // Now at a delimiter, a line feed or the end, unless the quotes were wrong.
    if (i == end && !at_end_of_file_) return false;
    if (i < end && data[i] != delimiter && data[i] != '\n') {
      if (data[i] == '\r' && i + 1 == end && !at_end_of_file_) return false;
      return ErrorAt(
          position(),
          fmt::format("expected '{}' or the end of the line after a closing quote", delimiter));
    }
    fields_.emplace_back(data + field_begin, field_end - field_begin);
    positions_.push_back(start);
    if (i < end && data[i] == delimiter) {
      ++i;
      continue;
    }
    next_begin_ = std::min(i + 1, end);
    next_line_ = line_ + line + 1;
    return true;
  }
}

std::string CsvReader::Where(Position position) const {
  return fmt::format("{}:{}:{}", source_.file_name(), line_ + position.line, position.column + 1);
}

absl::Status CsvReader::ErrorAt(Position position, const std::string& what) const {
  Violations violations;
  violations.Add(Where(position), what);
  return violations.ToStatus();
}

}  // namespace fitd
