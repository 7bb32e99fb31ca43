// Names that users write: what is allowed, and what they may have meant.

#ifndef FITD_CORE_BASE_NAMES_H_
#define FITD_CORE_BASE_NAMES_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fitd {

// `[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?`: models, data sets, jobs.
bool IsValidId(std::string_view id);
inline constexpr char kIdRule[] =
    "1 to 63 of a-z, 0-9, '.', '_', '-', beginning and ending with a letter or digit";

// The candidate with the smallest edit distance to `given`, if it is near enough to be a slip of
// the finger (a third of its length, at least 1); ties go to the first.
std::optional<std::string> NearestName(std::string_view given,
                                       std::span<const std::string> candidates);

// "unknown layer \"dnese\"; did you mean \"dense\"? known: activation, dense, ..."; 20 candidates
// at most.
std::string UnknownName(std::string_view what, std::string_view given,
                        std::span<const std::string> candidates);

// In double quotes, with control characters escaped, invalid UTF-8 replaced, and cut after 64
// bytes: safe in any error text.
std::string Quoted(std::string_view text);

}  // namespace fitd

#endif  // FITD_CORE_BASE_NAMES_H_
