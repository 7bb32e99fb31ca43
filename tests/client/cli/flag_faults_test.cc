#include "client/cli/flag_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "fitd/v1/training.pb.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace fitd::cli {
namespace {

using absl::StatusCode;
using client::FieldViolation;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

absl::Status Refusal(const std::vector<FieldViolation>& violations) {
  return client::Faults(StatusCode::kInvalidArgument, violations);
}

class FlagFaultsTest : public testing::Test {
 protected:
  std::string Write(const std::string& text) {
    std::ofstream(dir_.File("fit.yaml")) << text;
    return dir_.File("fit.yaml");
  }

  fitd::TempDir dir_;
  v1::FitSpec spec_;
};

TEST_F(FlagFaultsTest, NamesThePlaceInTheFileOfWhatTheDaemonRefuses) {
  FlagFaults faults;
  faults.ReadSpec(Write("model: m\n"
                        "training:\n"
                        "  epochs: -1\n"
                        "  loss: huber:-1\n"),
                  spec_);
  EXPECT_TRUE(faults.empty());
  EXPECT_THAT(faults.With(Refusal({{"spec.training.epochs", "is -1"},
                                   {"spec.training.loss.huber.delta", "is -1"},
                                   {"spec.dataset", "is empty"}})),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("fit.yaml:3:11: spec.training.epochs: is -1\n"),
                             // Within the text of line 4.
                             HasSubstr("fit.yaml:4:9: spec.training.loss.huber.delta: is -1\n"),
                             HasSubstr("\nspec.dataset: is empty"))));
}

TEST_F(FlagFaultsTest, WhatCouldNotBeReadOfAPartIsToldOnce) {
  FlagFaults faults;
  faults.ReadSpec(Write("model: m\n"), spec_);
  faults.AddUnread("--axis", "spec.space.axes[1]", absl::InvalidArgumentError("is \"units\""));
  faults.AddUnread("--model", "spec.model", absl::InvalidArgumentError("is \"m\"\nis short"));
  faults.AddUnread("--axis", "spec.space.axes[2]", absl::OkStatus());
  EXPECT_EQ(
      faults
          .With(Refusal({{"spec.space.axes[1]", "has no values"},
                         {"spec.space.axes[1].path", "is empty"},
                         {"spec.space.axes[11].path", "is odd"},
                         {"spec.space.axes[2].path", "is even"}}))
          .message(),
      "--axis: is \"units\"\n" + dir_.File("fit.yaml") + ":1:8: is \"m\"\n" +
          dir_.File("fit.yaml") +
          ":1:8: is short\nspec.space.axes[11].path: is odd\nspec.space.axes[2].path: is even");
}

TEST_F(FlagFaultsTest, AnOptionOverridesTheFile) {
  FlagFaults faults({"epochs", "model"});
  faults.ReadSpec(Write("model: m\ntraining: {epochs: -1}\n"), spec_);
  const std::string told(
      faults.With(Refusal({{"spec.training.epochs", "is -3"}, {"spec.model", "is \"M\""}}))
          .message());
  EXPECT_EQ(told, "spec.training.epochs: is -3\nspec.model: is \"M\"");
}

TEST_F(FlagFaultsTest, TellsFaultsOfTheFileAndTheDaemonsTogetherButNoneTwice) {
  FlagFaults faults;
  faults.ReadSpec(Write("model: m\n"
                        "training:\n"
                        "  epochs: -1\n"
                        "  loss: msee\n"
                        "  metrics: [acuracy]\n"
                        "  batchsize: 3\n"),
                  spec_);
  EXPECT_FALSE(faults.Has(kFile));
  EXPECT_THAT(faults.With(Refusal({{"spec.training.loss", "is required"},
                                   {"spec.training.metrics[0]", "is required"},
                                   {"spec.training.epochs", "is -1"}})),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("fit.yaml:4:9: loss: unknown loss \"msee\""),
                             HasSubstr("fit.yaml:5:13: metric: unknown metric \"acuracy\""),
                             HasSubstr("fit.yaml:6:3: unknown field \"batchsize\""),
                             HasSubstr("fit.yaml:3:11: spec.training.epochs: is -1"),
                             Not(HasSubstr("is required")))));
}

TEST_F(FlagFaultsTest, AFileThatIsNoYamlIsOneFaultOfItsOption) {
  FlagFaults faults;
  faults.ReadSpec(Write("training: {"), spec_);
  EXPECT_TRUE(faults.Has(kFile));
}

TEST_F(FlagFaultsTest, WithoutFaultsTheAnswerKeepsItsCode) {
  const FlagFaults none;
  EXPECT_THAT(none.With(absl::OkStatus()), IsOk());
  EXPECT_THAT(none.With(absl::UnavailableError("refused")),
              StatusIs(StatusCode::kUnavailable, "refused"));
  EXPECT_THAT(none.With(client::Faults(StatusCode::kNotFound, {{"spec.model", "unknown"}})),
              StatusIs(StatusCode::kNotFound, "spec.model: unknown"));
  EXPECT_THAT(none.With(absl::NotFoundError("no model m")),
              StatusIs(StatusCode::kNotFound, "no model m"));
  FlagFaults one;
  one.Add("--seed", "is \"x\"");
  EXPECT_THAT(one.With(absl::NotFoundError("no model m")),
              StatusIs(StatusCode::kInvalidArgument, "--seed: is \"x\"\nno model m"));
}

TEST_F(FlagFaultsTest, FaultsOfNoOptionHideNoneOfTheDaemons) {
  FlagFaults faults;
  faults.Add("", "unknown option \"--x\"");
  EXPECT_THAT(faults.With(Refusal({{"name", "is \"D\""}, {"", "no column fits"}})),
              StatusIs(StatusCode::kInvalidArgument,
                       "unknown option \"--x\"\nname: is \"D\"\nno column fits"));
}

TEST_F(FlagFaultsTest, SaysNothingTwice) {
  FlagFaults faults;
  faults.Add("--header", "excludes --no-header");
  faults.Add("--header", "excludes --no-header");
  EXPECT_THAT(faults.ToStatus(),
              StatusIs(StatusCode::kInvalidArgument, "--header: excludes --no-header"));
}

}  // namespace
}  // namespace fitd::cli
