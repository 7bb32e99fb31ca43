// Counts of things, as people write them.

#ifndef FITD_CORE_BASE_COUNTED_H_
#define FITD_CORE_BASE_COUNTED_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "fmt/format.h"

namespace fitd {

// "1 row", "3 rows".
inline std::string Counted(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace fitd

#endif  // FITD_CORE_BASE_COUNTED_H_
