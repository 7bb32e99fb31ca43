#include "core/data/narrowest_type.h"

#include <limits>

namespace fitd {
namespace {

template <typename T>
bool Holds(int64_t min, int64_t max) {
  return min >= std::numeric_limits<T>::min() && max <= std::numeric_limits<T>::max();
}

}  // namespace

v1::DataType NarrowestInteger(int64_t min, int64_t max) {
  if (Holds<uint8_t>(min, max)) return v1::DATA_TYPE_UINT8;
  if (Holds<int8_t>(min, max)) return v1::DATA_TYPE_INT8;
  if (Holds<uint16_t>(min, max)) return v1::DATA_TYPE_UINT16;
  if (Holds<int16_t>(min, max)) return v1::DATA_TYPE_INT16;
  if (Holds<int32_t>(min, max)) return v1::DATA_TYPE_INT32;
  return v1::DATA_TYPE_INT64;
}

}  // namespace fitd
