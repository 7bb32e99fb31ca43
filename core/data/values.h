// Stored values: dispatch on their type, and access that does not care about alignment.

#ifndef FITD_CORE_DATA_VALUES_H_
#define FITD_CORE_DATA_VALUES_H_

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "fitd/v1/tensor.pb.h"
#include "google/protobuf/repeated_field.h"

namespace fitd {

// Calls f(T{}) with the C++ type of `dtype`, which must be specified.
template <typename F>
decltype(auto) VisitDataType(v1::DataType dtype, F&& f) {
  switch (dtype) {
    case v1::DATA_TYPE_UINT8:
      return f(uint8_t{});
    case v1::DATA_TYPE_INT8:
      return f(int8_t{});
    case v1::DATA_TYPE_UINT16:
      return f(uint16_t{});
    case v1::DATA_TYPE_INT16:
      return f(int16_t{});
    case v1::DATA_TYPE_INT32:
      return f(int32_t{});
    case v1::DATA_TYPE_INT64:
      return f(int64_t{});
    case v1::DATA_TYPE_FLOAT32:
      return f(float{});
    case v1::DATA_TYPE_FLOAT64:
      return f(double{});
    case v1::DATA_TYPE_UNSPECIFIED:
    case v1::DataType_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::DataType_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  std::abort();
}

inline bool IsFloat(v1::DataType dtype) {
  return dtype == v1::DATA_TYPE_FLOAT32 || dtype == v1::DATA_TYPE_FLOAT64;
}

// A message's shape, for functions that take spans.
inline std::span<const int64_t> Axes(const google::protobuf::RepeatedField<int64_t>& shape) {
  return {shape.data(), static_cast<size_t>(shape.size())};
}

template <typename T>
T LoadValue(const void* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

template <typename T>
void StoreValue(T value, void* data) {
  std::memcpy(data, &value, sizeof value);
}

}  // namespace fitd

#endif  // FITD_CORE_DATA_VALUES_H_
