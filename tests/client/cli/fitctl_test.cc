#include "client/cli/fitctl.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/exit_code.h"
#include "google/protobuf/struct.pb.h"
#include "tests/client/mock_daemon.h"
#include "tests/testing/temp_dir.h"

namespace fitd::cli {
namespace {

using client::Answer;
using client::Stream;
using google::protobuf::TextFormat;
using testing::_;
using testing::AllOf;
using testing::AnyNumber;
using testing::DoAll;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Property;
using testing::Return;
using testing::SaveArg;
using testing::StartsWith;

template <typename Message>
Message Proto(const std::string& text) {
  Message message;
  EXPECT_TRUE(TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// The request of a mocked call equals the text.
MATCHER_P(EqualsProto, text, "") {
  std::decay_t<decltype(arg)> expected;
  if (!TextFormat::ParseFromString(text, &expected)) return false;
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  differencer.IgnoreField(arg.GetDescriptor()->FindFieldByName("request_id"));
  const bool equal = differencer.Compare(expected, arg);
  *result_listener << difference;
  return equal;
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
        .address = "there:1",
        .connect =
            [this](const std::string& address) {
              address_ = address;
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
  std::string address_;
  std::string out_;
  std::string err_;
};

// ---- Usage ----

TEST_F(FitctlTest, EveryCommandHasHelpWithExamples) {
  const std::vector<std::vector<std::string>> commands = {
      {},
      {"server"},
      {"server", "info"},
      {"server", "fsck"},
      {"server", "backup"},
      {"model"},
      {"model", "create"},
      {"model", "list"},
      {"model", "show"},
      {"model", "verify"},
      {"model", "alias"},
      {"model", "delete"},
      {"dataset"},
      {"dataset", "upload"},
      {"dataset", "list"},
      {"dataset", "show"},
      {"dataset", "head"},
      {"dataset", "delete"},
      {"fit"},
      {"job"},
      {"job", "list"},
      {"job", "show"},
      {"job", "watch"},
      {"job", "events"},
      {"job", "cancel"},
      {"job", "delete"},
      {"evaluate"},
      {"predict"},
      {"completion"},
  };
  for (std::vector<std::string> command : commands) {
    command.push_back("--help");
    EXPECT_EQ(Run(command), kExitOk) << testing::PrintToString(command);
    EXPECT_THAT(out_, HasSubstr("Examples:\n  ")) << testing::PrintToString(command);
    EXPECT_THAT(err_, IsEmpty());
  }
}

TEST_F(FitctlTest, WrongUsageExitsWith2AndSaysWhatWasMeant) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "expected a command: server, model, "},
      {{"modle", "list"}, "unknown command \"modle\"; did you mean \"model\"?"},
      {{"model"}, "expected a command: create, list, "},
      {{"model", "crate"}, "unknown command \"crate\"; did you mean \"create\"?"},
      {{"model", "create"}, "NAME is required"},
      {{"model", "list", "x"}, "unexpected argument \"x\""},
      {{"fit", "m", "--epoch", "3"}, "unknown option \"--epoch\"; did you mean \"--epochs\"?"},
      {{"fit", "m", "--epochs", "x"}, "--epochs"},
      {{"model", "list", "--output", "jsno"}, "unknown output \"jsno\"; did you mean \"json\"?"},
      {{"model", "create", "m"}, "Give --input and --layers, or -f model.yaml"},
      {{"model", "create", "m", "--input", "4xx"}, "--input \"4xx\": expected sizes"},
      {{"model", "create", "m", "--input", "4", "--layers", "dnese:3"},
       "layer 1: unknown layer \"dnese\"; did you mean \"dense\"?"},
      {{"model", "create", "m", "-f", "none.yaml"}, "cannot read \"none.yaml\""},
      {{"model", "alias", "m", "champion", "three"}, "version \"three\": expected a whole number"},
      {{"model", "delete", "m@champion"}, "version \"champion\""},
      {{"dataset", "upload", "d"}, "what is to be uploaded?"},
      {{"dataset", "upload", "d", "x.csv"}, "--label: which column"},
      {{"dataset", "upload", "d", "x.npy"}, "is not a table"},
      {{"dataset", "upload", "d", "x.txt"}, "the name does not tell the format"},
      {{"dataset", "upload", "d", "x.csv", "--label", "y", "--kind", "zip=categoricl"},
       "did you mean \"categorical\"?"},
      {{"dataset", "upload", "d", "x.csv", "--label", "y"}, "cannot read \"x.csv\""},
      {{"dataset", "upload", "d", "--features", "x.raw", "--labels", "y.npy"},
       "a raw file needs --dtype"},
      {{"job", "list", "--state", "runing"}, "did you mean \"running\"?"},
      {{"fit"}, "MODEL: required"},
      {{"fit", "m", "--data", "d", "--loss", "mse", "--learning-rate", "0.1"},
       "--learning-rate: needs --optimizer"},
      {{"fit", "m", "--data", "d", "--loss", "msee", "--optimizer", "adem"},
       "--optimizer: optimizer: unknown optimizer \"adem\""},
      {{"fit", "m", "--data", "d", "--loss", "mse", "--class-weight", "a"},
       "--class-weight: \"a\": expected LABEL=WEIGHT"},
      {{"fit", "m", "--validation-split", "0.2", "--validation-data", "v"}, "--validation-"},
      {{"evaluate", "m", "--data", "d", "--rows", "test"}, "unknown selection \"test\""},
      {{"predict", "m"}, "what is to be predicted?"},
      {{"predict", "m", "none.csv"}, "cannot read \"none.csv\""},
      {{"completion", "tcsh"}, "unknown shell \"tcsh\""},
  };
  for (const auto& [args, message] : cases) {
    EXPECT_CALL(daemon_->datasets, UploadDatasetRaw).Times(0);
    EXPECT_EQ(Run(args), kExitUsage) << testing::PrintToString(args);
    EXPECT_THAT(err_, AllOf(StartsWith("fitctl: "), HasSubstr(message)))
        << testing::PrintToString(args);
    daemon_.emplace();
  }
}

TEST_F(FitctlTest, ReportsEveryWrongOptionOfAFit) {
  EXPECT_EQ(Run({"fit", "m", "--data", "d", "--loss", "msee", "--optimizer", "adem", "--metrics",
                 "accuracy, aucc"}),
            kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("--loss: "), HasSubstr("\n--optimizer: "),
                          HasSubstr("\n--metrics: metric 2: unknown metric")));
}

TEST_F(FitctlTest, CodesBecomeExitStatuses) {
  const std::vector<std::pair<grpc::StatusCode, int>> cases = {
      {grpc::StatusCode::INVALID_ARGUMENT, kExitUsage},
      {grpc::StatusCode::NOT_FOUND, kExitNotFound},
      {grpc::StatusCode::ALREADY_EXISTS, kExitWrongState},
      {grpc::StatusCode::FAILED_PRECONDITION, kExitWrongState},
      {grpc::StatusCode::ABORTED, kExitWrongState},
      {grpc::StatusCode::UNAVAILABLE, kExitUnreachable},
      {grpc::StatusCode::DEADLINE_EXCEEDED, kExitUnreachable},
      {grpc::StatusCode::DATA_LOSS, kExitDamaged},
      {grpc::StatusCode::INTERNAL, kExitOther},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, kExitOther},
  };
  for (const auto& [code, status] : cases) {
    EXPECT_CALL(daemon_->models, DeleteModel).WillRepeatedly(Return(grpc::Status(code, "because")));
    EXPECT_EQ(Run({"model", "delete", "m"}), status);
    EXPECT_THAT(err_, HasSubstr("because"));
    EXPECT_THAT(out_, IsEmpty());
    daemon_.emplace();
  }
}

