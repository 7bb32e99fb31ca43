#include "client/yaml_spec.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "fitd/v1/model.pb.h"
#include "fitd/v1/training.pb.h"
#include "tests/testing/status_matchers.h"

namespace fitd::client {
namespace {

using absl::StatusCode;
using google::protobuf::TextFormat;
using google::protobuf::util::MessageDifferencer;
using testing::AllOf;
using testing::HasSubstr;

template <typename Message>
void ExpectYaml(const std::string& yaml, const std::string& expected) {
  Message message;
  FITD_ASSERT_OK_AND_ASSIGN(const YamlFields fields, ParseYaml(yaml, "x.yaml", "spec", message));
  EXPECT_THAT(Faults(StatusCode::kInvalidArgument, fields.faults), IsOk());
  Message wanted;
  ASSERT_TRUE(TextFormat::ParseFromString(expected, &wanted));
  EXPECT_TRUE(MessageDifferencer::Equals(message, wanted)) << message.DebugString();
}

template <typename Message>
absl::Status Parse(const std::string& yaml) {
  Message message;
  const absl::StatusOr<YamlFields> fields = ParseYaml(yaml, "x.yaml", "spec", message);
  return fields.ok() ? Faults(StatusCode::kInvalidArgument, fields->faults) : fields.status();
}

TEST(ParseYamlTest, ReadsKindsAsMapsAndAsText) {
  ExpectYaml<v1::ModelSpec>(
      "input_shape: [28, 28]\n"
      "layers:\n"
      "  - flatten\n"
      "  - dense: {units: 8, activation: {elu: {alpha: 0.5}}, kernel_regularizer: l2(0.1)}\n"
      "    name: hidden\n"
      "  - dense:10:softmax\n",
      "input_shape: 28 input_shape: 28 layers { flatten {} }"
      "layers { name: 'hidden' dense { units: 8 activation { elu { alpha: 0.5 } } "
      "kernel_regularizer { l2 { l2: 0.1 } } } }"
      "layers { dense { units: 10 activation { softmax {} } } }");
}

TEST(ParseYamlTest, ReadsListsOfKindsInOneText) {
  ExpectYaml<v1::ModelSpec>("{input_shape: 4, layers: 'dense:8:relu, dense:3'}",
                            "input_shape: 4 layers { dense { units: 8 activation { relu {} } } } "
                            "layers { dense { units: 3 } }");
  ExpectYaml<v1::ModelSpec>(
      "layers: [dense:8, flatten: , dropout:0.5]",
      "layers { dense { units: 8 } } layers { flatten {} } layers { dropout { rate: 0.5 } }");
}

TEST(ParseYamlTest, ReadsAFit) {
  ExpectYaml<v1::FitSpec>(
      "model: m\n"
      "training:\n"
      "  loss: mse\n"
      "  optimizer: {adam: {beta_1: 0.8}, learning_rate: 0.01}\n"
      "  class_weight: {setosa: 2, '1': 0.5}\n"
      "  early_stopping: {monitor: val_accuracy, mode: max}\n"
      "  shuffle: false\n",
      "model: 'm' training { loss { mean_squared_error {} } optimizer { adam { beta_1: 0.8 } "
      "learning_rate { constant: 0.01 } }"
      "class_weight { key: 'setosa' value: 2 } class_weight { key: '1' value: 0.5 }"
      "early_stopping { monitor: 'val_accuracy' mode: MONITOR_MODE_MAX } shuffle: false }");
}

TEST(ParseYamlTest, ReportsEveryFaultWithItsPlace) {
  EXPECT_THAT(
      Parse<v1::ModelSpec>("input_shap: [784]\n"
                           "layers:\n"
                           "  - dnese:10\n"
                           "  - dense: {units: ten, unit: 3}\n"),
      StatusIs(
          StatusCode::kInvalidArgument,
          AllOf(
              HasSubstr("x.yaml:1:1: unknown field \"input_shap\"; did you mean \"input_shape\"?"),
              HasSubstr("x.yaml:3:5: layer: unknown layer \"dnese\"; did you mean \"dense\"?"),
              HasSubstr("x.yaml:4:20: \"units\" is \"ten\"; expected a whole number"),
              HasSubstr("x.yaml:4:25: unknown field \"unit\"; did you mean \"units\"?"))));
}

// Half a list would be another list.
TEST(ParseYamlTest, LeavesAListEmptyThatCannotBeReadWhole) {
  v1::ModelSpec spec;
  FITD_ASSERT_OK_AND_ASSIGN(
      const YamlFields fields,
      ParseYaml("input_shape: [28, wide,\n  3, deep]\n", "x.yaml", "spec", spec));
  EXPECT_TRUE(spec.input_shape().empty());
  ASSERT_THAT(fields.faults, testing::SizeIs(2));
  EXPECT_EQ(fields.faults[0].field, "spec.input_shape");
  EXPECT_THAT(fields.faults[0].description, HasSubstr("x.yaml:1:19: \"input_shape\" is \"wide\""));
  EXPECT_THAT(fields.faults[1].description, HasSubstr("x.yaml:2:6: \"input_shape\" is \"deep\""));
}

TEST(ParseYamlTest, KeepsTheFirstOfTwoValues) {
  v1::FitSpec spec;
  FITD_ASSERT_OK_AND_ASSIGN(
      const YamlFields fields,
      ParseYaml("training: {epochs: -3, epochs: 4}\n", "x.yaml", "spec", spec));
  EXPECT_EQ(spec.training().epochs(), -3);
  ASSERT_THAT(fields.faults, testing::SizeIs(1));
  EXPECT_EQ(fields.faults[0].field, "spec.training");
}

TEST(ParseYamlTest, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"layers: [{dense: {units: 3}, flatten: {}}]",
       "\"flatten\" beside \"dense\"; give one kind of layer"},
      {"layers: {dense: {units: 3}}", "\"layers\": expected a list"},
      {"input_shape: 3\ninput_shape: 4", "x.yaml:2:1: \"input_shape\" is given twice"},
      {"input_shape: {a: 1}", "\"input_shape\": expected a single value"},
      {"- 1", "expected fields"},
      {"layers: [", "x.yaml:"},
      {"layers: [{densee: {}}]", "unknown layer or field \"densee\"; did you mean \"dense\"?"},
      {"? [a]\n: b", "unknown field"},
      {"just text", "expected fields"},
      {"", "x.yaml: is empty"},
      {"# nothing", "x.yaml: is empty"},
      {"input_shape: [4]\n---\nlayers: [flatten]", "x.yaml:2:1: a second document; allowed: one"},
      {"---\ninput_shape: [4]\n\n---\n", "x.yaml:4:1: a second document; allowed: one"},
  };
  for (const auto& [yaml, message] : cases) {
    EXPECT_THAT(Parse<v1::ModelSpec>(yaml),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(message)))
        << yaml;
  }
}

