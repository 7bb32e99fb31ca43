#include "client/cli/fitctl.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/struct.pb.h"
#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using client::Answer;
using client::Refusal;
using client::Stream;
using testing::_;
using testing::AllOf;
using testing::AnyNumber;
using testing::DoAll;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Return;
using testing::SaveArg;
using testing::StartsWith;

// ---- Usage ----

TEST_F(FitctlTest, EveryCommandHasHelpWithExamples) {
  const std::vector<std::vector<std::string>> commands = {
      {},
      {"server"},
      {"server", "info"},
      {"server", "health"},
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
      {"search"},
      {"search", "start"},
      {"search", "list"},
      {"search", "show"},
      {"search", "watch"},
      {"search", "pause"},
      {"search", "resume"},
      {"search", "cancel"},
      {"search", "best"},
      {"search", "export"},
      {"search", "delete"},
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
      {{"fit", "m", "--epochs", "x"}, "--epochs: is \"x\"; expected a whole number"},
      {{"fit", "m", "--seed", "-1"},
       "--seed: is \"-1\"; expected a whole number of 64 bits, 0 or more"},
      {{"fit", "m", "--threads", "4294967297"},
       "--threads: is \"4294967297\"; expected a whole number of 32 bits"},
      {{"model", "list", "--output", "jsno"}, "unknown output \"jsno\"; did you mean \"json\"?"},
      {{"model", "create", "m"}, "--input: required, here or in a file: -f model.yaml"},
      {{"model", "create", "m", "--input", "4xx"}, "--input: is \"4xx\"; expected sizes"},
      {{"model", "create", "m", "--input", "4x"}, "--input: is \"4x\"; expected sizes"},
      {{"fit", "m", "--epoch", "3", "--batchsize", "4"},
       "fitctl: unknown option \"--epoch\"; did you mean \"--epochs\"?\n"
       "fitctl: unknown option \"--batchsize\"; did you mean \"--batch-size\"?\n"},
      {{"model", "create", "m", "--input", "4", "--layers", "dnese:3"},
       "layer 1: unknown layer \"dnese\"; did you mean \"dense\"?"},
      {{"model", "create", "m", "-f", "none.yaml"}, "cannot read \"none.yaml\""},
      {{"model", "alias", "m", "champion", "three"},
       "VERSION: is \"three\"; expected a whole number"},
      {{"model", "alias", "m", "champion"}, "VERSION: required"},
      {{"model", "alias", "m", "champion", "0"}, "1 or more; or --delete"},
      {{"model", "alias", "m", "champion", "3", "--delete"}, "--delete: not with VERSION"},
      {{"model", "alias", "m", "champion", "3", "--expect", "x"}, "--expect: is \"x\""},
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
      {{"job", "list", "--state", "runing,quued"},
       "fitctl: --state: unknown state \"quued\"; did you mean \"queued\"?"},
      {{"fit"}, "MODEL: required"},
      {{"fit", "m", "--data", "d", "--loss", "msee", "--optimizer", "adem"},
       "--optimizer: optimizer: unknown optimizer \"adem\""},
      {{"fit", "m", "--data", "d", "--loss", "mse", "--optimizer", "adam:learning_rate=1",
        "--learning-rate", "2"},
       "--learning-rate: excludes the learning_rate of --optimizer; give one of them"},
      {{"fit", "m", "--data", "d", "--loss", "mse", "--class-weight", "a=1,b=2,a=3"},
       "--class-weight: \"a\" is given twice"},
      {{"fit", "m", "--data", "d", "--loss", "mse", "--class-weight", "a"},
       "--class-weight: \"a\": expected LABEL=WEIGHT"},
      {{"fit", "m", "--standardize-features", "--no-standardize-features"},
       "--standardize-features: excludes --no-standardize-features"},
      {{"evaluate", "m", "--data", "d", "--rows", "test"}, "unknown selection \"test\""},
      {{"predict", "m"}, "what is to be predicted?"},
      {{"predict", "m", "x.csv", "--features", "x.npy"},
       "--features: excludes ROWS; give one of them"},
      {{"predict", "m", "-", "--dtype", "uint8"}, "--dtype: is for raw files; there is none here"},
      {{"dataset", "upload", "d", "x.csv", "--label", "y", "--row-shape", "2", "--allow-missing"},
       "--allow-missing: is for tensors; in a table a field may always be empty\n"
       "fitctl: --row-shape: is for raw files; there is none here"},
      {{"dataset", "upload", "d", "--features", "x.npy", "--labels", "y.npy", "--label", "y",
        "--ignore", "a", "--kind", "b=real", "--delimiter", ";"},
       "--label: is for tables; these are tensors\n"
       "fitctl: --ignore: is for tables; these are tensors\n"
       "fitctl: --kind: is for tables; these are tensors\n"
       "fitctl: --delimiter: is for tables (CSV); there is none here"},
      {{"predict", "m", "none.csv"}, "ROWS: cannot read \"none.csv\""},
      {{"predict", "m", "-", "--top-k", "4294967297"}, "--top-k: is \"4294967297\"; expected a"},
      {{"dataset", "head", "d", "--rows", "x"}, "--rows: is \"x\"; expected a whole number"},
      {{"completion", "tcsh"}, "unknown shell \"tcsh\""},
  };
  for (const auto& [args, message] : cases) {
    EXPECT_CALL(daemon_->datasets, UploadDatasetRaw)
        .Times(AnyNumber())
        .WillRepeatedly([](auto, auto) { return Upload(Refusal({})); });
    EXPECT_CALL(daemon_->datasets, PreviewDataset)
        .Times(AnyNumber())
        .WillRepeatedly(Return(Refusal({})));
    EXPECT_CALL(daemon_->evaluations, Evaluate)
        .Times(AnyNumber())
        .WillRepeatedly(Return(Refusal({})));
    EXPECT_CALL(daemon_->predictions, Predict)
        .Times(AnyNumber())
        .WillRepeatedly(Return(Refusal({})));
    EXPECT_CALL(daemon_->jobs, StartFit).Times(AnyNumber()).WillRepeatedly(Return(Refusal({})));
    EXPECT_CALL(daemon_->jobs, ListJobs).Times(AnyNumber()).WillRepeatedly(Return(Refusal({})));
    EXPECT_CALL(daemon_->models, CreateModel)
        .Times(AnyNumber())
        .WillRepeatedly(Return(Refusal({})));
    EXPECT_EQ(Run(args), kExitUsage) << testing::PrintToString(args);
    EXPECT_THAT(err_, AllOf(StartsWith("fitctl: "), HasSubstr(message)))
        << testing::PrintToString(args);
    daemon_.emplace();
  }
}

