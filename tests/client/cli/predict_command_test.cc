#include "client/cli/predict_command.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using client::FieldViolation;
using client::Refusal;
using testing::_;
using testing::AllOf;
using testing::AnyNumber;
using testing::HasSubstr;
using testing::Not;
using testing::Return;

class PredictTest : public FitctlTest {
 protected:
  using MockStream = testing::NiceMock<
      grpc::testing::MockClientReaderWriter<v1::PredictStreamRequest, v1::PredictStreamResponse>>;

  // `end` ends it behind so many answers, unless it is OK.
  MockStream* Stream(const std::string& response, const grpc::Status& end, size_t answers = 1) {
    auto* stream = new MockStream();
    EXPECT_CALL(*stream, Write)
        .Times(AnyNumber())
        .WillRepeatedly([this](const v1::PredictStreamRequest& request, auto) {
          requests_.push_back(request.request());
          return true;
        });
    EXPECT_CALL(*stream, Read)
        .Times(AnyNumber())
        .WillRepeatedly([response, end, answers,
                         read = std::make_shared<size_t>(0)](v1::PredictStreamResponse* message) {
          if (!end.ok() && (*read)++ == answers) return false;
          *message->mutable_response() = Proto<v1::PredictResponse>(response);
          return true;
        });
    EXPECT_CALL(*stream, Finish).WillOnce(Return(end));
    return stream;
  }

  void ExpectPredict(const std::string& response, const grpc::Status& end = grpc::Status::OK) {
    EXPECT_CALL(daemon_->predictions, PredictStreamRaw).WillOnce(Return(Stream(response, end)));
  }

  // The streams of a file whose requests are refused one after the other.
  void ExpectRefusals(const std::vector<grpc::Status>& refusals) {
    auto& streams = EXPECT_CALL(daemon_->predictions, PredictStreamRaw);
    for (const grpc::Status& refusal : refusals)
      streams.WillOnce(Return(Stream("", refusal, /*answers=*/0)));
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

TEST_F(PredictTest, WaitsForTheNextEpochOfARunningJob) {
  google::rpc::RetryInfo at_once;
  google::rpc::Status details;
  details.add_details()->PackFrom(at_once);
  const grpc::Status early(grpc::StatusCode::UNAVAILABLE, "job fit-7 has finished 2 of 9 epochs",
                           details.SerializeAsString());
  EXPECT_CALL(daemon_->predictions, PredictStreamRaw)
      .WillOnce(Return(Stream("", early, /*answers=*/0)))
      .WillOnce(Return(Stream("", early, /*answers=*/0)))
      .WillOnce(Return(
          Stream("model: 'm' job_id: 'fit-7' epoch: 3 outputs: 1 scores: 0.5", grpc::Status::OK)));
  EXPECT_EQ(Run({"predict", "job:fit-7", "-"}, "w\n1.5\n"), kExitOk) << err_;
  EXPECT_EQ(err_, "Waiting: job fit-7 has finished 2 of 9 epochs\n");
  EXPECT_EQ(out_,
            "m, epoch 3 of job fit-7\n\n"
            "row  prediction\n"
            "  1      0.5000\n");
  ASSERT_EQ(requests_.size(), 3U);
  for (const v1::PredictRequest& request : requests_) EXPECT_EQ(request.rows().rows_size(), 1);

  daemon_.emplace();
  ExpectPredict("model: 'm' job_id: 'fit-7' epoch: 3 outputs: 1 scores: 0.5");
  EXPECT_EQ(Run({"predict", "job:fit-7", "-", "--output", "jsonl"}, "w\n1.5\n"), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("\"jobId\":\"fit-7\""), HasSubstr("\"epoch\":\"3\"")));
}

TEST_F(PredictTest, NamesTheColumnsOfATableWithoutHeader) {
  ExpectPredict(kTwoRows);
  EXPECT_EQ(Run({"predict", "m", "-"}, "1,2\n3,4\n"), kExitOk);
  EXPECT_THAT(requests_.at(0).rows().columns(), testing::ElementsAre("c0", "c1"));
  EXPECT_EQ(requests_.at(0).rows().rows_size(), 2);
}

TEST_F(PredictTest, NamesTheColumnsAsAnUploadDoes) {
  ExpectPredict(kTwoRows);
  EXPECT_EQ(Run({"predict", "m", "-"}, ", b\n1,2\n3,4\n"), kExitOk);
  EXPECT_THAT(requests_.at(0).rows().columns(), testing::ElementsAre("c0", "b"));
  EXPECT_EQ(requests_.at(0).rows().rows_size(), 2);
}

TEST_F(PredictTest, AFirstLineOfNumbersAndGapsIsData) {
  ExpectPredict(kTwoRows);
  EXPECT_EQ(Run({"predict", "m", "-"}, "1,\n3,4\n"), kExitOk);
  EXPECT_THAT(requests_.at(0).rows().columns(), testing::ElementsAre("c0", "c1"));
  EXPECT_EQ(requests_.at(0).rows().rows_size(), 2);
}

TEST_F(PredictTest, NamesTheFileThatLacksAColumn) {
  ExpectPredict(kTwoRows, Refusal({{"rows.columns", "lacks column \"age\""},
                                   {"rows.columns[1]", "is there twice"}}));
  EXPECT_EQ(Run({"predict", "m", Write("rows.csv", "b,b\n1,2\n")}), kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("rows.csv: lacks column \"age\"\n"),
                          HasSubstr("rows.csv: column \"b\": is there twice\n")));
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

TEST_F(PredictTest, NamesFaultsByFileLineAndColumn) {
  std::string rows = "w,kind\n";
  for (int i = 0; i < 4096; ++i) rows += "1,a\n";
  rows += "x,a\n\n2\n";  // An empty line is no row, and counts.
  ExpectPredict(kTwoRows, Refusal({{"rows.rows[0].values[0]", "is \"x\""},
                                   {"rows.rows[1].values", "has 1 value for 2 columns"},
                                   {"rows.rows", "and 3 more"}}));
  EXPECT_EQ(Run({"predict", "m", Write("rows.csv", rows)}), kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("rows.csv:4098: column \"w\": is \"x\"\n"),
                          HasSubstr("rows.csv:4100: has 1 value for 2"),
                          HasSubstr("rows.csv: and 3 more\n")));
}

