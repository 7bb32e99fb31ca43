#include "client/names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/stubs/common.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace fitd::client {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD
constexpr char kEllipsis[] = "\xE2\x80\xA6";     // U+2026

bool StartsCodePoint(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// Letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row.back();
}

}  // namespace

const std::string* NearestName(std::string_view given, std::span<const std::string> known) {
  constexpr size_t kLongest = 128;  // The distance is quadratic, and no name is longer.
  if (given.size() > kLongest) return nullptr;
  const std::string* nearest = nullptr;
  size_t least = std::max<size_t>(1, given.size() / 3) + 1;
  for (const std::string& name : known) {
    if (const size_t distance = EditDistance(given, name); distance < least) {
      nearest = &name;
      least = distance;
    }
  }
  return nearest;
}

std::string UnknownName(std::string_view what, std::string_view given,
                        std::span<const std::string> known) {
  std::string text = fmt::format("unknown {} {}", what, Quoted(given));
  if (const std::string* nearest = NearestName(given, known)) {
    text += fmt::format("; did you mean \"{}\"?", *nearest);
  }
  if (known.empty()) return text + "; there is none";
  return text + fmt::format("{} known: {}", text.back() == '?' ? "" : ";", fmt::join(known, ", "));
}

std::string Quoted(std::string_view text) {
  return fmt::format("\"{}\"", Printable(Shortened(text, 64)));
}

std::string Printable(std::string_view text, bool keep_lines) {
  const bool utf8 = IsUtf8(text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control = byte < 0x20 || byte == 0x7F || (!utf8 && byte >= 0x80);
    // C1 controls, U+0080 to U+009F, are C2 80 to C2 9F in UTF-8.
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (keep_lines && byte == '\n') {
      out += '\n';
    } else if (control || c1) {
      out += kReplacement;
      if (c1) ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool IsUtf8(std::string_view text) {
  return google::protobuf::internal::IsStructurallyValidUTF8(text.data(),
                                                             static_cast<int>(text.size()));
}

size_t DisplayWidth(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), StartsCodePoint));
}

std::string Shortened(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  size_t end = 0;
  for (size_t kept = 0; end < text.size(); ++end) {
    if (StartsCodePoint(text[end]) && kept++ == width - 1) break;
  }
  return std::string(text.substr(0, end)) + kEllipsis;
}

}  // namespace fitd::client
