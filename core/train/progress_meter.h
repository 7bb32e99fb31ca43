// How fast a fit runs, when it will end, and when to say so.

#ifndef FITD_CORE_TRAIN_PROGRESS_METER_H_
#define FITD_CORE_TRAIN_PROGRESS_METER_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace fitd {

// Reads the clock about every 10 ms, however short steps are. Single-thread.
class ProgressMeter {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  // `total_rows`: training rows of all epochs together.
  ProgressMeter(int64_t total_rows, Clock clock);

  // Before the first step: rows that were trained on in an earlier life.
  void Skip(int64_t rows) { total_rows_ -= rows; }

  // After each step. True about every 100 ms: it is time to report.
  bool Advance(int64_t rows);

  // As of the newest report: training rows per second over the last second or so, and the time to
  // the end, at the fit's average speed so far (validation included).
  double rows_per_second() const { return rows_per_second_; }
  std::chrono::nanoseconds remaining() const { return remaining_; }

 private:
  struct Sample {
    std::chrono::steady_clock::time_point time;
    int64_t rows;
  };

  int64_t total_rows_;  // Of this life.
  const Clock clock_;
  const std::chrono::steady_clock::time_point start_;
  int64_t rows_ = 0;
  // Steps until, and since, the clock is, and was, read.
  int64_t countdown_ = 1;
  int64_t interval_ = 1;
  std::chrono::steady_clock::time_point last_reading_;
  std::array<Sample, 10> reports_;  // A ring; the entry at next_report_ is the oldest.
  size_t next_report_ = 0;
  double rows_per_second_ = 0;
  std::chrono::nanoseconds remaining_{0};
};

}  // namespace fitd

#endif  // FITD_CORE_TRAIN_PROGRESS_METER_H_
