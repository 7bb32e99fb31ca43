// What a server stream sends, one message at a time; the transport asks for the next when it has
// room.

#ifndef FITD_SERVER_JOBS_STREAM_SOURCE_H_
#define FITD_SERVER_JOBS_STREAM_SOURCE_H_

#include "core/base/status.h"

namespace fitd {

enum class Streamed {
  kMessage,     // The response was filled in.
  kNothingYet,  // Ask again after a wake-up.
  kEnd,         // The stream ends well.
};

// Called by one thread at a time.
template <typename Response>
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  // An error ends the stream with that status.
  virtual absl::StatusOr<Streamed> Next(Response& response) = 0;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_STREAM_SOURCE_H_