TEST_F(PredictTest, ReportsEveryWrongOptionBesideWhatTheDaemonSays) {
  EXPECT_CALL(daemon_->predictions, Predict(_, EqualsProto("model: 'm'"), _))
      .WillOnce(Return(grpc::Status(grpc::StatusCode::NOT_FOUND, "there is no model \"m\"")));
  EXPECT_EQ(Run({"predict", "m", "--features", Write("x.raw", ""), "--dtype", "flat32",
                 "--row-shape", "2,x", "--top-k", "many"}),
            kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("fitctl: --dtype: unknown type \"flat32\""),
                          HasSubstr("fitctl: --row-shape: is \"x\"; expected"),
                          HasSubstr("fitctl: --top-k: is \"many\"; expected"),
                          HasSubstr("fitctl: there is no model \"m\"")));
}

TEST_F(PredictTest, DoesNotBlameTheRowsThatItCouldNotSend) {
  EXPECT_CALL(daemon_->predictions, Predict).WillOnce(Return(Refusal({{"input", "is not set"}})));
  EXPECT_EQ(Run({"predict", "m", "-", "--delimiter", "ab"}, "a\n1\n"), kExitUsage);
  EXPECT_THAT(err_, Not(HasSubstr("is not set")));
}

TEST_F(PredictTest, WrongOptionsHideNoWrongRow) {
  ExpectRefusals({Refusal({{"rows.rows[0].values[0]", "is \"x\""}})});
  EXPECT_EQ(Run({"predict", "m", "-", "--top-k", "many", "--dtype", "uint8"}, "a\nx\n"),
            kExitUsage);
  EXPECT_EQ(err_,
            "fitctl: --dtype: is for raw files; there is none here\n"
            "fitctl: --top-k: is \"many\"; expected a whole number of 32 bits\n"
            "fitctl: stdin:2: column \"a\": is \"x\"\n");
}

TEST_F(PredictTest, NamesTheFaultsOfAllRequestsAndPrintsNoAnswer) {
  std::string rows = "a\n";
  for (int i = 0; i < 3 * 4096; ++i) rows += "1\n";
  rows += "\"x\"y\n";
  const FieldViolation everywhere{"rows.columns", "lacks column \"age\""};
  ExpectRefusals({Refusal({everywhere, {"rows.rows[0].values[0]", "is wrong"}}),
                  Refusal({everywhere, {"rows.rows[1].values[0]", "is wrong"}, {"top_k", "is 7"}}),
                  Refusal({everywhere, {"top_k", "is 7"}})});
  EXPECT_EQ(Run({"predict", "m", Write("rows.csv", rows), "--output", "jsonl"}), kExitUsage);
  const std::string file = dir_.File("rows.csv");
  EXPECT_EQ(err_,
            "fitctl: --top-k (top_k): is 7\n"
            "fitctl: " +
                file +
                ": lacks column \"age\"\n"
                "fitctl: " +
                file +
                ":2: column \"a\": is wrong\n"
                "fitctl: " +
                file +
                ":4099: column \"a\": is wrong\n"
                "fitctl: " +
                file + ":12290: field 1: text after the closing quote\n");
  EXPECT_EQ(out_, "");
}