TEST_F(FitctlTest, TakesTheAddressFromTheOptionOrTheEnvironment) {
  EXPECT_CALL(daemon_->models, DeleteModel).WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"model", "delete", "m", "--address", "unix:/run/x"}), kExitOk);
  EXPECT_EQ(address_, "unix:/run/x");
}

TEST_F(FitctlTest, TakesTheAddressFromTheEnvironment) {
  EXPECT_CALL(daemon_->models, DeleteModel).WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"model", "delete", "m"}), kExitOk);
  EXPECT_EQ(address_, "there:1");
}

TEST_F(FitctlTest, CompletesCommandsOptionsAndChoices) {
  const auto complete = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"complete", "--"});
    EXPECT_EQ(Run(words), kExitOk);
    return out_;
  };
  EXPECT_EQ(complete({"mo"}), "model\n");
  EXPECT_EQ(complete({"model", ""}), "alias\ncreate\ndelete\nlist\nshow\nverify\n");
  EXPECT_EQ(complete({"fit", "m", "--batch"}), "--batch-size\n");
  EXPECT_EQ(complete({"model", "list", "--output", ""}), "json\njsonl\ntable\n");
  EXPECT_EQ(complete({"model", "create", "-f", "mo"}), "");
  EXPECT_EQ(complete({"completion", "z"}), "zsh\n");
  EXPECT_THAT(complete({}), HasSubstr("predict\n"));
}

