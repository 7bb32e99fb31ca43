#include "core/train/progress_meter.h"

#include <chrono>
#include <cstdint>

#include "gtest/gtest.h"

namespace fitd {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Steps of a fixed duration under a clock of our own.
class ProgressMeterTest : public testing::Test {
 protected:
  ProgressMeter Meter(int64_t total_rows) {
    return ProgressMeter(total_rows, [this] {
      ++readings_;
      return now_;
    });
  }
  // How many reports fall due.
  int64_t Run(ProgressMeter& meter, int64_t steps, std::chrono::nanoseconds step, int64_t rows) {
    int64_t reports = 0;
    for (int64_t i = 0; i < steps; ++i) {
      now_ += step;
      reports += meter.Advance(rows) ? 1 : 0;
    }
    return reports;
  }

  std::chrono::steady_clock::time_point now_{};
  int64_t readings_ = 0;
};

TEST_F(ProgressMeterTest, ReportsAboutTenTimesASecond) {
  ProgressMeter meter = Meter(1'000'000);
  const int64_t reports = Run(meter, 20'000, microseconds(100), 32);  // Two seconds.
  EXPECT_GE(reports, 17);
  EXPECT_LE(reports, 20);
}

TEST_F(ProgressMeterTest, ReportsAfterEachLongStep) {
  ProgressMeter meter = Meter(1000);
  EXPECT_EQ(Run(meter, 5, seconds(1), 1), 5);
}

TEST_F(ProgressMeterTest, SeldomReadsTheClockWhenStepsAreShort) {
  ProgressMeter meter = Meter(1'000'000);
  Run(meter, 100'000, microseconds(20), 32);
  EXPECT_LT(readings_, 100'000 / 16);
}

TEST_F(ProgressMeterTest, EstimatesRateAndRemainingTime) {
  ProgressMeter meter = Meter(2000);
  Run(meter, 100, milliseconds(10), 10);  // 1000 rows in a second.
  EXPECT_NEAR(meter.rows_per_second(), 1000, 1);
  EXPECT_NEAR(std::chrono::duration<double>(meter.remaining()).count(), 1, 0.15);
}

TEST_F(ProgressMeterTest, FollowsAChangeOfSpeedWithinASecond) {
  ProgressMeter meter = Meter(1'000'000);
  Run(meter, 300, milliseconds(10), 10);
  Run(meter, 150, milliseconds(10), 100);
  EXPECT_NEAR(meter.rows_per_second(), 10'000, 1);
}

TEST_F(ProgressMeterTest, SurvivesAClockThatStandsStill) {
  ProgressMeter meter = Meter(1'000'000);
  EXPECT_EQ(Run(meter, 10'000, seconds(0), 32), 0);
}

}  // namespace
}  // namespace fitd