TEST_F(FitctlTest, UnknownOptionsHideNoOtherFault) {
  EXPECT_CALL(daemon_->jobs, StartFit).WillOnce([](auto, const v1::StartFitRequest& request, auto) {
    EXPECT_TRUE(request.validate_only());
    return Refusal({{"spec.training.batch_size", "is -3; allowed: 1 to 1,048,576"}});
  });
  EXPECT_EQ(Run({"fit", "--epocs", "x", "m", "--data", "d", "--loss=mse", "--batch-size", "-3",
                 "--frobnicate", "--quux", "7"}),
            kExitUsage);
  EXPECT_EQ(err_,
            "fitctl: unknown option \"--epocs\"; did you mean \"--epochs\"?\n"
            "fitctl: unknown option \"--frobnicate\"\n"
            "fitctl: unknown option \"--quux\"\n"
            "fitctl: --epochs: is \"x\"; expected a whole number of 64 bits\n"
            "fitctl: --batch-size (spec.training.batch_size): is -3; allowed: 1 to 1,048,576\n"
            "See: fitctl fit --help\n");
}

TEST_F(FitctlTest, AnUnknownOptionKeepsACommandFromDoingAnything) {
  EXPECT_EQ(Run({"job", "cancel", "fit-3", "--now"}), kExitUsage);
  EXPECT_EQ(err_, "fitctl: unknown option \"--now\"\nSee: fitctl job cancel --help\n");
  EXPECT_EQ(Run({"job", "cancel", "fit-3", "--hepl"}), kExitUsage);
  EXPECT_EQ(out_, "");
}

