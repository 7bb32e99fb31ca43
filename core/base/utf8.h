// UTF-8 (RFC 3629).

#ifndef FITD_CORE_BASE_UTF8_H_
#define FITD_CORE_BASE_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace fitd {

// Length of the valid sequence at the start of `text`, which is not empty; 0 when there is none.
size_t Utf8SequenceLength(std::string_view text);

bool IsValidUtf8(std::string_view text);

// The text cut to at most `most` bytes, at the end of a character, and "..." for what was cut.
std::string ClampUtf8(const std::string& text, size_t most);

}  // namespace fitd

#endif  // FITD_CORE_BASE_UTF8_H_
