#include "core/base/names.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <utility>
#include <vector>

#include "core/base/utf8.h"

namespace fitd {
namespace {

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` ("optimal
// string alignment").
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);  // The row above `above`.
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({substitute, above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above.back();
}

}  // namespace

bool IsValidId(std::string_view id) {
  if (id.empty() || id.size() > 63) return false;
  if (!IsLowerOrDigit(id.front()) || !IsLowerOrDigit(id.back())) return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return IsLowerOrDigit(c) || c == '.' || c == '_' || c == '-'; });
}

std::optional<std::string> NearestName(std::string_view given,
                                       std::span<const std::string> candidates) {
  // Longer input cannot be near any name that exists, and the distance is quadratic.
  if (given.size() > 128) return std::nullopt;
  const std::string* best = nullptr;
  size_t best_distance = std::max<size_t>(1, given.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(given, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

std::string UnknownName(std::string_view what, std::string_view given,
                        std::span<const std::string> candidates) {
  std::string message = "unknown " + std::string(what) + " " + Quoted(given);
  if (const auto nearest = NearestName(given, candidates)) {
    message += "; did you mean " + Quoted(*nearest) + "? known: ";
  } else {
    message += candidates.empty() ? "; none exists" : "; known: ";
  }
  constexpr size_t kMost = 20;
  for (size_t i = 0; i < std::min(candidates.size(), kMost); ++i) {
    message += (i == 0 ? "" : ", ") + candidates[i];
  }
  if (candidates.size() > kMost) message += ", ...";
  return message;
}

std::string Quoted(std::string_view text) {
  constexpr size_t kMost = 64;
  std::string out = "\"";
  size_t taken = 0;
  while (taken < text.size()) {
    const size_t length = Utf8SequenceLength(text.substr(taken));
    if (taken + std::max<size_t>(length, 1) > kMost) return out + "...\"";
    const char c = text[taken];
    if (length == 0) {
      out += "\xEF\xBF\xBD";  // U+FFFD
    } else if (length > 1) {
      out.append(text.substr(taken, length));
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
    taken += std::max<size_t>(length, 1);
  }
  return out + "\"";
}

}  // namespace fitd
