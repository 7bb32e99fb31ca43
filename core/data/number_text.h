// Numbers as text, the same in every locale.

#ifndef FITD_CORE_DATA_NUMBER_TEXT_H_
#define FITD_CORE_DATA_NUMBER_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fitd {

// Without spaces and tabs at both ends.
std::string_view Trimmed(std::string_view text);

// A decimal whole number, perhaps with a sign. None for anything else, also when it does not fit.
std::optional<int64_t> ParseInteger(std::string_view text);

enum class RealText {
  kNumber,
  kNotANumber,  // Anything that is not decimal or scientific notation, such as "0x1p3" or "1,5".
  kNotFinite,   // "inf", "nan" and the like.
  kOutOfRange,  // Too large for a double.
};

// A decimal number, perhaps with a sign and an exponent. What is too small for a double
// is 0. `value` is written for kNumber only.
RealText ParseReal(std::string_view text, double* value);

// Shortest text that reads back as the same value.
std::string FormatNumber(double value);
std::string FormatNumber(float value);

}  // namespace fitd

#endif  // FITD_CORE_DATA_NUMBER_TEXT_H_