TEST_F(FitctlTest, PrintsCompletionScripts) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(Run({"completion", shell}), kExitOk);
    EXPECT_THAT(out_, HasSubstr("fitctl complete -- "));
  }
}

// ---- Models ----

constexpr char kModel[] =
    "name: 'net' spec { input_shape: 4 layers { name: 'dense' dense { units: 3 } } }"
    "layers { name: 'dense' kind: 'dense' output_shape: 3 parameters: 15 }"
    "trainable_parameters: 15 latest_version: 2 aliases { key: 'champion' value: 1 }";

TEST_F(FitctlTest, CreatesAModelFromOptions) {
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

TEST_F(FitctlTest, OptionsOverrideTheModelFile) {
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

TEST_F(FitctlTest, ShowsAModelWithItsVersions) {
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

TEST_F(FitctlTest, ShowsAModelWithItsVersionsAsJson) {
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

TEST_F(FitctlTest, PrintsAListAsJsonLines) {
  EXPECT_CALL(daemon_->datasets, ListDatasets)
      .WillOnce(Answer(
          Proto<v1::ListDatasetsResponse>("datasets { name: 'a' rows: 3 } next_page_token: 't'")))
      .WillOnce(Answer(Proto<v1::ListDatasetsResponse>("datasets { name: 'b' }")));
  EXPECT_EQ(Run({"dataset", "list", "--output", "jsonl"}), kExitOk);
  EXPECT_EQ(
      out_,
      R"({"name":"a","rows":"3","columns":[],"sha256":"","sourceSha256":"","bytes":"0","featureWidth":"0"})"
      "\n"
      R"({"name":"b","rows":"0","columns":[],"sha256":"","sourceSha256":"","bytes":"0","featureWidth":"0"})"
      "\n");
}

// ---- Data sets ----

TEST_F(FitctlTest, UploadsATable) {
  auto* writer = new testing::NiceMock<grpc::testing::MockClientWriter<v1::UploadDatasetRequest>>();
  v1::UploadDatasetRequest header;
  EXPECT_CALL(*writer, Write).WillOnce(DoAll(SaveArg<0>(&header), Return(false)));
  EXPECT_CALL(*writer, Finish).WillOnce(Return(grpc::Status::OK));
  EXPECT_CALL(daemon_->datasets, UploadDatasetRaw)
      .WillOnce(DoAll(testing::SetArgPointee<1>(Proto<v1::UploadDatasetResponse>(
                          "dataset { name: 'd' rows: 1 bytes: 8 }")),
                      Return(writer)));
  EXPECT_EQ(
      Run({"dataset", "upload", "d", Write("x.csv", "a;y\n1;2\n"), "--label", "y", "--ignore",
           "id,b", "--delimiter", ";", "--kind", "zip=categorical", "--missing", "?", "--header"}),
      kExitOk)
      << err_;
  header.mutable_header()->clear_request_id();
  header.mutable_header()->clear_sha256();
  EXPECT_THAT(header.header(),
              EqualsProto("name: 'd' sources { file_name: 'x.csv' csv { delimiter: ';' header: "
                          "true label_columns: 'y'"
                          "ignored_columns: 'id' ignored_columns: 'b' missing_values: '?'"
                          "column_kinds { key: 'zip' value: COLUMN_KIND_CATEGORICAL } } }"));
  EXPECT_EQ(out_, "Data set d: 1 rows, 0 columns, 8 B\n");
}

TEST_F(FitctlTest, ShowsTheFirstRows) {
  EXPECT_CALL(daemon_->datasets, PreviewDataset(_, EqualsProto("name: 'd' rows: 2"), _))
      .WillOnce(Answer(Proto<v1::PreviewDatasetResponse>(
          "dataset { columns { name: 'width' } columns { name: 'kind' } } rows { values: ['0.5', "
          "'setosa'] } rows { values: ['12', ''] }")));
  EXPECT_EQ(Run({"dataset", "head", "d", "-n", "2"}), kExitOk);
  EXPECT_EQ(out_, "width  kind\n  0.5  setosa\n   12\n");
}

// ---- Fits and jobs ----

TEST_F(FitctlTest, StartsTheFitThatTheOptionsSay) {
  EXPECT_CALL(
      daemon_->jobs,
      StartFit(
          _,
          EqualsProto(
              "spec { model: 'm' dataset: 'd' initial_version: 3 training {"
              "loss { huber { delta: 2 } } optimizer { adam {} learning_rate { constant: 0.001 } }"
              "metrics { accuracy {} } metrics { auc {} } epochs: 5 batch_size: 32 seed: 7 "
              "shuffle: false "
              "validation_split: 0.2 class_weight { key: 'a' value: 2 } class_weight { key: 'b' "
              "value: 1 }"
              "sample_weight_column: 'w' early_stopping { monitor: 'val_loss' patience: 3 }"
              "reduce_lr_on_plateau { monitor: 'val_loss' patience: 10 }"
              "pipeline { standardize_features: false standardize_targets: true } }"
              "resources { threads: 2 priority: -5 } }"),
          _))
      .WillOnce(Answer(Proto<v1::StartFitResponse>("job { id: 'fit-3' }")));
  EXPECT_EQ(Run({"fit",
                 "m",
                 "--data",
                 "d",
                 "--validation-split",
                 "0.2",
                 "--loss",
                 "huber:delta=2",
                 "--optimizer",
                 "adam",
                 "--learning-rate",
                 "0.001",
                 "--epochs",
                 "5",
                 "--batch-size",
                 "32",
                 "--metrics",
                 "accuracy, auc",
                 "--seed",
                 "7",
                 "--early-stopping",
                 "val_loss:3",
                 "--threads",
                 "2",
                 "--detach",
                 "--sample-weight",
                 "w",
                 "--class-weight",
                 "a=2,b=1",
                 "--reduce-lr-on-plateau",
                 "val_loss:10",
                 "--no-shuffle",
                 "--initial-version",
                 "3",
                 "--no-standardize-features",
                 "--standardize-targets",
                 "--priority",
                 "-5"}),
            kExitOk)
      << err_;
  EXPECT_EQ(out_, "Started job fit-3. Follow it with: fitctl job watch fit-3\n");
}

TEST_F(FitctlTest, OptionsOverrideTheFitFile) {
  const std::string file =
      Write("f.yaml", "model: m\ndataset: d\ntraining: {loss: mse, seed: 1, epochs: 2}\n");
  EXPECT_CALL(daemon_->jobs,
              StartFit(_,
                       EqualsProto("validate_only: true spec { model: 'm' dataset: 'd' training {"
                                   "loss { mean_squared_error {} } seed: 8 epochs: 2 } }"),
                       _))
      .WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"fit", "-f", file, "--seed", "8", "--validate-only"}), kExitOk);
}

class FollowTest : public FitctlTest {
 protected:
  void ExpectJob(const std::string& events, const std::string& end) {
    EXPECT_CALL(daemon_->jobs, GetJob)
        .WillOnce(Answer(Proto<v1::GetJobResponse>(
            "job { id: 'fit-3' spec { model: 'm' training { epochs: 2 } } last_event: 2 }")))
        .WillRepeatedly(Answer(
            Proto<v1::GetJobResponse>("job { id: 'fit-3' spec { model: 'm' } " + end + "}")));
    std::vector<v1::WatchJobResponse> messages;
    std::istringstream lines(events);
    for (std::string line; std::getline(lines, line);)
      messages.push_back(Proto<v1::WatchJobResponse>(line));
    EXPECT_CALL(daemon_->jobs, WatchJobRaw).WillOnce(Return(Stream(messages)));
  }

  static constexpr char kEvents[] =
      "event { number: 1 state_change { state: JOB_STATE_RUNNING } }\n"
      "event { number: 2 epoch_completed { epoch: 1 metrics { name: 'loss' value: 0.5 } duration { "
      "seconds: 2 } } }\n";
};

TEST_F(FollowTest, WritesALinePerEpochAndTheVersion) {
  ExpectJob(kEvents, "state: JOB_STATE_SUCCEEDED version: 4");
  EXPECT_EQ(Run({"job", "watch", "fit-3"}), kExitOk);
  EXPECT_EQ(out_, "Job RUNNING\nEpoch 1/2  loss 0.5000  2.0 s\nStored m@4\n");
}

TEST_F(FollowTest, AFailedJobExitsWith5) {
  ExpectJob(kEvents, "state: JOB_STATE_FAILED failure { message: 'the loss is NaN' step: 12 }");
  EXPECT_EQ(Run({"job", "watch", "fit-3"}), kExitJobFailed);
  EXPECT_EQ(err_, "fitctl: job fit-3 failed: the loss is NaN (step 12)\n");
}

TEST_F(FollowTest, ACancelledJobExitsWith5) {
  ExpectJob(kEvents, "state: JOB_STATE_CANCELLED version: 4");
  EXPECT_EQ(Run({"job", "watch", "fit-3"}), kExitJobFailed);
  EXPECT_THAT(out_, HasSubstr("Stored m@4\n"));
}

TEST_F(FitctlTest, NamesAVersionThatWasReproduced) {
  EXPECT_CALL(daemon_->models,
              GetModelVersion(_, Property(&v1::GetModelVersionRequest::model, "m@champion"), _))
      .WillOnce(Answer(Proto<v1::GetModelVersionResponse>("version { model: 'm' version: 4 }")));
  EXPECT_CALL(
      daemon_->jobs,
      StartFit(_, EqualsProto("spec { model: 'm' verify_version: 4 resources { threads: 2 } }"), _))
      .WillOnce(Answer(Proto<v1::StartFitResponse>("job { id: 'fit-3' }")));
  EXPECT_CALL(daemon_->jobs, WatchJobRaw).WillOnce(Return(Stream<v1::WatchJobResponse>({})));
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>(
          "job { id: 'fit-3' state: JOB_STATE_SUCCEEDED spec { model: 'm' verify_version: 4 } }")));
  EXPECT_EQ(Run({"model", "verify", "m@champion", "--threads", "2"}), kExitOk);
  EXPECT_EQ(out_, "Started job fit-3\nREPRODUCED m@4\n");
}

