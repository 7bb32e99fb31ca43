#include "core/data/number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

namespace fitd {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

// std::from_chars knows no plus sign.
std::string_view WithoutPlus(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

// Whether a number that fits no double is too small rather than too large: whether its first digit
// other than 0 comes after the point.
bool IsTiny(std::string_view text) {
  const size_t letter = text.find_first_of("eE");
  const std::string_view digits = text.substr(0, letter);
  int64_t exponent = 0;
  if (letter != std::string_view::npos) {
    const std::optional<int64_t> parsed = ParseInteger(text.substr(letter + 1));
    if (!parsed) return text[letter + 1] == '-';  // So large that digits do not matter.
    exponent = *parsed;
  }
  const auto first = static_cast<int64_t>(digits.find_first_of("123456789"));
  const auto point = static_cast<int64_t>(std::min(digits.find('.'), digits.size()));
  return exponent < first - point;
}

template <typename T>
std::string Format(T value) {
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, result.ptr);
}

}  // namespace

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  text = WithoutPlus(Trimmed(text));
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  int64_t value = 0;
  if (digits.size() - 1 < 18) {
    // Cannot overflow, and tables are full of short numbers: twice as fast as std::from_chars.
    for (const char c : digits) {
      const auto digit = static_cast<unsigned char>(c - '0');
      if (digit > 9) return std::nullopt;
      value = value * 10 + digit;
    }
    return negative ? -value : value;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

RealText ParseReal(std::string_view text, double* value) {
  text = WithoutPlus(Trimmed(text));
  double number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument || end != text.data() + text.size())
    return RealText::kNotANumber;
  if (error == std::errc::result_out_of_range) {
    if (!IsTiny(text)) return RealText::kOutOfRange;
    number = 0;
  }
  if (!std::isfinite(number)) return RealText::kNotFinite;
  *value = number;
  return RealText::kNumber;
}

std::string FormatNumber(double value) { return Format(value); }
std::string FormatNumber(float value) { return Format(value); }

}  // namespace fitd
