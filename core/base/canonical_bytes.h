// Messages as bytes that compare like the messages.

#ifndef FITD_CORE_BASE_CANONICAL_BYTES_H_
#define FITD_CORE_BASE_CANONICAL_BYTES_H_

#include <string>

#include "google/protobuf/message_lite.h"

namespace fitd {

// Equal for equal messages alone; numbers are equal when their bits are.
std::string CanonicalBytes(const google::protobuf::MessageLite& message);

}  // namespace fitd

#endif  // FITD_CORE_BASE_CANONICAL_BYTES_H_