TEST_F(FitctlTest, AVersionThatWasNotReproducedExitsWith5) {
  EXPECT_CALL(daemon_->jobs, WatchJobRaw).WillOnce(Return(Stream<v1::WatchJobResponse>({})));
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>(
          "job { id: 'fit-3' state: JOB_STATE_FAILED spec { model: 'm' verify_version: 4 }"
          "failure { code: 13 message: 'm@4 was not reproduced' } }")));
  EXPECT_EQ(Run({"job", "wait", "fit-3"}), kExitJobFailed);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_, "fitctl: job fit-3 failed: m@4 was not reproduced\n");
}

TEST_F(FollowTest, PrintsEventsAndTheJobAsJsonLines) {
  ExpectJob(kEvents, "state: JOB_STATE_SUCCEEDED");
  EXPECT_EQ(Run({"job", "watch", "fit-3", "--output", "jsonl"}), kExitOk);
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 3);
  EXPECT_THAT(out_, StartsWith(R"({"number":"1","stateChange":{"state":"JOB_STATE_RUNNING")"));
  EXPECT_THAT(out_, HasSubstr(R"("state":"JOB_STATE_SUCCEEDED")"));
}

TEST_F(FollowTest, ListsEventsSoFarWithoutWaiting) {
  ExpectJob(std::string(kEvents) + "event { number: 3 warning { message: 'later' } }", "");
  EXPECT_EQ(Run({"job", "events", "fit-3"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("    1     -  Job RUNNING\n"),
                          HasSubstr("Epoch 1/2  loss 0.5000"), Not(HasSubstr("later"))));
}

TEST_F(FitctlTest, WaitsForTheEndOfACancelledJob) {
  EXPECT_CALL(daemon_->jobs, CancelJob)
      .WillOnce(Answer(Proto<v1::CancelJobResponse>(
          "job { id: 'fit-3' state: JOB_STATE_CANCELLING last_event: 7 }")));
  EXPECT_CALL(daemon_->jobs, WatchJobRaw(_, EqualsProto("id: 'fit-3' from_event: 8")))
      .WillOnce(Return(Stream<v1::WatchJobResponse>({})));
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>(
          "job { state: JOB_STATE_CANCELLED version: 2 spec { model: 'm' } }")));
  EXPECT_EQ(Run({"job", "cancel", "fit-3"}), kExitOk);
  EXPECT_EQ(out_, "Job fit-3 is CANCELLED; stored m@2\n");
}

