#include "server/http/request_metrics.h"

#include <chrono>
#include <string>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "prometheus/text_serializer.h"

namespace fitd {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string Text(const RequestMetrics& metrics) {
  return prometheus::TextSerializer().Serialize(metrics.Collect());
}

TEST(RequestMetricsTest, CountsByMethodAndCode) {
  RequestMetrics metrics;
  metrics.Count("fitd.v1.ModelService/GetModel", "OK", milliseconds(3));
  metrics.Count("fitd.v1.ModelService/GetModel", "OK", milliseconds(30));
  metrics.Count("fitd.v1.ModelService/GetModel", "NOT_FOUND", milliseconds(3));
  const std::string text = Text(metrics);
  EXPECT_THAT(
      text,
      AllOf(HasSubstr(R"(code="OK")"), HasSubstr(R"(code="NOT_FOUND")"),
            HasSubstr(R"(fitd_request_seconds_count{method="fitd.v1.ModelService/GetModel"} 3)"),
            HasSubstr(R"(le="0.0025"} 0)"), HasSubstr(R"(le="0.005"} 2)"),
            HasSubstr(R"(le="0.05"} 3)")));
}

// Failure case 108.
TEST(RequestMetricsTest, InventedMethodsAreOneSeries) {
  RequestMetrics metrics;
  for (int i = 0; i < 1000; ++i)
    metrics.Count(fmt::format("x.Y/Z{}", i), "UNIMPLEMENTED", milliseconds(1));
  const std::string text = Text(metrics);
  EXPECT_THAT(text, AllOf(HasSubstr(R"(fitd_request_seconds_count{method="other"} 1000)"),
                          Not(HasSubstr("x.Y"))));
}

}  // namespace
}  // namespace fitd