// "m" may be the value of the unknown option or the model.
TEST_F(FitctlTest, AnUnclearLineIsNotJudged) {
  EXPECT_EQ(Run({"fit", "--frobnicate", "m", "--epochs", "x"}), kExitUsage);
  EXPECT_EQ(err_, "fitctl: unknown option \"--frobnicate\"\nSee: fitctl fit --help\n");
}

TEST_F(FitctlTest, RefusesArgumentsThatAreNotText) {
  EXPECT_EQ(Run({"model", "show", "a\xff"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("is not UTF-8 text"));
}

TEST_F(FitctlTest, AFileThatCannotBeReadIsTheOnlyFaultBesideThoseOfOptions) {
  EXPECT_EQ(Run({"fit", "-f", "none.yaml", "--seed", "x"}), kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("--file: cannot read"), HasSubstr("--seed: is"),
                          Not(HasSubstr("required"))));
}

TEST_F(FitctlTest, ReportsEveryWrongOptionOfAFit) {
  EXPECT_CALL(daemon_->jobs, StartFit).WillOnce(Return(Refusal({})));
  EXPECT_EQ(Run({"fit", "m", "--data", "d", "--loss", "msee", "--optimizer", "adem", "--metrics",
                 "accuracy, aucc"}),
            kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("--loss: "), HasSubstr("\nfitctl: --optimizer: "),
                          HasSubstr("\nfitctl: --metrics: metric 2: unknown metric")));
}

TEST_F(FitctlTest, ReportsEveryWrongOptionOfAnUploadBesideWhatTheDaemonSays) {
  v1::UploadDatasetRequest header;
  auto* writer = Upload(
      Refusal({{"header.name", "is \"D\""}, {"header.sources[0].csv.label_columns", "is empty"}}));
  EXPECT_CALL(*writer, Write).WillOnce(DoAll(SaveArg<0>(&header), Return(false)));
  EXPECT_CALL(daemon_->datasets, UploadDatasetRaw).WillOnce(Return(writer));
  EXPECT_EQ(Run({"dataset", "upload", "D", "x.csv", "--kind", "zip", "--kind", "w=foo",
                 "--delimiter", "ab"}),
            kExitUsage);
  EXPECT_TRUE(header.header().validate_only());
  EXPECT_THAT(err_, AllOf(HasSubstr("fitctl: FILE: cannot read \"x.csv\""),
                          HasSubstr("fitctl: --label: which column"),
                          HasSubstr("fitctl: --kind: \"zip\": expected COLUMN=KIND"),
                          HasSubstr("fitctl: --kind: unknown column kind \"foo\""),
                          HasSubstr("fitctl: NAME (header.name): is \"D\""),
                          HasSubstr("fitctl: --delimiter: is \"ab\"; allowed: tab, or one")));
  EXPECT_THAT(err_, Not(HasSubstr("is empty")));
}

// What the daemon finds in the file is told beside what is wrong with the options.
TEST_F(FitctlTest, SendsTheFileOfAnUploadWithWrongOptions) {
  std::vector<v1::UploadDatasetRequest> sent;
  auto* writer = Upload(Refusal({{"x.csv:2:3", "column \"w\": \"b\" is not a number"}}));
  EXPECT_CALL(*writer, Write).WillRepeatedly([&](const v1::UploadDatasetRequest& request, auto) {
    sent.push_back(request);
    return true;
  });
  EXPECT_CALL(daemon_->datasets, UploadDatasetRaw).WillOnce(Return(writer));
  EXPECT_EQ(Run({"dataset", "upload", "d", Write("x.csv", "y,w\na,b\n"), "--kind", "w=real",
                 "--kind", "w=integer"}),
            kExitUsage);
  EXPECT_EQ(err_,
            "fitctl: --label: which column is to be predicted? A name, or #3 for the third\n"
            "fitctl: --kind: \"w\" is given twice\n"
            "fitctl: x.csv:2:3: column \"w\": \"b\" is not a number\n");
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_TRUE(sent[0].header().validate_only());
  EXPECT_EQ(sent[1].chunk().data(), "y,w\na,b\n");
}