TEST_F(FitctlTest, WaitsUntilAJobIsPausedAndNotForItsEnd) {
  EXPECT_CALL(daemon_->jobs, PauseJob)
      .WillOnce(Answer(Proto<v1::PauseJobResponse>(
          "job { id: 'fit-3' state: JOB_STATE_PAUSING last_event: 7 }")));
  EXPECT_CALL(daemon_->jobs, WatchJobRaw(_, EqualsProto("id: 'fit-3' from_event: 8")))
      .WillOnce(Return(Stream<v1::WatchJobResponse>(
          {Proto<v1::WatchJobResponse>("event { number: 8 epoch_completed { epoch: 1 } }"),
           Proto<v1::WatchJobResponse>(
               "event { number: 9 state_change { state: JOB_STATE_PAUSED } }")})));
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>("job { state: JOB_STATE_PAUSED }")));
  EXPECT_EQ(Run({"job", "pause", "fit-3"}), kExitOk);
  EXPECT_EQ(out_, "Job fit-3 is PAUSED. Go on with: fitctl job resume fit-3\n");
}

TEST_F(FitctlTest, ResumesAJob) {
  EXPECT_CALL(daemon_->jobs, ResumeJob(_, Property(&v1::ResumeJobRequest::id, "fit-3"), _))
      .WillOnce(Answer(Proto<v1::ResumeJobResponse>("job { state: JOB_STATE_QUEUED }")));
  EXPECT_EQ(Run({"job", "resume", "fit-3"}), kExitOk);
  EXPECT_EQ(out_, "Job fit-3 is QUEUED\n");
}

