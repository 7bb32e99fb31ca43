#include "client/csv.h"

#include <fmt/format.h>

#include <utility>

namespace fitd::client {

CsvReader::CsvReader(std::istream& input, std::string file, char delimiter)
    : input_(input), file_(std::move(file)), delimiter_(delimiter) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  while (lead_ != kByteOrderMark &&
         input_.peek() == static_cast<unsigned char>(kByteOrderMark[lead_.size()])) {
    lead_ += static_cast<char>(input_.get());
  }
  if (lead_ == kByteOrderMark) lead_.clear();
}

absl::StatusOr<bool> CsvReader::Next(std::vector<std::string>& fields) {
  constexpr size_t kLongestRecord = size_t{16} << 20;
  constexpr int kEnd = std::char_traits<char>::eof();
  std::streambuf& bytes = *input_.rdbuf();
  const auto peek_is = [&](char c) {
    return bytes.sgetc() == std::char_traits<char>::to_int_type(c);
  };
  while (peek_is('\n') || peek_is('\r')) {
    if (bytes.sbumpc() == '\n') ++line_;
  }
  fields.assign(1, std::exchange(lead_, ""));
  record_line_ = line_;
  if (bytes.sgetc() == kEnd) return !fields[0].empty();

  bool quoted = false;  // Inside quotes.
  bool closed = false;  // After the closing quote of a field.
  size_t size = 0;
  for (;;) {
    const int next = bytes.sbumpc();
    if (next == kEnd) {
      if (quoted) return Wrong("a quote is not closed");
      return true;
    }
    const char c = static_cast<char>(next);
    if (++size > kLongestRecord) return Wrong("the record is longer than 16 MiB");
    if (c == '\n') ++line_;
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (peek_is('"')) {
        fields.back() += static_cast<char>(bytes.sbumpc());
      } else {
        quoted = false;
        closed = true;
      }
    } else if (c == delimiter_) {
      fields.emplace_back();
      closed = false;
    } else if (c == '\n' || (c == '\r' && (peek_is('\n') || bytes.sgetc() == kEnd))) {
      if (c == '\r' && bytes.sbumpc() == '\n') ++line_;
      return true;
    } else if (closed) {
      return Wrong(fmt::format("field {}: text after the closing quote", fields.size()));
    } else if (c == '"' && fields.back().empty()) {
      quoted = true;
    } else {
      fields.back() += c;
    }
  }
}

absl::Status CsvReader::Wrong(std::string_view what) const {
  return absl::InvalidArgumentError(fmt::format("{}:{}: {}", file_, record_line_, what));
}

}  // namespace fitd::client