TEST_F(PredictTest, CountsTheFaultsThatItDoesNotList) {
  std::string rows = "a\n";
  for (int i = 0; i < 2 * 4096; ++i) rows += "1\n";
  std::vector<FieldViolation> twenty;
  for (int i = 0; i < 20; ++i)
    twenty.push_back({"rows.rows[" + std::to_string(i) + "].values[0]", "is wrong"});
  twenty.push_back({"rows.rows", "and 5 more"});
  ExpectRefusals({Refusal(twenty)});
  EXPECT_EQ(Run({"predict", "m", "-"}, rows), kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("fitctl: stdin:21: column \"a\": is wrong\n"),
                          HasSubstr("fitctl: stdin: and at least 5 more\n")));
}

TEST_F(PredictTest, ReadsOnUntilItKnowsThatThereAreMoreThanItLists) {
  std::string rows = "a\n";
  for (int i = 0; i < 2 * 4096; ++i) rows += "1\n";
  std::vector<FieldViolation> twenty;
  for (int i = 0; i < 20; ++i)
    twenty.push_back({"rows.rows[" + std::to_string(i) + "].values[0]", "is wrong"});
  ExpectRefusals({Refusal(twenty), Refusal({{"rows.rows[0].values[0]", "is wrong"}})});
  EXPECT_EQ(Run({"predict", "m", "-"}, rows), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("fitctl: stdin: and 1 more\n"));
}

TEST_F(PredictTest, AWrongRowKeepsTheAnswersBeforeItFromBeingPrinted) {
  std::string rows = "a\n";
  for (int i = 0; i < 4096; ++i) rows += "1\n";
  ExpectPredict(kTwoRows, Refusal({{"rows.rows[0].values[0]", "is \"x\""}}));
  EXPECT_EQ(Run({"predict", "m", "-", "--output", "jsonl"}, rows + "x\n"), kExitUsage);
  EXPECT_EQ(out_, "");
}

TEST_F(PredictTest, SaysThatATableIsUtf16) {
  using std::string_literals::operator""s;
  EXPECT_CALL(daemon_->predictions, Predict).WillOnce(Return(Refusal({{"input", "is not set"}})));
  EXPECT_EQ(Run({"predict", "m", "-"}, "\xFF\xFE"s + "a\0,\0b\0\n\0"s), kExitUsage);
  EXPECT_EQ(err_, "fitctl: ROWS: stdin: looks like UTF-16; save it as UTF-8\n");
}

TEST_F(PredictTest, CountsRowsOfATensorFromTheStartOfItsFile) {
  ExpectPredict("outputs: 1 scores: [0.5]", Refusal({{"tensor.data[5, 1]", "is no number"}}));
  const std::string file = Write("x.raw", std::string(5000 * 2, 'a'));
  EXPECT_EQ(Run({"predict", "m", "--features", file, "--dtype", "uint8", "--row-shape", "2"}),
            kExitUsage);
  EXPECT_THAT(err_, HasSubstr("x.raw: row 4102, value 2: is no number"));
}

TEST_F(PredictTest, ReadsAGzippedTable) {
  ExpectPredict(kTwoRows);
  const std::string file = dir_.File("rows.csv.gz");
  const gzFile zipped = gzopen(file.c_str(), "wb");
  gzputs(zipped, "w,kind\n1,a\n2,b\n");
  gzclose(zipped);
  EXPECT_EQ(Run({"predict", "m", file}), kExitOk) << err_;
  EXPECT_THAT(requests_.at(0).rows().columns(), testing::ElementsAre("w", "kind"));
  EXPECT_EQ(requests_.at(0).rows().rows_size(), 2);
}

TEST_F(PredictTest, RefusesWhatIsNotText) {
  ExpectPredict(kTwoRows);
  EXPECT_EQ(Run({"predict", "m", "-"}, "a,b\n1,2\n3,\xff\n"), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("stdin:3: "));
  EXPECT_THAT(err_, HasSubstr("is not UTF-8 text"));
}

TEST_F(PredictTest, DistrustsAnAnswerThatDoesNotFitTogether) {
  ExpectPredict("outputs: 2 scores: [0.5] labels: ['x']");
  EXPECT_EQ(Run({"predict", "m", "-"}, "a\nx\n"), kExitOther);
}

}  // namespace
}  // namespace fitd::cli
