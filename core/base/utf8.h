// UTF-8 (RFC 3629).

#ifndef FITD_CORE_BASE_UTF8_H_
#define FITD_CORE_BASE_UTF8_H_

#include <cstddef>
#include <string_view>

namespace fitd {

// Length of the valid sequence at the start of `text`, which is not empty; 0 when there is none.
size_t Utf8SequenceLength(std::string_view text);

bool IsValidUtf8(std::string_view text);

}  // namespace fitd

#endif  // FITD_CORE_BASE_UTF8_H_
