#include "client/cli/model_commands.h"

#include <google/protobuf/util/json_util.h>

#include <string>

#include "google/protobuf/struct.pb.h"
#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using client::Answer;
using client::Refusal;
using testing::_;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::Return;

using ModelCommandsTest = FitctlTest;

constexpr char kModel[] =
    "name: 'net' spec { input_shape: 4 layers { name: 'dense' dense { units: 3 } } }"
    "layers { name: 'dense' kind: 'dense' output_shape: 3 parameters: 15 }"
    "trainable_parameters: 15 latest_version: 2 aliases { key: 'champion' value: 1 }";

TEST_F(ModelCommandsTest, CreatesAModelFromOptions) {
  EXPECT_CALL(
      daemon_->models,
      CreateModel(
          _,
          EqualsProto("name: 'net' spec { input_shape: 28 input_shape: 28 layers { flatten {} }"
                      "layers { dense { units: 10 activation { softmax {} } } } }"),
          _))
      .WillOnce(Answer(Proto<v1::CreateModelResponse>(std::string("model {") + kModel + "}")));
  EXPECT_EQ(
      Run({"model", "create", "net", "--input", "28x28", "--layers", "flatten, dense:10:softmax"}),
      kExitOk);
  EXPECT_EQ(out_,
            "Model net, input 4\n"
            "\n"
            "  layer  kind   output  parameters\n"
            "  dense  dense       3          15\n"
            "\n"
            "Trainable parameters: 15\n"
            "Other parameters:     0\n");
}

TEST_F(ModelCommandsTest, OptionsOverrideTheModelFile) {
  const std::string file = Write("m.yaml", "input_shape: [4]\nlayers: [dense:3]\n");
  EXPECT_CALL(daemon_->models,
              CreateModel(_,
                          EqualsProto("name: 'net' validate_only: true spec { input_shape: 9 "
                                      "layers { dense { units: 3 } } }"),
                          _))
      .WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"model", "create", "net", "-f", file, "--input", "9", "--validate-only"}),
            kExitOk);
}

TEST_F(ModelCommandsTest, AddsWhatTheDaemonSaysAboutTheReadablePartsOfAnOption) {
  EXPECT_CALL(daemon_->models,
              CreateModel(_,
                          EqualsProto("name: 'm' validate_only: true spec { input_shape: 4 "
                                      "layers { } layers { dense { units: -3 } } }"),
                          _))
      .WillOnce(Return(Refusal({{"spec.layers[0]", "has no kind"},
                                {"spec.layers[1].dense.units", "is -3; allowed: 1 or more"}})));
  EXPECT_EQ(Run({"model", "create", "m", "--input", "4", "--layers", "dense:x, dense:-3"}),
            kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("fitctl: --layers: layer 1: dense: units is \"x\""),
                          HasSubstr("fitctl: --layers (spec.layers[1].dense.units): is -3"),
                          Not(HasSubstr("has no kind"))));
}

TEST_F(ModelCommandsTest, ShowsAModelWithItsVersions) {
  EXPECT_CALL(daemon_->models, GetModel)
      .WillOnce(Answer(Proto<v1::GetModelResponse>(std::string("model {") + kModel + "}")));
  EXPECT_CALL(daemon_->models, ListModelVersions)
      .WillOnce(Answer(Proto<v1::ListModelVersionsResponse>(
          "versions { model: 'net' version: 2 lineage { job_id: 'fit-9' } metrics { name: 'loss' "
          "value: 0.5 } weights_sha256: 'bb' }"
          "next_page_token: 'more'")))
      .WillOnce(Answer(
          Proto<v1::ListModelVersionsResponse>("versions { model: 'net' version: 1 lineage { "
                                               "job_id: 'fit-8' } weights_sha256: 'aa' }")));
  EXPECT_EQ(Run({"model", "show", "net"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("  version  alias     stored  job      loss  weights_sha256\n"
                              "        2                 -  fit-9  0.5000  bb\n"
                              "        1  champion       -  fit-8       -  aa\n"));
}

TEST_F(ModelCommandsTest, ShowsAModelWithItsVersionsAsJson) {
  EXPECT_CALL(daemon_->models, GetModel)
      .WillOnce(Answer(Proto<v1::GetModelResponse>(std::string("model {") + kModel + "}")));
  EXPECT_CALL(daemon_->models, ListModelVersions)
      .WillOnce(Answer(
          Proto<v1::ListModelVersionsResponse>("versions { version: 2 weights_sha256: 'bb' }")));
  EXPECT_EQ(Run({"model", "show", "net", "--output", "json"}), kExitOk);
  google::protobuf::Struct json;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(out_, &json).ok()) << out_;
  EXPECT_EQ(json.fields().at("model").struct_value().fields().at("name").string_value(), "net");
  EXPECT_EQ(json.fields()
                .at("versions")
                .list_value()
                .values(0)
                .struct_value()
                .fields()
                .at("weightsSha256")
                .string_value(),
            "bb");
}

TEST_F(ModelCommandsTest, MovesAnAliasFromTheExpectedVersion) {
  EXPECT_CALL(daemon_->models,
              SetModelAlias(
                  _, EqualsProto("model: 'm' alias: 'champion' version: 4 expected_version: 0"), _))
      .WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"model", "alias", "m", "champion", "4", "--expect", "0"}), kExitOk);
  EXPECT_EQ(out_, "m@champion is now m@4\n");
}

TEST_F(ModelCommandsTest, RemovesAnAlias) {
  EXPECT_CALL(daemon_->models, SetModelAlias(_, EqualsProto("model: 'm' alias: 'champion'"), _))
      .WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"model", "alias", "m", "champion", "--delete"}), kExitOk);
  EXPECT_EQ(out_, "Removed m@champion\n");
}

TEST_F(ModelCommandsTest, AliasThatMovedMeanwhileIsAWrongState) {
  EXPECT_CALL(daemon_->models, SetModelAlias)
      .WillOnce(Return(
          grpc::Status(grpc::StatusCode::ABORTED, "alias champion stands for version 2, not 1")));
  EXPECT_EQ(Run({"model", "alias", "m", "champion", "3", "--expect", "1"}), kExitWrongState);
  EXPECT_EQ(err_, "fitctl: alias champion stands for version 2, not 1\n");
}

}  // namespace
}  // namespace fitd::cli