TEST_F(FitctlTest, WaitsForAllJobsAndFailsWithTheFirstThatFailed) {
  for (const std::string id : {"fit-3", "fit-4"}) {
    EXPECT_CALL(daemon_->jobs, WatchJobRaw(_, EqualsProto("id: '" + id + "'")))
        .WillOnce(Return(Stream<v1::WatchJobResponse>({})));
  }
  EXPECT_CALL(daemon_->jobs, GetJob)
      .WillOnce(Answer(Proto<v1::GetJobResponse>("job { id: 'fit-3' state: JOB_STATE_CANCELLED }")))
      .WillOnce(Answer(Proto<v1::GetJobResponse>(
          "job { id: 'fit-4' state: JOB_STATE_SUCCEEDED version: 2 spec { model: 'm' } }")));
  EXPECT_EQ(Run({"job", "wait", "fit-3", "fit-4"}), kExitJobFailed);
  EXPECT_EQ(out_, "Stored m@2\n");
  EXPECT_THAT(err_, HasSubstr("fit-3 was cancelled"));
}

TEST_F(FitctlTest, ListsJobs) {
  EXPECT_CALL(
      daemon_->jobs,
      ListJobs(_, EqualsProto("states: JOB_STATE_RUNNING states: JOB_STATE_QUEUED model: 'm'"), _))
      .WillOnce(Answer(Proto<v1::ListJobsResponse>(
          "jobs { id: 'fit-2' state: JOB_STATE_QUEUED queue_position: 1 spec { model: 'm' dataset: "
          "'d' training { epochs: 5 } } }")));
  EXPECT_EQ(Run({"job", "list", "--state", "running,queued", "--model", "m"}), kExitOk);
  EXPECT_EQ(out_,
            "id     model  data  state               epoch  metrics  version  created\n"
            "fit-2  m      d     QUEUED (1 in line)  0/5                   -        -\n");
}

