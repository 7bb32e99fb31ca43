#include "client/cli/search_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using client::Answer;
using client::Refusal;
using testing::_;
using testing::AllOf;
using testing::HasSubstr;
using testing::Return;

constexpr char kSearch[] =
    "search { name: 's' state: SEARCH_STATE_SUCCEEDED planned_trials: 3 trials: 3 ended_trials: 3 "
    "unscored_trials: 1 planned_epochs: 6 best_trial: 2 best_score: 0.25 best_version: 1 "
    "end_time { seconds: 9 } spec { model: 'm' dataset: 'd' algorithm { grid {} }"
    "objective { metric: 'val_loss' mode: MONITOR_MODE_MIN } space {"
    "axes { path: 'units' integer { low: 4 high: 16 log: true count: 3 } }"
    "axes { path: 'activation' choice { choices { value: 'relu' } choices { value: 'tanh' } } } } "
    "} }";
constexpr char kTrials[] =
    "trials { number: 1 state: JOB_STATE_SUCCEEDED epochs: 2 score: 0.5 version: 2 job_id: 'fit-1' "
    "  parameters { path: 'units' value: '4' } parameters { path: 'activation' value: 'relu' }"
    "  metrics { name: 'val_loss' value: 0.5 } start_time { seconds: 1 } end_time { seconds: 3 } "
    "  weights_sha256: 'ab' trainable_parameters: 12 }"
    "trials { number: 2 state: JOB_STATE_SUCCEEDED epochs: 2 score: 0.25 version: 1 job_id: 'fit-2'"
    "  parameters { path: 'units' value: '16' } parameters { path: 'activation' value: 'tanh' }"
    "  metrics { name: 'val_loss' value: 0.25 } start_time { seconds: 1 } end_time { seconds: 2 } }"
    "trials { number: 3 state: JOB_STATE_FAILED failure { message: 'loss, the, is NaN' } "
    "  parameters { path: 'units' value: '8' } parameters { path: 'activation' value: 'relu' } "
    "  end_time { seconds: 4 } }";

class SearchCommandsTest : public FitctlTest {
 protected:
  void ExpectSearch() {
    EXPECT_CALL(daemon_->searches, GetSearch)
        .WillRepeatedly(Answer(Proto<v1::GetSearchResponse>(kSearch)));
    EXPECT_CALL(daemon_->searches, ListTrials)
        .WillRepeatedly(Answer(Proto<v1::ListTrialsResponse>(kTrials)));
  }
};

TEST_F(SearchCommandsTest, SaysWhyATrialWasStopped) {
  const auto print = [this](const std::string& command) {
    daemon_.emplace();
    EXPECT_CALL(daemon_->searches, GetSearch)
        .WillRepeatedly(Answer(Proto<v1::GetSearchResponse>(
            "search { name: 's' state: SEARCH_STATE_SUCCEEDED planned_trials: 3 trials: 3 "
            "ended_trials: 3 unscored_trials: 2 best_trial: 1 best_score: 0.5 best_version: 1 "
            "end_time { seconds: 9 } spec { objective { metric: 'loss' } } }")));
    EXPECT_CALL(daemon_->searches, ListTrials)
        .WillRepeatedly(Answer(Proto<v1::ListTrialsResponse>(
            "trials { number: 1 state: JOB_STATE_CANCELLED epochs: 2 score: 0.5 version: 1 "
            "  metrics { name: 'loss' value: 0.5 } end_time { seconds: 3 } stop_reason: 'late' }"
            "trials { number: 2 state: JOB_STATE_CANCELLED end_time { seconds: 3 } "
            "  stop_reason: 'late' }"
            "trials { number: 3 state: JOB_STATE_CANCELLED end_time { seconds: 3 } }")));
    EXPECT_EQ(Run({"search", command, "s"}), kExitOk) << err_;
    return out_;
  };
  EXPECT_EQ(print("watch"),
            "Trial 1/3    loss 0.5000 when stopped after 2 epochs: late\n"
            "Trial 2/3    CANCELLED: late\n"
            "Trial 3/3    CANCELLED\n"
            "Best: trial 1 with loss 0.5000, stored as s@1\n");
  EXPECT_THAT(print("show"),
              AllOf(HasSubstr("STOPPED         2  0.5000     -  s@1      loss 0.5000; late\n"),
                    HasSubstr("CANCELLED       0       -     -  -        late\n")));
  EXPECT_THAT(print("export"), AllOf(HasSubstr(",failure,stop_reason\n"),
                                     HasSubstr("1,STOPPED,2,0.5,0.5,,0,,1,,,late\n")));
}

