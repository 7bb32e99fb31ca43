// Runs fitctl in the test's process, against a daemon of mocks.

#ifndef FITD_TESTS_CLIENT_CLI_FITCTL_FIXTURE_H_
#define FITD_TESTS_CLIENT_CLI_FITCTL_FIXTURE_H_

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "client/cli/exit_code.h"
#include "client/cli/fitctl.h"
#include "tests/client/mock_daemon.h"
#include "tests/testing/temp_dir.h"

namespace fitd::cli {

template <typename Message>
Message Proto(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// The request of a mocked call equals the text.
MATCHER_P(EqualsProto, text, "") {
  std::decay_t<decltype(arg)> expected;
  if (!google::protobuf::TextFormat::ParseFromString(text, &expected)) return false;
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  differencer.IgnoreField(arg.GetDescriptor()->FindFieldByName("request_id"));
  const bool equal = differencer.Compare(expected, arg);
  *result_listener << difference;
  return equal;
}

using UploadWriter = testing::NiceMock<grpc::testing::MockClientWriter<v1::UploadDatasetRequest>>;

// An upload that ends with `status` at its first message.
inline UploadWriter* Upload(const grpc::Status& status) {
  auto* writer = new UploadWriter();
  ON_CALL(*writer, Finish).WillByDefault(testing::Return(status));
  return writer;
}

class FitctlTest : public testing::Test {
 protected:
  // Runs the program and returns its exit status; the mocks serve one run.
  int Run(const std::vector<std::string>& args, const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const Environment environment{
        .in = in,
        .out = out,
        .err = err,
        .terminal = {},
        .endpoint = {.address = "there:1"},
        .connect =
            [this](const client::Endpoint& endpoint) {
              endpoint_ = endpoint;
              return daemon_->TakeClient();
            },
    };
    const int status = RunFitctl(args, environment);
    out_ = out.str();
    err_ = err.str();
    return status;
  }

  std::string Write(const std::string& name, const std::string& content) {
    std::ofstream(dir_.File(name), std::ios::binary) << content;
    return dir_.File(name);
  }

  TempDir dir_;
  std::optional<client::MockDaemon> daemon_{std::in_place};
  client::Endpoint endpoint_;
  std::string out_;
  std::string err_;
};

}  // namespace fitd::cli

#endif  // FITD_TESTS_CLIENT_CLI_FITCTL_FIXTURE_H_
