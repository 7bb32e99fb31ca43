// Values as people read them.

#ifndef FITD_CLIENT_CLI_FORMAT_H_
#define FITD_CLIENT_CLI_FORMAT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "fitd/v1/dataset.pb.h"
#include "fitd/v1/job.pb.h"
#include "fitd/v1/metric.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/timestamp.pb.h"

namespace fitd::cli {

std::string FormatCount(int64_t count);                           // "52,310"
std::string FormatCounted(int64_t count, std::string_view noun);  // "1 row", "2,000 rows"
std::string FormatBytes(int64_t bytes);                           // "47.0 MB"
std::string FormatNumber(double value);                           // "0.1234", "1234.5", "1.2e-05"
std::string FormatSeconds(double seconds);  // "12 ms", "1.5 s", "2 min 5 s", "3 h 20 min"
std::string FormatTime(
    const google::protobuf::Timestamp& time);  // Local time, "2026-03-01 14:05:59"; "-" if unset.
std::string FormatShape(
    const google::protobuf::RepeatedField<int64_t>& shape);  // "28 x 28"; "scalar"
std::string FormatMetric(const v1::MetricValue& metric);     // "loss 0.1234"
// "loss 0.1234  accuracy 0.9500".
std::string FormatMetrics(const google::protobuf::RepeatedPtrField<v1::MetricValue>& metrics);
std::string FormatState(v1::JobState state);  // "SUCCEEDED"
// What went wrong and where, on one line.
std::string FormatFailure(const v1::JobFailure& failure);

double Seconds(const google::protobuf::Duration& duration);
double SecondsBetween(const google::protobuf::Timestamp& start,
                      const google::protobuf::Timestamp& end);

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_FORMAT_H_