TEST_F(FitctlTest, SendsNoFileThatItCannotReadAsTold) {
  auto* writer = Upload(grpc::Status::OK);
  EXPECT_CALL(*writer, Write).WillOnce(Return(true));
  EXPECT_CALL(daemon_->datasets, UploadDatasetRaw).WillOnce(Return(writer));
  EXPECT_EQ(
      Run({"dataset", "upload", "d", Write("x.csv", "y;w\n"), "--label", "y", "--delimiter", ""}),
      kExitUsage);
  EXPECT_EQ(err_,
            "fitctl: --delimiter: is \"\"; allowed: tab, or one ASCII character other than a quote "
            "or a line end\n");
}

TEST_F(FitctlTest, ADelimiterMayBeATabByName) {
  for (const std::string tab : {"tab", "\\t", "\t"}) {
    daemon_.emplace();
    v1::UploadDatasetRequest header;
    auto* writer = Upload(grpc::Status::OK);
    EXPECT_CALL(*writer, Write).WillOnce(DoAll(SaveArg<0>(&header), Return(false)));
    EXPECT_CALL(daemon_->datasets, UploadDatasetRaw).WillOnce(Return(writer));
    EXPECT_EQ(Run({"dataset", "upload", "d", Write("x.csv", "a\ty\n"), "--label", "y",
                   "--delimiter", tab}),
              kExitOk);
    EXPECT_EQ(header.header().sources(0).csv().delimiter(), "\t");
  }
}

TEST_F(FitctlTest, SaysThatValuesDifferByBlanksAlone) {
  auto* writer = Upload(grpc::Status::OK);
  EXPECT_CALL(daemon_->datasets, UploadDatasetRaw)
      .WillOnce(DoAll(testing::SetArgPointee<1>(Proto<v1::UploadDatasetResponse>(
                          "dataset { name: 'd' rows: 9"
                          "  columns { name: 'kind' kind: COLUMN_KIND_CATEGORICAL dictionary: "
                          "[' setosa', 'setosa', 'virginica'] }"
                          "  columns { name: 'size' kind: COLUMN_KIND_CATEGORICAL dictionary: "
                          "[' m', 's'] } }")),
                      Return(writer)));
  EXPECT_EQ(Run({"dataset", "upload", "d", Write("x.csv", "kind,y\n"), "--label", "y"}), kExitOk);
  EXPECT_EQ(err_,
            "fitctl: note: column \"kind\": \" setosa\" and \"setosa\" are two values, for the "
            "blanks around one of them\n");
}

TEST_F(FitctlTest, SaysThatNumbersAreTakenForWords) {
  const auto upload = [&](const std::vector<std::string>& more) {
    auto* writer = Upload(grpc::Status::OK);
    EXPECT_CALL(*writer, Write).WillRepeatedly(Return(true));
    EXPECT_CALL(daemon_->datasets, UploadDatasetRaw)
        .WillOnce(DoAll(testing::SetArgPointee<1>(Proto<v1::UploadDatasetResponse>(
                            "dataset { name: 'd' rows: 9"
                            "  columns { name: 'age' kind: COLUMN_KIND_CATEGORICAL dictionary: "
                            "['1', '2', '3x'] }"
                            "  columns { name: 'size' kind: COLUMN_KIND_CATEGORICAL dictionary: "
                            "['1', 'm', 's'] }"
                            "}")),
                        Return(writer)));
    std::vector<std::string> args = {"dataset", "upload", "d", Write("x.csv", "age,y\n"),
                                     "--label", "y"};
    args.insert(args.end(), more.begin(), more.end());
    EXPECT_EQ(Run(args), kExitOk);
  };
  upload({});
  EXPECT_THAT(err_, AllOf(HasSubstr("column \"age\" is taken for words"),
                          HasSubstr("but not \"3x\""), Not(HasSubstr("size"))));
  daemon_.emplace();
  upload({"--kind", "age=categorical"});
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(FitctlTest, LeavesOutFilesOfUnknownFormat) {
  EXPECT_CALL(daemon_->datasets, UploadDatasetRaw)
      .WillOnce(Return(Upload(Refusal({{"header.sources", "allowed: one csv source"}}))));
  EXPECT_EQ(Run({"dataset", "upload", "d", Write("x.txt", "a\n"), "--label", "y"}), kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("fitctl: --format: "), Not(HasSubstr("allowed: one csv"))));
}

