#include "server/predict/prediction_statistics.h"

#include "gtest/gtest.h"

namespace fitd {
namespace {

using std::chrono::nanoseconds;

TEST(PredictionStatisticsTest, IsZeroForAVersionThatNobodyAsked) {
  const VersionStatistics nobody = PredictionStatistics().Get(7);
  EXPECT_EQ(nobody.batches, 0);
  EXPECT_EQ(nobody.success.count, 0);
  EXPECT_TRUE(nobody.by_rows.empty());
}

TEST(PredictionStatisticsTest, CountsBatchesAndCallsOfEachVersion) {
  PredictionStatistics statistics;
  const BatchTimes times{nanoseconds(1), nanoseconds(10), nanoseconds(100)};
  statistics.AddBatch(1, 3, times);
  statistics.AddSuccess(1, nanoseconds(5), times, nanoseconds(116));
  statistics.AddSuccess(1, nanoseconds(7), times, nanoseconds(118));
  statistics.AddFailure(1, nanoseconds(9));
  statistics.AddBatch(2, 1, times);

  const VersionStatistics one = statistics.Get(1);
  EXPECT_EQ(one.rows, 3);
  EXPECT_EQ(one.batches, 1);
  EXPECT_EQ(one.success.count, 2);
  EXPECT_EQ(one.success.time, nanoseconds(234));
  EXPECT_EQ(one.queue.time, nanoseconds(12));
  EXPECT_EQ(one.fail.count, 1);
  EXPECT_EQ(one.fail.time, nanoseconds(9));
  EXPECT_EQ(one.stages.infer.count, 2);
  EXPECT_EQ(one.stages.infer.time, nanoseconds(20));
  EXPECT_EQ(one.by_rows.at(4).output.time, nanoseconds(100));
  EXPECT_GT(one.last_batch.time_since_epoch().count(), 0);
  EXPECT_EQ(statistics.Get(2).rows, 1);
}

TEST(PredictionStatisticsTest, BatchesAreCountedByRowsRoundedUpToAPowerOfTwo) {
  PredictionStatistics statistics;
  for (const int64_t rows : {1, 2, 3, 4, 5, 65536}) statistics.AddBatch(1, rows, {});
  const VersionStatistics version = statistics.Get(1);
  ASSERT_EQ(version.by_rows.size(), 5U);
  EXPECT_EQ(version.by_rows.at(1).infer.count, 1);
  EXPECT_EQ(version.by_rows.at(2).infer.count, 1);
  EXPECT_EQ(version.by_rows.at(4).infer.count, 2);
  EXPECT_EQ(version.by_rows.at(8).infer.count, 1);
  EXPECT_EQ(version.by_rows.at(65536).infer.count, 1);
}

TEST(PredictionStatisticsTest, TheOldestVersionsAreForgotten) {
  PredictionStatistics statistics;
  for (int64_t version = 1; version <= 10'001; ++version) statistics.AddBatch(version, 1, {});
  EXPECT_EQ(statistics.Get(1).rows, 0);
  EXPECT_EQ(statistics.Get(2).rows, 1);
  EXPECT_EQ(statistics.Get(10'001).rows, 1);
}

}  // namespace
}  // namespace fitd
