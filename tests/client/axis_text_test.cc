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
  ExpectAxis("optimizer=adam,sgd:momentum=0.9",
             "path: 'optimizer' choice { choices { value: 'adam' } choices { value: "
             "'sgd:momentum=0.9' } }");
  ExpectAxis("optimizer.learning_rate=0.01,cosine_decay(0.001, 1000)",
             "path: 'optimizer.learning_rate' choice { choices { value: '0.01' } choices { value: "
             "'cosine_decay(0.001, 1000)' } }");
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
    EXPECT_EQ(axis.DebugString(), "") << text;
  };
  refused("learning_rate", "is \"learning_rate\"; expected PATH=VALUES");
  refused("=1,2", "expected PATH=VALUES");
  refused("units=int:1-3", "units is \"1-3\"; expected LOW..HIGH");
  refused("units=int:1..x", "units is \"1..x\"; expected whole numbers");
  refused("dropout=real:a..1", "dropout is \"a..1\"; expected numbers");
  refused("dropout=real:0..1:many", "dropout count is \"many\"; expected a whole number");
  refused("units=1..3", "write a range as real:");
}

// The axes after their choices were read, as text.
std::vector<std::string> Read(const std::vector<std::string>& texts,
                              std::vector<FieldViolation>* faults = nullptr) {
  v1::SearchSpace space;
  for (const std::string& text : texts) FITD_EXPECT_OK(ParseAxis(text, *space.add_axes()));
  const std::vector<FieldViolation> found = ReadChoices("spec.space", space);
  if (faults != nullptr) {
    *faults = found;
  } else {
    EXPECT_THAT(found, testing::IsEmpty());
  }
  std::vector<std::string> read;
  for (const v1::SearchAxis& axis : space.axes()) {
    std::string values;
    for (const v1::SearchChoice& choice : axis.choice().choices())
      values += (values.empty() ? "=" : ",") + choice.value();
    read.push_back(axis.path() + values);
  }
  return read;
}

TEST(AxisTextTest, ChoicesOfSpecsMayHaveTheirShortForms) {
  EXPECT_THAT(
      Read({"activation=relu,elu:alpha=0.5", "kernel_regularizer=l2(0.01),l1(0.01),{\"l2\": {}}",
            "loss=mse,mae,huber:2", "training.optimizer=adam,sgd:momentum=0", "batch_size=8,16",
            "training.early_stopping={\"patience\": 3}", "activation=swish"}),
      testing::ElementsAre(
          "activation=relu,{\"elu\":{\"alpha\":0.5}}",
          "kernel_regularizer={\"l2\":{\"l2\":0.01}},{\"l1\":{\"l1\":0.01}},{\"l2\": {}}",
          "loss=mean_squared_error,mean_absolute_error,{\"huber\":{\"delta\":2}}",
          // The zero is said: what the base has of the kind does not stay.
          "training.optimizer=adam,{\"sgd\":{}}", "batch_size=8,16",
          "training.early_stopping={\"patience\": 3}", "activation=silu"));
}

TEST(AxisTextTest, SchedulesAreChoicesOfTheWholeLearningRate) {
  EXPECT_THAT(Read({"learning_rate=0.01,0.1", "learning_rate=0.01,cosine_decay(0.001,1000)",
                    "learning_rate=log:0.001..0.1"}),
              testing::ElementsAre("learning_rate=0.01,0.1",
                                   "optimizer.learning_rate={\"constant\":0.01},{\"cosine_decay\":{"
                                   "\"initial_learning_rate\":0.001,\"decay_steps\":\"1000\"}}",
                                   "learning_rate"));
}

TEST(AxisTextTest, SpecsAreShownInTheirShortForms) {
  EXPECT_EQ(FormatChoice("activation", "{\"elu\":{\"alpha\":0.5}}"), "elu(alpha=0.5)");
  EXPECT_EQ(FormatChoice("optimizer.learning_rate", "{\"constant\":0.01}"), "0.01");
  EXPECT_EQ(FormatChoice("optimizer", "{\"sgd\": {\"momentum\": 0.9}, \"clipnorm\": 1}"),
            "sgd(momentum=0.9, clipnorm=1)");
  for (const char* other : {"relu", "{}", "{\"elu\": 3}"})
    EXPECT_EQ(FormatChoice("activation", other), other);
  EXPECT_EQ(FormatChoice("early_stopping", "{\"patience\": 3}"), "patience=3");
  EXPECT_EQ(FormatChoice("fold", "{\"index\": 3}"), "{\"index\": 3}");
}

TEST(AxisTextTest, CallbacksAreReadAsTheirOptionsAre) {
  v1::SearchSpace space;
  ASSERT_TRUE(ParseAxis("early_stopping=val_loss:1,val_loss:patience=2", *space.add_axes()).ok());
  ASSERT_TRUE(ParseAxis("training.reduce_lr_on_plateau=choice:loss:3,{}", *space.add_axes()).ok());
  ASSERT_TRUE(ParseAxis("early_stopping=val_loss:patience=x", *space.add_axes()).ok());
  const std::vector<FieldViolation> faults = ReadChoices("s", space);
  const auto& stopping = space.axes(0).choice().choices();
  EXPECT_EQ(stopping[0].value(), "{\"monitor\":\"val_loss\",\"patience\":\"1\"}");
  EXPECT_EQ(stopping[1].value(), "{\"monitor\":\"val_loss\",\"patience\":\"2\"}");
  const auto& plateau = space.axes(1).choice().choices();
  EXPECT_EQ(plateau[0].value(), "{\"monitor\":\"loss\",\"patience\":\"3\"}");
  EXPECT_EQ(plateau[1].value(), "{}");
  ASSERT_EQ(faults.size(), 1);
  EXPECT_EQ(faults[0].field, "s.axes[2].choice.choices[0].value");
  EXPECT_THAT(faults[0].description, HasSubstr("expected a whole number"));
}

TEST(AxisTextTest, ChoicesInsideChoicesAreReadToo) {
  v1::SearchSpace space;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "axes { path: 'learning_rate' choice { choices { value: '0.1' axes { path: 'loss' choice {"
      "  choices { value: 'mse' } choices { value: 'huber:delta=x' } } } } } }",
      &space));
  const std::vector<FieldViolation> faults = ReadChoices("spec.space", space);
  EXPECT_EQ(space.axes(0).choice().choices(0).axes(0).choice().choices(0).value(),
            "mean_squared_error");
  ASSERT_EQ(faults.size(), 1);
  EXPECT_EQ(faults[0].field,
            "spec.space.axes[0].choice.choices[0].axes[0].choice.choices[1].value");
  EXPECT_EQ(faults[0].description, "loss: huber: delta is \"x\"; expected a number");
}

TEST(AxisTextTest, TextsReadBackToTheSameAxis) {
  for (const char* text :
       {"learning_rate=log:0.0001..0.1", "dropout=real:0..0.5:6", "layers=int:1..3",
        "units=intlog:16..1024:4", "units=16,32", "kernel_regularizer=l1_l2(l1=0.1, l2=0.2),l2"}) {
    v1::SearchAxis axis;
    FITD_ASSERT_OK(ParseAxis(text, axis));
    EXPECT_EQ(FormatAxis(axis), text);
  }
}

}  // namespace
}  // namespace fitd::client