TEST_F(FitctlTest, ReportsEveryWrongOptionOfAnEvaluationBesideWhatTheDaemonSays) {
  EXPECT_CALL(daemon_->evaluations, Evaluate(_,
                                             EqualsProto("model: 'm' dataset: 'd' metrics { }"
                                                         "validate_only: true"),
                                             _))
      .WillOnce(Return(Refusal({{"dataset", "there is no data set \"d\""}})));
  EXPECT_EQ(Run({"evaluate", "m", "--data", "d", "--rows", "test", "--metrics", "aucc"}),
            kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("fitctl: --rows: unknown selection"),
                          HasSubstr("fitctl: --metrics: metric 1: unknown metric \"aucc\""),
                          HasSubstr("fitctl: --data (dataset): there is no data set")));
}

TEST_F(FitctlTest, AddsWhatTheDaemonSaysAboutTheOtherOptions) {
  EXPECT_CALL(daemon_->jobs, StartFit).WillOnce([](auto, const v1::StartFitRequest& request, auto) {
    EXPECT_TRUE(request.validate_only());
    EXPECT_EQ(request.spec().training().epochs(), -1);
    return Refusal({{"spec.training.loss", "is not set"},
                    {"spec.training.epochs", "is -1; allowed: 1 to 1,000,000"}});
  });
  EXPECT_EQ(Run({"fit", "m", "--data", "d", "--loss", "msee", "--epochs", "-1"}), kExitUsage);
  EXPECT_EQ(err_.substr(0, err_.find(';')), "fitctl: --loss: loss: unknown loss \"msee\"");
  EXPECT_THAT(err_, AllOf(HasSubstr("\nfitctl: --epochs (spec.training.epochs): is -1"),
                          Not(HasSubstr("is not set"))));
}

TEST_F(FitctlTest, AddsWhatTheDaemonSaysAboutTheReadablePartsOfAnOption) {
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
  EXPECT_EQ(endpoint_.address, "unix:/run/x");
}

TEST_F(FitctlTest, TakesTheAddressFromTheEnvironment) {
  EXPECT_CALL(daemon_->models, DeleteModel).WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"model", "delete", "m"}), kExitOk);
  EXPECT_EQ(endpoint_.address, "there:1");
}

TEST_F(FitctlTest, TokenComesFromAFile) {
  EXPECT_CALL(daemon_->models, DeleteModel).WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"model", "delete", "m", "--token-file", Write("token", "fitd_abc\n"), "--tls-ca",
                 "ca.pem", "--client-certificate", "c.pem", "--client-key", "k.pem"}),
            kExitOk);
  EXPECT_EQ(endpoint_.token, "fitd_abc");
  EXPECT_EQ(endpoint_.tls_ca, "ca.pem");
  EXPECT_EQ(endpoint_.tls_certificate, "c.pem");
  EXPECT_EQ(endpoint_.tls_key, "k.pem");
}

TEST_F(FitctlTest, FileWithoutATokenIsWrongUsage) {
  EXPECT_EQ(Run({"model", "delete", "m", "--token-file", Write("token", "\n")}), kExitUsage);
  EXPECT_THAT(err_, StartsWith("fitctl: --token-file: no token in "));
}

TEST_F(FitctlTest, CallThatIsNotAllowedExitsWith8) {
  for (const auto code : {grpc::StatusCode::UNAUTHENTICATED, grpc::StatusCode::PERMISSION_DENIED}) {
    daemon_.emplace();
    EXPECT_CALL(daemon_->models, DeleteModel).WillOnce(Return(grpc::Status(code, "no")));
    EXPECT_EQ(Run({"model", "delete", "m"}), kExitDenied);
    EXPECT_EQ(err_, "fitctl: no\n");
  }
}