TEST_F(SearchCommandsTest, ShowsAxesInsideChoices) {
  EXPECT_CALL(daemon_->searches, GetSearch)
      .WillOnce(Answer(Proto<v1::GetSearchResponse>(
          "search { name: 's' spec { space { axes { path: 'optimizer' choice {"
          "choices { value: 'adam' } choices { value: 'sgd' axes { path: 'nesterov' choice {"
          "choices { value: 'true' axes { path: 'momentum' real { high: 0.9 } } } } } } } } } } "
          "}")));
  EXPECT_CALL(daemon_->searches, ListTrials).WillOnce(Answer(v1::ListTrialsResponse()));
  EXPECT_EQ(Run({"search", "show", "s"}), kExitOk) << err_;
  EXPECT_THAT(out_, HasSubstr("axis       optimizer=adam,sgd\n"
                              "  axis         sgd: nesterov=true\n"
                              "  axis           true: momentum=real:0..0.9\n"));
}

TEST_F(SearchCommandsTest, ShowsKindsInTheirShortForms) {
  constexpr char kElu[] = R"('{"elu":{"alpha":0.5}}')";
  const auto expect = [&] {
    daemon_.emplace();
    EXPECT_CALL(daemon_->searches, GetSearch)
        .WillRepeatedly(Answer(Proto<v1::GetSearchResponse>(
            std::string("search { name: 's' best_trial: 1 ended_trials: 1 end_time { seconds: 1 } "
                        "spec { space {"
                        "axes { path: 'activation' choice { choices { value: ") +
            kElu + " axes { path: 'units' integer { low: 1 high: 2 } } } } } } } }")));
    EXPECT_CALL(daemon_->searches, ListTrials)
        .WillRepeatedly(Answer(Proto<v1::ListTrialsResponse>(
            std::string("trials { number: 1 score: 1 end_time { seconds: 1 } parameters {"
                        "path: 'activation' value: ") +
            kElu + " } }")));
  };
  for (const char* command : {"show", "best", "plot", "watch"}) {
    expect();
    Run({"search", command, "s"});
    EXPECT_THAT(out_, AllOf(HasSubstr("elu(alpha=0.5)"), testing::Not(HasSubstr("{")))) << command;
  }
  expect();
  EXPECT_EQ(Run({"search", "export", "s"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr(R"("{""elu"":{""alpha"":0.5}}")"));
}

TEST_F(SearchCommandsTest, ANegativeNumberOfTrialsIsRefused) {
  EXPECT_EQ(Run({"search", "show", "s", "-n", "-1"}), kExitUsage);
  EXPECT_EQ(err_, "fitctl: --trials: is -1; allowed: 0 or more\n");
}

TEST_F(SearchCommandsTest, WatchTellsEachTrialOnceAndTheBest) {
  EXPECT_CALL(daemon_->searches, GetSearch)
      .WillOnce(Answer(Proto<v1::GetSearchResponse>("search { name: 's' }")))
      .WillOnce(Return(grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarts")))
      .WillOnce(Answer(Proto<v1::GetSearchResponse>(kSearch)));
  EXPECT_CALL(daemon_->searches, ListTrials)
      .WillOnce(Answer(Proto<v1::ListTrialsResponse>(kTrials)));
  EXPECT_EQ(Run({"search", "watch", "s"}), kExitOk) << err_;
  EXPECT_EQ(out_,
            "Trial 1/3  units 4  activation relu  val_loss 0.5000\n"
            "Trial 2/3  units 16  activation tanh  val_loss 0.2500\n"
            "Trial 3/3  units 8  activation relu  FAILED: loss, the, is NaN\n"
            "Best: trial 2 with val_loss 0.2500, stored as s@1\n");
}

TEST_F(SearchCommandsTest, ASearchThatDoesNotSucceedExitsWith5) {
  EXPECT_CALL(daemon_->searches, GetSearch)
      .WillOnce(Answer(Proto<v1::GetSearchResponse>(
          "search { name: 's' state: SEARCH_STATE_FAILED end_time { seconds: 1 } }")));
  EXPECT_EQ(Run({"search", "watch", "s"}), kExitJobFailed);
  EXPECT_EQ(out_, "No trial has a score.\n");
  EXPECT_EQ(err_, "fitctl: search s is FAILED\n");
}

TEST_F(SearchCommandsTest, ASearchWithoutAScoreSaysThatItsTimeWasOver) {
  EXPECT_CALL(daemon_->searches, GetSearch)
      .WillOnce(Answer(Proto<v1::GetSearchResponse>(
          "search { name: 's' state: SEARCH_STATE_FAILED start_time { seconds: 1 } "
          "end_time { seconds: 3 } spec { budget { seconds: 2 } } }")));
  EXPECT_EQ(Run({"search", "watch", "s"}), kExitJobFailed);
  EXPECT_EQ(out_, "No trial has a score: the time of its budget was over.\n");
}

// The order of the trials' lines in a table.
std::string Order(const std::string& text) {
  std::vector<std::pair<size_t, char>> places;
  for (const char number : {'1', '2', '3'})
    places.emplace_back(text.find(std::string("\n    ") + number + " "), number);
  std::sort(places.begin(), places.end());
  std::string order;
  for (const auto& [place, number] : places) order += number;
  return order;
}

TEST_F(SearchCommandsTest, ShowsTrialsInTheOrderAskedFor) {
  for (const auto& [column, order] :
       {std::pair("trial", "123"), std::pair("score", "213"), std::pair("time", "213"),
        std::pair("units", "132"), std::pair("activation", "132")}) {
    daemon_.emplace();
    ExpectSearch();
    EXPECT_EQ(Run({"search", "show", "s", "--sort", column}), kExitOk) << err_;
    EXPECT_EQ(Order(out_), order) << column << "\n" << out_;
  }
  EXPECT_THAT(out_,
              AllOf(HasSubstr("trials     3 of 3 ended, 1 without a score"),
                    HasSubstr("best       trial 2, val_loss 0.2500, s@1"),
                    HasSubstr("axis       units=intlog:4..16:3"), HasSubstr("loss, the, is NaN")));
  daemon_.emplace();
  ExpectSearch();
  EXPECT_EQ(Run({"search", "show", "s", "--sort", "scor"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("--sort: unknown column \"scor\"; did you mean \"score\"?"));
}

TEST_F(SearchCommandsTest, TheTimeOfATrialIsWhatItTrained) {
  const auto print = [this](const std::vector<std::string>& command) {
    daemon_.emplace();
    EXPECT_CALL(daemon_->searches, GetSearch)
        .WillRepeatedly(Answer(Proto<v1::GetSearchResponse>(kSearch)));
    EXPECT_CALL(daemon_->searches, ListTrials)
        .WillRepeatedly(Answer(Proto<v1::ListTrialsResponse>(
            "trials { number: 1 start_time { seconds: 1 } end_time { seconds: 9 } "
            "  training_time { seconds: 5 nanos: 500000000 } }"
            "trials { number: 2 start_time { seconds: 1 } end_time { seconds: 9 } "
            "  training_time { seconds: 4 } }"
            "trials { number: 3 }")));
    EXPECT_EQ(Run(command), kExitOk) << err_;
    return out_;
  };
  const std::string table = print({"search", "show", "s", "--sort", "time"});
  EXPECT_EQ(Order(table), "213") << table;
  EXPECT_THAT(table, AllOf(HasSubstr("5.5 s"), HasSubstr("4.0 s")));
  EXPECT_THAT(print({"search", "export", "s"}), AllOf(HasSubstr(",5.5,"), HasSubstr(",4,")));
}

TEST_F(SearchCommandsTest, ShowsTrialsTheOtherWayRoundAndByMetrics) {
  for (const auto& [column, order] :
       {std::pair("trial", "321"), std::pair("score", "123"), std::pair("units", "231"),
        std::pair("activation", "213"), std::pair("val_loss", "123"),
        std::pair("parameters", "123")}) {
    daemon_.emplace();
    ExpectSearch();
    EXPECT_EQ(Run({"search", "show", "s", "--sort", column, "--reverse"}), kExitOk) << err_;
    EXPECT_EQ(Order(out_), order) << column << "\n" << out_;
  }
  for (const auto& [column, order] :
       {std::pair("val_loss", "213"), std::pair("parameters", "231")}) {
    daemon_.emplace();
    ExpectSearch();
    EXPECT_EQ(Run({"search", "show", "s", "--sort", column}), kExitOk) << err_;
    EXPECT_EQ(Order(out_), order) << column << "\n" << out_;
  }
}

// Trial 3 was stopped with the best score.
constexpr char kStoppedTrials[] =
    "trials { number: 1 state: JOB_STATE_SUCCEEDED score: 0.5 metrics { name: 'loss' value: 0.5 } "
    "  metrics { name: 'val_loss' value: 0.5 } metrics { name: 'val_accuracy' value: 0.25 } "
    "  parameters { path: 'loss' value: 'mean_squared_error' }"
    "  parameters { path: 'epochs' value: '2' } epochs: 2 }"
    "trials { number: 2 state: JOB_STATE_SUCCEEDED score: 0.25 metrics { name: 'loss' value: 0.75 }"
    "  metrics { name: 'val_loss' value: 0.25 } metrics { name: 'val_accuracy' value: 0.5 } "
    "  parameters { path: 'loss' value: 'huber' }"
    "  parameters { path: 'epochs' value: '4' } epochs: 1 }"
    "trials { number: 3 state: JOB_STATE_CANCELLED score: 0.125 "
    "  metrics { name: 'loss' value: 0.25 } "
    "  metrics { name: 'val_loss' value: 0.125 } metrics { name: 'val_accuracy' value: 0.125 } "
    "  parameters { path: 'loss' value: 'mean_absolute_error' }"
    "  parameters { path: 'epochs' value: '3' } epochs: 3 }";

class StoppedTrialsTest : public FitctlTest {
 protected:
  std::string Print(const std::vector<std::string>& command) {
    daemon_.emplace();
    EXPECT_CALL(daemon_->searches, GetSearch)
        .WillRepeatedly(Answer(Proto<v1::GetSearchResponse>(
            "search { name: 's' spec { objective { metric: 'val_loss' mode: MONITOR_MODE_MIN }"
            "space { axes { path: 'loss' fields: 'training.loss' choice {"
            "    choices { value: 'mean_squared_error' } choices { value: 'huber' } "
            "    choices { value: 'mean_absolute_error' } } }"
            "  axes { path: 'epochs' fields: 'training.epochs' integer { low: 1 high: 4 } } } } "
            "}")));
    EXPECT_CALL(daemon_->searches, ListTrials)
        .WillRepeatedly(Answer(Proto<v1::ListTrialsResponse>(kStoppedTrials)));
    EXPECT_EQ(Run(command), kExitOk) << err_;
    return out_;
  }
};

TEST_F(StoppedTrialsTest, RankBehindThoseThatRanToTheirEnd) {
  EXPECT_EQ(Order(Print({"search", "show", "s", "--sort", "score"})), "213");
  EXPECT_EQ(Order(Print({"search", "show", "s", "--sort", "score", "--reverse"})), "312");
  EXPECT_EQ(Order(Print({"search", "show", "s", "--sort", "val_loss"})), "321");
}

TEST_F(StoppedTrialsTest, AnAxisNamedLikeAnotherColumnHasItsWholePath) {
  EXPECT_THAT(
      Print({"search", "show", "s"}),
      HasSubstr("trial  training.loss        training.epochs  state      epochs  val_loss"));
  EXPECT_THAT(Print({"search", "export", "s"}),
              testing::StartsWith("trial,training.loss,training.epochs,state,epochs,score,loss,"
                                  "val_loss,val_accuracy,seconds,"));
  EXPECT_THAT(Print({"search", "export", "s", "--format", "parallel"}),
              AllOf(HasSubstr(R"("name":"training.loss")"),
                    HasSubstr(R"("name":"training.epochs")"), HasSubstr(R"("name":"val_loss")")));
  for (const auto& [column, order] :
       {std::pair("loss", "312"), std::pair("epochs", "213"), std::pair("training.loss", "231"),
        std::pair("training.epochs", "132")}) {
    EXPECT_EQ(Order(Print({"search", "show", "s", "--sort", column})), order) << column;
  }
}

TEST_F(StoppedTrialsTest, AreSortedByTheShortNamesOfMetricsToo) {
  EXPECT_EQ(Order(Print({"search", "show", "s", "--sort", "val_acc"})), "312");
}

TEST_F(SearchCommandsTest, ShowsTheBest) {
  ExpectSearch();
  EXPECT_EQ(Run({"search", "best", "s"}), kExitOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("Trial 2 of search s"), HasSubstr("version     s@1"),
                          HasSubstr("units       16")));
}

TEST_F(SearchCommandsTest, GivesTheBestAnAlias) {
  ExpectSearch();
  EXPECT_CALL(daemon_->models,
              SetModelAlias(_, EqualsProto("model: 's' alias: 'champion' version: 1"), _))
      .WillOnce(Answer(v1::SetModelAliasResponse()));
  EXPECT_EQ(Run({"search", "best", "s", "--alias", "champion"}), kExitOk) << err_;
  EXPECT_THAT(out_, HasSubstr("Trial 2 of search s"));
  daemon_.emplace();
  ExpectSearch();
  EXPECT_CALL(daemon_->models, SetModelAlias)
      .WillOnce(Return(Refusal({{"alias", "is \"3\"; allowed: letters"}})));
  EXPECT_EQ(Run({"search", "best", "s", "--alias", "3"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("is \"3\""));
  EXPECT_EQ(out_, "");
}

TEST_F(SearchCommandsTest, ExportsATableAndParallelCoordinates) {
  ExpectSearch();
  EXPECT_EQ(Run({"search", "export", "s"}), kExitOk) << err_;
  EXPECT_EQ(out_,
            "trial,units,activation,state,epochs,score,val_loss,seconds,trainable_parameters,job,"
            "version,weights_sha256,failure,stop_reason\n"
            "1,4,relu,SUCCEEDED,2,0.5,0.5,2,12,fit-1,2,ab,,\n"
            "2,16,tanh,SUCCEEDED,2,0.25,0.25,1,0,fit-2,1,,,\n"
            "3,8,relu,FAILED,0,,,,0,,,,\"loss, the, is NaN\",\n");
  daemon_.emplace();
  ExpectSearch();
  EXPECT_EQ(Run({"search", "export", "s", "--format", "parallel"}), kExitOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr(R"("name":"units")"), HasSubstr(R"("log":true)"),
                          HasSubstr(R"("values":["relu","tanh"])"),
                          HasSubstr(R"("coordinates":[16,1,0.25])"),
                          HasSubstr(R"("coordinates":[8,0,null])")));
}

TEST_F(SearchCommandsTest, PlotsTheObjectiveAgainstEachAxis) {
  ExpectSearch();
  EXPECT_EQ(Run({"search", "plot", "s"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("val_loss of the trials of search s"),
                          HasSubstr("units (logarithmic), importance"),
                          HasSubstr("activation, importance")));
  daemon_.emplace();
  ExpectSearch();
  EXPECT_EQ(Run({"search", "plot", "s", "--output", "json"}), 0);
  google::protobuf::Struct plot;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(out_, &plot).ok()) << out_;
  EXPECT_EQ(plot.fields().at("axes").list_value().values_size(), 2);
}

grpc::Status UnknownModel() { return {grpc::StatusCode::NOT_FOUND, "unknown model"}; }

TEST_F(SearchCommandsTest, RefitsTheBestOnAllData) {
  ExpectSearch();
  EXPECT_CALL(daemon_->models, GetModelVersion(_, EqualsProto("model: 's@1'"), _))
      .WillOnce(Answer(Proto<v1::GetModelVersionResponse>(
          "version { model: 's' version: 1 spec { input_shape: 2 layers { dense { units: 16 } } }"
          "lineage { epoch: 5 training { epochs: 9 batch_size: 8 validation_split: 0.2"
          "  early_stopping { monitor: 'val_loss' } reduce_lr_on_plateau { monitor: 'loss' } } } "
          "}")));
  EXPECT_CALL(daemon_->models, GetModel(_, EqualsProto("name: 'final'"), _))
      .WillOnce(Return(UnknownModel()));
  EXPECT_CALL(daemon_->models, CreateModel(_,
                                           EqualsProto("name: 'final' spec { input_shape: 2 "
                                                       "layers { dense { units: 16 } } }"),
                                           _))
      .WillOnce(Answer(v1::CreateModelResponse()));
  EXPECT_CALL(
      daemon_->jobs,
      StartFit(_,
               EqualsProto("spec { model: 'final' dataset: 'd' resources {} training { epochs: 5 "
                           "batch_size: 8 reduce_lr_on_plateau { monitor: 'loss' } } }"),
               _))
      .WillOnce(Answer(Proto<v1::StartFitResponse>("job { id: 'fit-9' }")));
  EXPECT_EQ(Run({"search", "refit", "s", "final", "--detach"}), 0);
  EXPECT_THAT(out_, HasSubstr("fit-9"));
}

TEST_F(SearchCommandsTest, RefitsIntoAModelThatExistsOnlyWhenAskedTo) {
  ExpectSearch();
  EXPECT_CALL(daemon_->models, GetModelVersion).WillOnce(Answer(v1::GetModelVersionResponse()));
  EXPECT_CALL(daemon_->models, GetModel).WillOnce(Answer(v1::GetModelResponse()));
  EXPECT_CALL(daemon_->models, CreateModel).Times(0);
  EXPECT_EQ(Run({"search", "refit", "s", "digits"}), kExitWrongState);
  EXPECT_EQ(err_,
            "fitctl: model digits exists; take another name, or add a version to it with "
            "--add-version\n");
  daemon_.emplace();
  ExpectSearch();
  EXPECT_CALL(daemon_->models, GetModelVersion).WillOnce(Answer(v1::GetModelVersionResponse()));
  EXPECT_CALL(daemon_->models, GetModel).WillOnce(Answer(v1::GetModelResponse()));
  EXPECT_CALL(daemon_->models, CreateModel).WillOnce(Answer(v1::CreateModelResponse()));
  EXPECT_CALL(daemon_->jobs, StartFit)
      .WillOnce(Answer(Proto<v1::StartFitResponse>("job { id: 'fit-9' }")));
  EXPECT_EQ(Run({"search", "refit", "s", "digits", "--add-version", "--detach"}), kExitOk) << err_;
}

TEST_F(SearchCommandsTest, ARefitThatCannotStartLeavesNoModelOfItsOwn) {
  const auto refit = [this](const grpc::Status& found, const grpc::Status& started, int deleted,
                            bool add_version) {
    daemon_.emplace();
    ExpectSearch();
    EXPECT_CALL(daemon_->models, GetModelVersion).WillOnce(Answer(v1::GetModelVersionResponse()));
    EXPECT_CALL(daemon_->models, GetModel).WillOnce(Return(found));
    EXPECT_CALL(daemon_->models, CreateModel).WillOnce(Answer(v1::CreateModelResponse()));
    EXPECT_CALL(daemon_->jobs, StartFit).WillRepeatedly(Return(started));
    EXPECT_CALL(daemon_->models, DeleteModel(_, EqualsProto("name: 'final'"), _))
        .Times(deleted)
        .WillRepeatedly(Return(grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "no")));
    std::vector<std::string> command = {"search", "refit", "s", "final"};
    if (add_version) command.emplace_back("--add-version");
    const int status = Run(command);
    EXPECT_THAT(err_, HasSubstr(started.error_message()));
    return status;
  };
  const grpc::Status no_data(grpc::StatusCode::NOT_FOUND, "unknown data set");
  EXPECT_EQ(refit(UnknownModel(), no_data, 1, false), kExitNotFound);
  EXPECT_EQ(refit(UnknownModel(), no_data, 1, true), kExitNotFound);
  EXPECT_EQ(refit(grpc::Status::OK, no_data, 0, true), kExitNotFound);
  for (const auto code : {grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::FAILED_PRECONDITION,
                          grpc::StatusCode::RESOURCE_EXHAUSTED}) {
    refit(UnknownModel(), {code, "other shape"}, 1, false);
  }
  for (const auto code : {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::DEADLINE_EXCEEDED,
                          grpc::StatusCode::INTERNAL}) {
    refit(UnknownModel(), {code, "who knows"}, 0, false);
  }
}

TEST_F(SearchCommandsTest, ARefitIsNotStartedWhereTheModelCannotBeLookedUp) {
  ExpectSearch();
  EXPECT_CALL(daemon_->models, GetModelVersion).WillOnce(Answer(v1::GetModelVersionResponse()));
  EXPECT_CALL(daemon_->models, GetModel)
      .WillOnce(Return(grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "no")));
  EXPECT_CALL(daemon_->models, CreateModel).Times(0);
  EXPECT_EQ(Run({"search", "refit", "s", "digits"}), kExitDenied);
}

TEST_F(SearchCommandsTest, SeveralFaultsOfATrialStandApart) {
  for (const char* command : {"watch", "show"}) {
    daemon_.emplace();
    EXPECT_CALL(daemon_->searches, GetSearch)
        .WillRepeatedly(Answer(Proto<v1::GetSearchResponse>(kSearch)));
    EXPECT_CALL(daemon_->searches, ListTrials)
        .WillRepeatedly(Answer(Proto<v1::ListTrialsResponse>(
            "trials { number: 1 state: JOB_STATE_FAILED failure { message: 'a: is 1\\nb: is 2' }"
            "  end_time { seconds: 1 } }")));
    EXPECT_EQ(Run({"search", command, "s"}), kExitOk) << err_;
    EXPECT_THAT(out_, HasSubstr("a: is 1; b: is 2\n"));
  }
}

TEST_F(SearchCommandsTest, ParallelCoordinatesTellEachValueOnce) {
  const std::string axis =
      "axes { path: 'activation' choice { choices { value: 'relu' } choices { "
      "value: 'tanh' } } }";
  EXPECT_CALL(daemon_->searches, GetSearch)
      .WillRepeatedly(Answer(Proto<v1::GetSearchResponse>(
          "search { name: 's' spec { space { axes { path: 'batch_size' choice {"
          "choices { value: '8' " +
          axis + "} choices { value: '9' " + axis + "} } } } } }")));
  EXPECT_CALL(daemon_->searches, ListTrials)
      .WillRepeatedly(Answer(Proto<v1::ListTrialsResponse>("")));
  EXPECT_EQ(Run({"search", "export", "s", "--format", "parallel"}), kExitOk) << err_;
  EXPECT_THAT(out_, HasSubstr(R"("values":["relu","tanh"])"));
}

TEST_F(SearchCommandsTest, ShowsTheSearchBesideItsTrialsAsJson) {
  ExpectSearch();
  EXPECT_EQ(Run({"search", "show", "s", "--output", "json"}), kExitOk) << err_;
  google::protobuf::Struct shown;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(out_, &shown).ok()) << out_;
  EXPECT_EQ(shown.fields().at("search").struct_value().fields().at("plannedTrials").string_value(),
            "3");
  EXPECT_EQ(shown.fields().at("trials").list_value().values_size(), 3);
  daemon_.emplace();
  ExpectSearch();
  EXPECT_EQ(Run({"search", "show", "s", "--output", "jsonl"}), kExitOk) << err_;
  EXPECT_THAT(out_, testing::StartsWith(R"({"name":"s",)"));
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 4);
  daemon_.emplace();
  EXPECT_CALL(daemon_->searches, GetSearch)
      .WillRepeatedly(Answer(Proto<v1::GetSearchResponse>(kSearch)));
  EXPECT_CALL(daemon_->searches, ListTrials).WillOnce(Answer(v1::ListTrialsResponse()));
  EXPECT_EQ(Run({"search", "show", "s", "--output", "json"}), kExitOk) << err_;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(out_, &shown).ok()) << out_;
}

TEST_F(SearchCommandsTest, ListsSearches) {
  EXPECT_CALL(daemon_->searches, ListSearches)
      .WillOnce(Answer(Proto<v1::ListSearchesResponse>(
          "searches { name: 's' state: SEARCH_STATE_RUNNING planned_trials: 9 ended_trials: 2 "
          "best_trial: 1 best_score: 0.5 spec { model: 'm' dataset: 'd' } }")));
  EXPECT_EQ(Run({"search", "list"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("RUNNING"), HasSubstr("2/9"), HasSubstr("0.5000")));
}

TEST_F(SearchCommandsTest, OrdersAreGivenAndTheStateIsTold) {
  EXPECT_CALL(daemon_->searches, PauseSearch(_, EqualsProto("name: 's'"), _))
      .WillOnce(Answer(Proto<v1::PauseSearchResponse>("search { state: SEARCH_STATE_PAUSED }")));
  EXPECT_EQ(Run({"search", "pause", "s"}), kExitOk);
  EXPECT_EQ(out_, "Search s is PAUSED\n");
  daemon_.emplace();
  EXPECT_CALL(daemon_->searches, ResumeSearch)
      .WillOnce(Answer(Proto<v1::ResumeSearchResponse>("search { state: SEARCH_STATE_RUNNING }")));
  EXPECT_EQ(Run({"search", "resume", "s"}), kExitOk);
  daemon_.emplace();
  EXPECT_CALL(daemon_->searches, CancelSearch)
      .WillOnce(
          Answer(Proto<v1::CancelSearchResponse>("search { state: SEARCH_STATE_CANCELLING }")));
  EXPECT_EQ(Run({"search", "cancel", "s"}), kExitOk);
  daemon_.emplace();
  EXPECT_CALL(daemon_->searches, DeleteSearch)
      .WillOnce(Answer(Proto<v1::DeleteSearchResponse>("")));
  EXPECT_EQ(Run({"search", "delete", "s"}), kExitOk);
  EXPECT_EQ(out_, "Deleted search s and its jobs; model s with the trials' versions stays\n");
}

// Two folds, twice; the second trial failed.
constexpr char kFoldSearch[] =
    "search { name: 's' state: SEARCH_STATE_SUCCEEDED planned_trials: 2 planned_jobs: 8 "
    "ended_trials: 2 best_trial: 1 best_score: 0.5 best_score_deviation: 0.125 best_version: 3 "
    "end_time { seconds: 9 } spec { model: 'm' dataset: 'd' algorithm { grid {} }"
    "objective { metric: 'val_loss' mode: MONITOR_MODE_MIN }"
    "cross_validation { folds: 2 repeats: 2 } space { axes { path: 'units' choice {"
    "choices { value: '4' } choices { value: '8' } } } } } }";
constexpr char kFoldTrials[] =
    "trials { number: 1 state: JOB_STATE_SUCCEEDED epochs: 8 score: 0.5 score_deviation: 0.125 "
    "  version: 3 parameters { path: 'units' value: '4' } end_time { seconds: 3 }"
    "  fits { number: 1 fold: 1 repeat: 1 state: JOB_STATE_SUCCEEDED score: 0.625 job_id: 'fit-1' }"
    "  fits { number: 2 fold: 2 repeat: 1 state: JOB_STATE_SUCCEEDED score: 0.375 job_id: 'fit-2' "
    "         version: 3 }"
    "  fits { number: 3 fold: 1 repeat: 2 state: JOB_STATE_SUCCEEDED score: 0.5 job_id: 'fit-3' }"
    "  fits { number: 4 fold: 2 repeat: 2 state: JOB_STATE_SUCCEEDED score: 0.5 job_id: 'fit-4' } }"
    "trials { number: 2 state: JOB_STATE_FAILED parameters { path: 'units' value: '8' }"
    "  end_time { seconds: 4 } failure { message: 'repetition 1, fold 2: is NaN' }"
    "  fits { score: 0.75 } fits {} fits {} fits {} }";

class FoldCommandsTest : public FitctlTest {
 protected:
  void SetUp() override {
    EXPECT_CALL(daemon_->searches, GetSearch)
        .WillRepeatedly(Answer(Proto<v1::GetSearchResponse>(kFoldSearch)));
    EXPECT_CALL(daemon_->searches, ListTrials)
        .WillRepeatedly(Answer(Proto<v1::ListTrialsResponse>(kFoldTrials)));
  }
};

TEST_F(FoldCommandsTest, ShowsTheSpreadBesideTheMean) {
  EXPECT_EQ(Run({"search", "show", "s"}), kExitOk) << err_;
  EXPECT_THAT(out_,
              AllOf(HasSubstr("jobs       8 at most: 2 folds, 2 repetitions\n"),
                    HasSubstr("best       trial 1, val_loss 0.5000 +/- 0.1250, s@3\n"),
                    HasSubstr("trial  units  state      epochs  val_loss     +/-  time  version  "
                              "metrics\n"),
                    HasSubstr("    1      4  SUCCEEDED       8    0.5000  0.1250"),
                    HasSubstr("repetition 1, fold 2: is NaN")));
}

TEST_F(FoldCommandsTest, WatchTellsTheSpreadToo) {
  EXPECT_EQ(Run({"search", "watch", "s"}), kExitOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("Trial 1/2  units 4  val_loss 0.5000 +/- 0.1250\n"),
                          HasSubstr("Best: trial 1 with val_loss 0.5000 +/- 0.1250, stored as s@3"
                                    "\n")));
}

TEST_F(FoldCommandsTest, ShowsTheFitsOfTheBest) {
  EXPECT_EQ(Run({"search", "best", "s"}), kExitOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("val_loss    0.5000 +/- 0.1250\n"),
                          HasSubstr("repetition  fold  job    state      epochs  val_loss"),
                          HasSubstr("         1     2  fit-2  SUCCEEDED       0    0.3750")));
}