// ---- Predictions ----

class PredictTest : public FitctlTest {
 protected:
  void ExpectPredict(const std::string& response) {
    auto* stream =
        new testing::NiceMock<grpc::testing::MockClientReaderWriter<v1::PredictStreamRequest,
                                                                    v1::PredictStreamResponse>>();
    EXPECT_CALL(*stream, Write)
        .Times(AnyNumber())
        .WillRepeatedly([this](const v1::PredictStreamRequest& request, auto) {
          requests_.push_back(request.request());
          return true;
        });
    EXPECT_CALL(*stream, Read)
        .Times(AnyNumber())
        .WillRepeatedly([response](v1::PredictStreamResponse* message) {
          *message->mutable_response() = Proto<v1::PredictResponse>(response);
          return true;
        });
    EXPECT_CALL(*stream, Finish).WillOnce(Return(grpc::Status::OK));
    EXPECT_CALL(daemon_->predictions, PredictStreamRaw).WillOnce(Return(stream));
  }

  std::vector<v1::PredictRequest> requests_;
};

constexpr char kTwoRows[] =
    "model: 'm' version: 1 outputs: 2 scores: [0.25, 0.75, 0.5, 0.5] labels: ['b', 'a']"
    "top_k { labels { label: 'b' score: 0.75 } } top_k { labels { label: 'a' score: 0.5 } }";

TEST_F(PredictTest, SendsATableAsTextAndShowsLabels) {
  ExpectPredict(kTwoRows);
  EXPECT_EQ(Run({"predict", "m", "-", "--top-k", "1"}, "w,kind\n1.5,\"x,y\"\nNA,z\n"), kExitOk)
      << err_;
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_THAT(requests_[0], EqualsProto("model: 'm' top_k: 1 rows { columns: 'w' columns: 'kind'"
                                        "rows { values { text: '1.5' } values { text: 'x,y' } }"
                                        "rows { values { } values { text: 'z' } } }"));
  EXPECT_EQ(out_,
            "row  label   score  likeliest\n"
            "  1  b      0.7500  b 0.7500\n"
            "  2  a      0.5000  a 0.5000\n");
}

TEST_F(PredictTest, NamesTheColumnsOfATableWithoutHeader) {
  ExpectPredict(kTwoRows);
  EXPECT_EQ(Run({"predict", "m", "-"}, "1,2\n3,4\n"), kExitOk);
  EXPECT_THAT(requests_.at(0).rows().columns(), testing::ElementsAre("c0", "c1"));
  EXPECT_EQ(requests_.at(0).rows().rows_size(), 2);
}

TEST_F(PredictTest, PrintsOneAnswerPerLine) {
  ExpectPredict(kTwoRows);
  EXPECT_EQ(Run({"predict", "m", "-", "--output", "jsonl"}, "a\nx\ny\n"), kExitOk);
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 2);
  EXPECT_THAT(out_, HasSubstr(R"("outputs":"2","scores":[0.5,0.5],"labels":["a"])"));
}

TEST_F(PredictTest, SendsTensorsInRequestsOf4096Rows) {
  ExpectPredict("outputs: 1 scores: [0.5]");
  const std::string file = Write("x.raw", std::string(5000 * 2, 'a'));
  EXPECT_EQ(Run({"predict", "m", "--features", file, "--dtype", "uint8", "--row-shape", "2"}),
            kExitOk)
      << err_;
  ASSERT_EQ(requests_.size(), 2U);
  EXPECT_THAT(requests_[0].tensor().shape(), testing::ElementsAre(4096, 2));
  EXPECT_THAT(requests_[1].tensor().shape(), testing::ElementsAre(904, 2));
  EXPECT_EQ(out_, "row  prediction\n  1      0.5000\n  2      0.5000\n");
}

