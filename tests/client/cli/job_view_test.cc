#include "client/cli/job_view.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "client/names.h"

namespace fitd::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::WatchJobResponse Message(const std::string& text) {
  v1::WatchJobResponse message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

const char kProgress[] =
    "progress { epoch: 3 epochs: 5 step: 750 steps_per_epoch: 1500 metrics { name: 'loss' value: "
    "0.25 }"
    " metrics { name: 'accuracy' value: 0.9 } rows_per_second: 52310 remaining { seconds: 18 } }";
const char kEpoch[] =
    "event { number: 4 epoch_completed { epoch: 3 metrics { name: 'loss' value: 0.25 }"
    " metrics { name: 'val_r2' } learning_rate: 0.001 duration { seconds: 1 nanos: 500000000 } } }";

TEST(ProgressLineTest, ShowsAllThatIsKnown) {
  EXPECT_EQ(ProgressLine(Message(kProgress).progress(), {.interactive = true, .width = 120}),
            "Epoch 3/5 ============............ 750/1500  loss 0.2500  accuracy 0.9000  52,310 "
            "rows/s  18 s left");
}

TEST(ProgressLineTest, FitsTheTerminal) {
  for (int width = 0; width < 130; ++width) {
    const std::string line = ProgressLine(Message(kProgress).progress(),
                                          {.interactive = true, .unicode = true, .width = width});
    EXPECT_LE(client::DisplayWidth(line), static_cast<size_t>(std::max(width - 1, 0))) << line;
  }
}

TEST(ProgressLineTest, ColoursOnlyWhereColourIsWanted) {
  const v1::JobProgress progress = Message(kProgress).progress();
  EXPECT_THAT(ProgressLine(progress, {.interactive = true, .width = 120}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(
      ProgressLine(progress, {.interactive = true, .color = true, .unicode = true, .width = 120}),
      HasSubstr("\x1b[32m━━━━━━━━━━━━\x1b[0m────────────"));
}

TEST(JobViewTest, WritesPlainLinesWithoutATerminal) {
  JobView view({}, 5);
  EXPECT_EQ(view.Show(Message(kProgress)), "");
  EXPECT_EQ(view.Show(Message("event { number: 1 state_change { state: JOB_STATE_RUNNING } }")),
            "Job RUNNING\n");
  EXPECT_EQ(view.Show(Message(kEpoch)), "Epoch 3/5  loss 0.2500  val_r2 -  1.5 s\n");
  EXPECT_EQ(view.Show(Message("event { number: 5 warning { message: 'few rows' } }")),
            "Warning: few rows\n");
  EXPECT_EQ(view.Clear(), "");
}

TEST(JobViewTest, RedrawsTheBarInPlace) {
  JobView view({.interactive = true}, 5);
  EXPECT_THAT(view.Show(Message(kProgress)), testing::StartsWith("\r\x1b[KEpoch 3/5 "));
  EXPECT_EQ(view.Show(Message(kEpoch)), "\r\x1b[KEpoch 3/5  loss 0.2500  val_r2 -  1.5 s\n");
  EXPECT_EQ(view.Clear(), "");
  view.Show(Message(kProgress));
  EXPECT_EQ(view.Clear(), "\r\x1b[K");
}

TEST(JobViewTest, SaysWhatAQueuedJobWaitsFor) {
  const v1::WatchJobResponse place = Message(
      "progress { queue_position: 3 waiting_for: 'a free worker' estimated_wait { seconds: 125 } "
      "}");
  JobView view({.interactive = true}, 5);
  EXPECT_EQ(view.Show(place), "\r\x1b[Kwaiting: position 3, for a free worker, about 2 min 5 s");
  EXPECT_EQ(view.Clear(), "\r\x1b[K");
  EXPECT_EQ(JobView({}, 5).Show(place), "");
  EXPECT_EQ(PlaceText(1, "", nullptr), "position 1");
}

TEST(JobViewTest, MentionsANewLearningRate) {
  JobView view({}, 5);
  v1::WatchJobResponse epoch = Message(kEpoch);
  EXPECT_THAT(view.Show(epoch), Not(HasSubstr("learning rate")));
  epoch.mutable_event()->mutable_epoch_completed()->set_learning_rate(0.0005);
  EXPECT_THAT(view.Show(epoch), HasSubstr("learning rate 0.0005"));
}

}  // namespace
}  // namespace fitd::cli