TEST_F(FitctlTest, HealthIsTheExitStatus) {
  const std::pair<grpc::health::v1::HealthCheckResponse::ServingStatus, int> cases[] = {
      {grpc::health::v1::HealthCheckResponse::SERVING, kExitOk},
      {grpc::health::v1::HealthCheckResponse::NOT_SERVING, kExitUnreachable}};
  for (const auto& [answer, status] : cases) {
    daemon_.emplace();
    grpc::health::v1::HealthCheckResponse response;
    response.set_status(answer);
    EXPECT_CALL(daemon_->health, Check).WillOnce(Answer(response));
    EXPECT_EQ(Run({"server", "health"}), status);
  }
  EXPECT_THAT(err_, HasSubstr("the daemon does not serve"));
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

TEST_F(FitctlTest, MovesAnAliasFromTheExpectedVersion) {
  EXPECT_CALL(daemon_->models,
              SetModelAlias(
                  _, EqualsProto("model: 'm' alias: 'champion' version: 4 expected_version: 0"), _))
      .WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"model", "alias", "m", "champion", "4", "--expect", "0"}), kExitOk);
  EXPECT_EQ(out_, "m@champion is now m@4\n");
}

TEST_F(FitctlTest, RemovesAnAlias) {
  EXPECT_CALL(daemon_->models, SetModelAlias(_, EqualsProto("model: 'm' alias: 'champion'"), _))
      .WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"model", "alias", "m", "champion", "--delete"}), kExitOk);
  EXPECT_EQ(out_, "Removed m@champion\n");
}

TEST_F(FitctlTest, AliasThatMovedMeanwhileIsAWrongState) {
  EXPECT_CALL(daemon_->models, SetModelAlias)
      .WillOnce(Return(
          grpc::Status(grpc::StatusCode::ABORTED, "alias champion stands for version 2, not 1")));
  EXPECT_EQ(Run({"model", "alias", "m", "champion", "3", "--expect", "1"}), kExitWrongState);
  EXPECT_EQ(err_, "fitctl: alias champion stands for version 2, not 1\n");
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
  EXPECT_EQ(out_, "Data set d: 1 row, 0 columns, 8 B\n");
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

TEST_F(FitctlTest, AFoldIsAnIndexAndACount) {
  EXPECT_CALL(daemon_->jobs,
              StartFit(_,
                       EqualsProto("spec { model: 'm' dataset: 'd' training {"
                                   "loss { mean_squared_error {} } fold { index: 2 count: 5 } } }"),
                       _))
      .WillOnce(Answer(Proto<v1::StartFitResponse>("job { id: 'fit-3' }")));
  EXPECT_EQ(Run({"fit", "m", "--data", "d", "--loss", "mse", "--fold", "2/5", "--detach"}),
            kExitOk);
  daemon_.emplace();
  EXPECT_CALL(daemon_->jobs,
              StartFit(_,
                       EqualsProto("validate_only: true spec { model: 'm' dataset: 'd' training {"
                                   "loss { mean_squared_error {} } } }"),
                       _))
      .WillOnce(Return(grpc::Status::OK));
  EXPECT_EQ(Run({"fit", "m", "--data", "d", "--loss", "mse", "--fold", "2of5"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("--fold: is \"2of5\"; expected INDEX/COUNT, e.g. 2/5"));
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

// ---- The daemon ----

TEST_F(FitctlTest, ShowsTheServer) {
  EXPECT_CALL(daemon_->server, GetServerInfo)
      .WillOnce(Answer(Proto<v1::GetServerInfoResponse>(
          "version: '0.1.0' isa: 'x86-64-v3' cores: 2 families { name: 'layer' kinds { name: "
          "'dropout' parameters { name: 'rate' type: 'float' } } common_parameters { name: 'name' "
          "type: 'string' } }")));
  EXPECT_EQ(Run({"server", "info"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("x86-64-v3"),
                          HasSubstr("layer\n  dropout  rate: float\n  (each)   name: string\n")));
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
  EXPECT_EQ(out_, "Wrote 1 file of 3 B to " + dir_.File("b") + "\n");
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

TEST_F(FitctlTest, OutputThatIsLostIsAnError) {
  std::ofstream full("/dev/full");
  std::istringstream in;
  std::ostringstream err;
  const int status =
      RunFitctl({"--help"},
                {.in = in, .out = full, .err = err, .terminal = {}, .endpoint = {}, .connect = {}});
  EXPECT_EQ(status, kExitOther);
  EXPECT_EQ(err.str(), "fitctl: the output could not be written whole\n");
}

}  // namespace
}  // namespace fitd::cli
