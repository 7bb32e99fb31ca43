#include "client/cli/predict_command.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using testing::AnyNumber;
using testing::HasSubstr;
using testing::Return;

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

}  // namespace
}  // namespace fitd::cli
