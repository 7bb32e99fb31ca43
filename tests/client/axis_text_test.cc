#include "client/axis_text.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include <string>

#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace fitd::client {
namespace {

using testing::HasSubstr;

void ExpectAxis(const std::string& text, const std::string& expected) {
  v1::SearchAxis axis;
  const absl::Status status = ParseAxis(text, axis);
  EXPECT_TRUE(status.ok()) << text << ": " << status;
  v1::SearchAxis wanted;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(expected, &wanted)) << expected;
  EXPECT_EQ(axis.DebugString(), wanted.DebugString()) << text;
}

TEST(AxisTextTest, ReadsRangesAndChoices) {
  ExpectAxis("learning_rate=log:1e-4..1e-1",
             "path: 'learning_rate' real { low: 1e-4 high: 0.1 log: true }");
  ExpectAxis("dropout=real:0..0.5:6", "path: 'dropout' real { high: 0.5 count: 6 }");
  ExpectAxis("layers=int:1..3", "path: 'layers' integer { low: 1 high: 3 }");
  ExpectAxis("units = intlog:16..1024:4",
             "path: 'units' integer { low: 16 high: 1024 log: true count: 4 }");
  ExpectAxis("activation=relu, tanh",
             "path: 'activation' choice { choices { value: 'relu' } choices { value: 'tanh' } }");
  ExpectAxis("units=choice:32", "path: 'units' choice { choices { value: '32' } }");
  ExpectAxis(R"(optimizer=adam,{"sgd": {"momentum": 0.9, "nesterov": true}})",
             R"(path: 'optimizer' choice { choices { value: 'adam' } choices { value:
                '{"sgd": {"momentum": 0.9, "nesterov": true}}' } })");
}

TEST(AxisTextTest, SaysWhatIsWrong) {
  const auto refused = [](const std::string& text, const std::string& what) {
    v1::SearchAxis axis;
    EXPECT_THAT(ParseAxis(text, axis),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(what)))
        << text;
  };
  refused("learning_rate", "is \"learning_rate\"; expected PATH=VALUES");
  refused("=1,2", "expected PATH=VALUES");
  refused("units=int:1-3", "units is \"1-3\"; expected LOW..HIGH");
  refused("units=int:1..x", "units is \"1..x\"; expected whole numbers");
  refused("dropout=real:a..1", "dropout is \"a..1\"; expected numbers");
  refused("dropout=real:0..1:many", "dropout count is \"many\"; expected a whole number");
  refused("units=1..3", "write a range as real:");
}

TEST(AxisTextTest, TextsReadBackToTheSameAxis) {
  for (const char* text : {"learning_rate=log:0.0001..0.1", "dropout=real:0..0.5:6",
                           "layers=int:1..3", "units=intlog:16..1024:4", "units=16,32"}) {
    v1::SearchAxis axis;
    FITD_ASSERT_OK(ParseAxis(text, axis));
    EXPECT_EQ(FormatAxis(axis), text);
  }
}

}  // namespace
}  // namespace fitd::client