TEST_F(PredictTest, NamesTheLineOfARaggedRow) {
  ExpectPredict(kTwoRows);
  EXPECT_EQ(Run({"predict", "m", "-"}, "a,b\n1,2\n3\n"), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("stdin:3: 1 fields; expected 2"));
}

TEST_F(PredictTest, DistrustsAnAnswerThatDoesNotFitTogether) {
  ExpectPredict("outputs: 2 scores: [0.5] labels: ['x']");
  EXPECT_EQ(Run({"predict", "m", "-"}, "a\nx\n"), kExitOther);
}

TEST_F(FitctlTest, ShowsTheServer) {
  EXPECT_CALL(daemon_->server, GetServerInfo)
      .WillOnce(Answer(Proto<v1::GetServerInfoResponse>(
          "version: '0.1.0' isa: 'x86-64-v3' cores: 2 families { name: 'layer' kinds { name: "
          "'dropout' parameters { name: 'rate' type: 'float' } } }")));
  EXPECT_EQ(Run({"server", "info"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("x86-64-v3"), HasSubstr("layer\n  dropout  rate: float\n")));
}

constexpr char kSummary[] = "summary { files: 12 bytes: 3400000 }";

TEST_F(FitctlTest, SaysThatAStoreIsSound) {
  EXPECT_CALL(daemon_->server, CheckStoreRaw)
      .WillOnce(Return(Stream<v1::CheckStoreResponse>({Proto<v1::CheckStoreResponse>(kSummary)})));
  EXPECT_EQ(Run({"server", "fsck"}), kExitOk);
  EXPECT_EQ(out_, "Checked the database and 12 files of 3.4 MB: 0 findings\n");
}

TEST_F(FitctlTest, NamesWhatACheckFindsAndExitsWith7) {
  EXPECT_CALL(daemon_->server, CheckStoreRaw)
      .WillOnce(Return(Stream<v1::CheckStoreResponse>(
          {Proto<v1::CheckStoreResponse>("finding { object: 'job fit-3' fault: "
                                         "STORE_FAULT_NO_OWNER message: 'is RUNNING' }"),
           Proto<v1::CheckStoreResponse>("summary { findings: 1 files: 1 bytes: 1 }")})));
  EXPECT_EQ(Run({"server", "fsck"}), kExitDamaged);
  EXPECT_THAT(out_, StartsWith("job fit-3: no owner: is RUNNING\nChecked "));
}

TEST_F(FitctlTest, CheckThatBreaksOffIsNotTakenForASoundStore) {
  EXPECT_CALL(daemon_->server, CheckStoreRaw).WillOnce(Return(Stream<v1::CheckStoreResponse>({})));
  EXPECT_EQ(Run({"server", "fsck"}), kExitOther);
}

TEST_F(FitctlTest, WritesABackup) {
  EXPECT_CALL(daemon_->server, BackupStoreRaw)
      .WillOnce(Return(Stream<v1::BackupStoreResponse>(
          {Proto<v1::BackupStoreResponse>("file { name: 'fitd.db' size: 3 }"),
           Proto<v1::BackupStoreResponse>("data: 'abc'"),
           Proto<v1::BackupStoreResponse>(
               "end_of_file { sha256: "
               "'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' }"),
           Proto<v1::BackupStoreResponse>("summary { files: 1 bytes: 3 }")})));
  EXPECT_EQ(Run({"server", "backup", dir_.File("b")}), kExitOk) << err_;
  EXPECT_EQ(out_, "Wrote 1 files of 3 B to " + dir_.File("b") + "\n");
  EXPECT_TRUE(std::filesystem::exists(dir_.File("b/fitd.db")));
}

TEST_F(FitctlTest, BackupThatBreaksOffIsNotThere) {
  EXPECT_CALL(daemon_->server, BackupStoreRaw)
      .WillOnce(Return(Stream<v1::BackupStoreResponse>(
          {Proto<v1::BackupStoreResponse>("file { name: 'fitd.db' size: 3 }")},
          grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone"))));
  EXPECT_EQ(Run({"server", "backup", dir_.File("b")}), kExitUnreachable);
  EXPECT_FALSE(std::filesystem::exists(dir_.File("b")));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("b.partial")));
}

}  // namespace
}  // namespace fitd::cli
