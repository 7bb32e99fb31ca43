// Times and durations in protobuf's form.

#ifndef FITD_SERVER_JOBS_TIME_H_
#define FITD_SERVER_JOBS_TIME_H_

#include <chrono>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace fitd {

inline google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

inline google::protobuf::Duration ToDuration(std::chrono::nanoseconds time) {
  google::protobuf::Duration duration;
  duration.set_seconds(time / std::chrono::seconds(1));
  duration.set_nanos(static_cast<int32_t>((time % std::chrono::seconds(1)).count()));
  return duration;
}

inline std::chrono::nanoseconds FromDuration(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
}

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_TIME_H_
