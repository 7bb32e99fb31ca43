#include "client/cli/dataset_commands.h"

#include <string>
#include <vector>

#include "tests/client/cli/fitctl_fixture.h"

namespace fitd::cli {
namespace {

using client::Answer;
using client::Refusal;
using testing::_;
using testing::AllOf;
using testing::DoAll;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Return;
using testing::SaveArg;

using DatasetCommandsTest = FitctlTest;

TEST_F(DatasetCommandsTest, UploadsATable) {
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

TEST_F(DatasetCommandsTest, ReportsEveryWrongOptionOfAnUploadBesideWhatTheDaemonSays) {
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
TEST_F(DatasetCommandsTest, SendsTheFileOfAnUploadWithWrongOptions) {
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

TEST_F(DatasetCommandsTest, SendsNoFileThatItCannotReadAsTold) {
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

TEST_F(DatasetCommandsTest, ADelimiterMayBeATabByName) {
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

TEST_F(DatasetCommandsTest, LeavesOutFilesOfUnknownFormat) {
  EXPECT_CALL(daemon_->datasets, UploadDatasetRaw)
      .WillOnce(Return(Upload(Refusal({{"header.sources", "allowed: one csv source"}}))));
  EXPECT_EQ(Run({"dataset", "upload", "d", Write("x.txt", "a\n"), "--label", "y"}), kExitUsage);
  EXPECT_THAT(err_, AllOf(HasSubstr("fitctl: --format: "), Not(HasSubstr("allowed: one csv"))));
}

TEST_F(DatasetCommandsTest, SaysThatNumbersAreTakenForWords) {
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

TEST_F(DatasetCommandsTest, SaysThatValuesDifferByBlanksAlone) {
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

TEST_F(DatasetCommandsTest, ShowsTheFirstRows) {
  EXPECT_CALL(daemon_->datasets, PreviewDataset(_, EqualsProto("name: 'd' rows: 2"), _))
      .WillOnce(Answer(Proto<v1::PreviewDatasetResponse>(
          "dataset { columns { name: 'width' } columns { name: 'kind' } } rows { values: ['0.5', "
          "'setosa'] } rows { values: ['12', ''] }")));
  EXPECT_EQ(Run({"dataset", "head", "d", "-n", "2"}), kExitOk);
  EXPECT_EQ(out_, "width  kind\n  0.5  setosa\n   12\n");
}

TEST_F(DatasetCommandsTest, PrintsAListAsJsonLines) {
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

}  // namespace
}  // namespace fitd::cli
