#include "client/cli/fitctl.h"

#include <string>
#include <utility>
#include <vector>

#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using client::Refusal;
using testing::_;
using testing::AllOf;
using testing::AnyNumber;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Return;
using testing::StartsWith;

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
