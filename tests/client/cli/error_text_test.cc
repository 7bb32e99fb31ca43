#include "client/cli/error_text.h"

#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"

namespace fitd::cli {
namespace {

TEST(ErrorTextTest, GivesEveryViolationALineAndItsFlag) {
  google::rpc::BadRequest bad;
  const auto add = [&](const char* field, const char* description) {
    bad.add_field_violations()->set_field(field);
    bad.mutable_field_violations(bad.field_violations_size() - 1)->set_description(description);
  };
  add("spec.training.batch_size", "is 0");
  add("spec.layers[2].dense.units", "is -1");
  add("spec.training.optimizer.learning_rate.constant", "is NaN");
  add("name", "is \"X\"");
  add("model.csv:2:1", "is not a number");
  absl::Status status = absl::InvalidArgumentError("4 faults");
  status.SetPayload("type.googleapis.com/google.rpc.BadRequest",
                    absl::Cord(bad.SerializeAsString()));
  EXPECT_EQ(ErrorText(status, ""),
            "fitctl: --batch-size (spec.training.batch_size): is 0\n"
            "fitctl: --layers (spec.layers[2].dense.units): is -1\n"
            "fitctl: --learning-rate (spec.training.optimizer.learning_rate.constant): is NaN\n"
            "fitctl: name: is \"X\"\n"
            "fitctl: model.csv:2:1: is not a number\n");
}

TEST(ErrorTextTest, NamesTheAddressOfAnUnreachableDaemon) {
  EXPECT_EQ(ErrorText(absl::UnavailableError("refused"), "unix:/x"),
            "fitctl: cannot reach fitd at unix:/x: refused\n");
}

TEST(ErrorTextTest, ADaemonThatSaysWhenToTryAgainWasReached) {
  absl::Status status = absl::UnavailableError("job fit-7 has finished 2 of 9 epochs");
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(1);
  status.SetPayload("type.googleapis.com/google.rpc.RetryInfo",
                    absl::Cord(info.SerializeAsString()));
  EXPECT_EQ(ErrorText(status, "unix:/x"), "fitctl: job fit-7 has finished 2 of 9 epochs\n");
}

TEST(ErrorTextTest, IsSafeToPrint) {
  EXPECT_EQ(ErrorText(absl::NotFoundError("\x1b[2J\nb"), ""), "fitctl: \uFFFD[2J\nb\n");
}

}  // namespace
}  // namespace fitd::cli