TEST(ParseYamlTest, KnowsWhereEveryFieldStands) {
  v1::FitSpec spec;
  FITD_ASSERT_OK_AND_ASSIGN(const YamlFields fields,
                            ParseYaml("model: m\n"
                                      "training:\n"
                                      "  epochs: [1]\n"
                                      "  metrics: [accuracy, {auc: {num_thresholds: 1}}]\n"
                                      "  class_weight: {a: 1, b: x}\n",
                                      "x.yaml", "spec", spec));
  using testing::Pair;
  EXPECT_THAT(
      fields.places,
      testing::IsSupersetOf({Pair("spec.model", "x.yaml:1:8"), Pair("spec.training", "x.yaml:3:3"),
                             Pair("spec.training.metrics", "x.yaml:4:12"),
                             Pair("spec.training.metrics[0]", "x.yaml:4:13"),
                             Pair("spec.training.metrics[1].auc.num_thresholds", "x.yaml:4:46"),
                             Pair("spec.training.class_weight[\"a\"]", "x.yaml:5:21")}));
  ASSERT_THAT(fields.faults, testing::SizeIs(2));
  EXPECT_EQ(fields.faults[0].field, "spec.training.epochs");
  EXPECT_EQ(fields.faults[1].field, "spec.training.class_weight[\"b\"]");
}

TEST(ReadYamlFileTest, SaysThatAFileCannotBeRead) {
  v1::ModelSpec spec;
  EXPECT_THAT(ReadYamlFile("no/such.yaml", "spec", spec),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("cannot read \"no/such.yaml\": No such file")));
}

TEST(ReadYamlFileTest, ReadsNeitherDirectoriesNorWithoutEnd) {
  v1::ModelSpec spec;
  EXPECT_THAT(ReadYamlFile("/", "spec", spec),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("Is a directory")));
  EXPECT_THAT(ReadYamlFile("/dev/zero", "spec", spec),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("has more than 16 MiB")));
}

TEST(ReadYamlFileTest, ReadsTheExamples) {
  v1::ModelSpec model;
  FITD_ASSERT_OK(
      ReadYamlFile(FITD_SOURCE_DIR "/deploy/examples/model.yaml", "spec", model).status());
  EXPECT_EQ(model.layers_size(), 3);
  v1::FitSpec fit;
  FITD_ASSERT_OK(ReadYamlFile(FITD_SOURCE_DIR "/deploy/examples/fit.yaml", "spec", fit).status());
  EXPECT_EQ(fit.training().epochs(), 30);
}

}  // namespace
}  // namespace fitd::client