TEST_F(FoldCommandsTest, ExportsTheScoreOfEachFit) {
  EXPECT_EQ(Run({"search", "export", "s"}), kExitOk) << err_;
  EXPECT_EQ(out_,
            "trial,units,state,epochs,score,score_deviation,score_1,score_2,score_3,score_4,"
            "seconds,trainable_parameters,job,version,weights_sha256,failure,stop_reason\n"
            "1,4,SUCCEEDED,8,0.5,0.125,0.625,0.375,0.5,0.5,,0,fit-1 fit-2 fit-3 fit-4,3,,,\n"
            "2,8,FAILED,0,,,0.75,,,,,0,,,,\"repetition 1, fold 2: is NaN\",\n");
}

TEST_F(FoldCommandsTest, RefitsOnAllRows) {
  EXPECT_CALL(daemon_->models, GetModelVersion(_, EqualsProto("model: 's@3'"), _))
      .WillOnce(Answer(Proto<v1::GetModelVersionResponse>(
          "version { lineage { epoch: 2 training { epochs: 2 seed: 8 fold { index: 2 count: 2 } } "
          "} }")));
  EXPECT_CALL(daemon_->models, GetModel).WillOnce(Return(UnknownModel()));
  EXPECT_CALL(daemon_->models, CreateModel).WillOnce(Answer(v1::CreateModelResponse()));
  EXPECT_CALL(daemon_->jobs,
              StartFit(_,
                       EqualsProto("spec { model: 'final' dataset: 'd' resources {} training { "
                                   "epochs: 2 seed: 8 } }"),
                       _))
      .WillOnce(Answer(Proto<v1::StartFitResponse>("job { id: 'fit-9' }")));
  EXPECT_EQ(Run({"search", "refit", "s", "final", "--detach"}), 0) << err_;
}

}  // namespace
}  // namespace fitd::cli
