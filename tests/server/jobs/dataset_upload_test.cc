#include "server/jobs/dataset_upload.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "core/base/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/use_cases.h"

namespace fitd {
namespace {

using testing::HasSubstr;

class DatasetUploadTest : public testing::Test {
 protected:
  void SetUp() override {
    UseCases::Options options;
    options.max_dataset_bytes = 10'000;
    FITD_ASSERT_OK_AND_ASSIGN(daemon_, UseCases::Open(temp_.File("data"), options));
    upload_ = daemon_->datasets.NewUpload();
  }

  void TearDown() override {
    upload_.reset();
    EXPECT_TRUE(std::filesystem::is_empty(temp_.File("data/tmp")));
  }

  absl::Status Header(const v1::UploadHeader& header) {
    v1::UploadDatasetRequest part;
    *part.mutable_header() = header;
    absl::StatusOr<std::optional<v1::UploadDatasetResponse>> answer = upload_->Add(part);
    answered_ = answer.ok() && answer->has_value();
    return answer.status();
  }

  absl::Status Chunk(const std::string& data, int source = 0) {
    v1::UploadDatasetRequest part;
    part.mutable_chunk()->set_data(data);
    part.mutable_chunk()->set_source(source);
    return upload_->Add(part).status();
  }

  absl::Status Complete(bool cancelled = false) {
    return upload_->Complete([cancelled] { return cancelled; }).status();
  }

  int DatasetCount() { return daemon_->datasets.List({})->datasets_size(); }

  TempDir temp_;
  std::unique_ptr<UseCases> daemon_;
  std::unique_ptr<DatasetUpload> upload_;
  bool answered_ = false;
};

// Failure case 68: a stream that does not follow the protocol.

TEST_F(DatasetUploadTest, ChunkBeforeTheHeaderIsRefused) {
  EXPECT_THAT(Chunk("x"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("header: is missing")));
}

TEST_F(DatasetUploadTest, EndWithoutAHeaderIsRefused) {
  EXPECT_THAT(Complete(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("header: is missing")));
}

TEST_F(DatasetUploadTest, SecondHeaderIsRefused) {
  FITD_ASSERT_OK(Header(CsvHeader("d", "kind")));
  EXPECT_THAT(Header(CsvHeader("d", "kind")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("second time")));
}

TEST_F(DatasetUploadTest, EmptyPartIsRefused) {
  EXPECT_THAT(upload_->Add({}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("part: is not set")));
}

TEST_F(DatasetUploadTest, ChunkLargerThanAMebibyteIsRefused) {
  FITD_ASSERT_OK(Header(CsvHeader("d", "kind")));
  EXPECT_THAT(Chunk(std::string((1 << 20) + 1, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1048577")));
}

TEST_F(DatasetUploadTest, ChunkOfASourceThatDoesNotExistIsRefused) {
  FITD_ASSERT_OK(Header(CsvHeader("d", "kind")));
  EXPECT_THAT(Chunk("x", 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("chunk.source: is 1")));
  EXPECT_THAT(Chunk("x", -1), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(DatasetUploadTest, SourcesNeverFall) {
  v1::UploadHeader header;
  header.set_name("d");
  for (const v1::ColumnRole role : {v1::COLUMN_ROLE_FEATURE, v1::COLUMN_ROLE_LABEL}) {
    v1::SourceSpec& source = *header.add_sources();
    source.set_file_name("d.npy");
    source.mutable_npy();
    source.set_role(role);
  }
  FITD_ASSERT_OK(Header(header));
  FITD_ASSERT_OK(Chunk("x", 1));
  EXPECT_THAT(Chunk("x", 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("never falls")));
}

TEST_F(DatasetUploadTest, WrongHashIsDataLossAndStoresNothing) {
  v1::UploadHeader header = CsvHeader("d", "kind");
  header.set_sha256(std::string(64, '0'));
  FITD_ASSERT_OK(Header(header));
  FITD_ASSERT_OK(Chunk(TwoClusters(4)));
  EXPECT_THAT(Complete(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(DatasetCount(), 0);
}

TEST_F(DatasetUploadTest, MoreThanTheLimitIsRefused) {
  FITD_ASSERT_OK(Header(CsvHeader("d", "kind")));
  EXPECT_THAT(Chunk(std::string(10'001, 'x')),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("10000")));
}

TEST_F(DatasetUploadTest, FaultsOfTheHeaderAreNamedTogether) {
  v1::UploadHeader header;
  header.set_name("../x");
  header.set_sha256("abc");
  EXPECT_THAT(Header(header),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::AllOf(HasSubstr("header.name"), HasSubstr("header.sources"),
                                      HasSubstr("header.sha256"))));
}

TEST_F(DatasetUploadTest, ChecksAHeaderAlone) {
  v1::UploadHeader header = CsvHeader("d", "kind");
  header.set_validate_only(true);
  FITD_ASSERT_OK(Header(header));
  FITD_EXPECT_OK(Complete());
  EXPECT_EQ(DatasetCount(), 0);
  upload_ = daemon_->datasets.NewUpload();
  header.set_name("D");
  FITD_ASSERT_OK(Header(header));
  EXPECT_THAT(Complete(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("header.name")));
}

TEST_F(DatasetUploadTest, ChecksAFileAndStoresNothing) {
  v1::UploadHeader header = CsvHeader("d", "kind");
  header.set_validate_only(true);
  FITD_ASSERT_OK(Header(header));
  FITD_ASSERT_OK(Chunk(TwoClusters(4)));
  FITD_EXPECT_OK(Complete());
  EXPECT_EQ(DatasetCount(), 0);
}

TEST_F(DatasetUploadTest, FaultsOfTheHeaderAreNamedWithThoseOfTheFile) {
  v1::UploadHeader header = CsvHeader("D", "kind");
  header.mutable_sources(0)->mutable_csv()->clear_label_columns();
  header.set_sha256("abc");
  FITD_ASSERT_OK(Header(header));
  FITD_ASSERT_OK(Chunk("x,kind\n1\n"));
  EXPECT_THAT(Complete(), StatusIs(absl::StatusCode::kInvalidArgument,
                                   testing::AllOf(HasSubstr("header.name: is \"D\""),
                                                  HasSubstr("csv.label_columns: is empty"),
                                                  HasSubstr("header.sha256: is \"abc\""),
                                                  HasSubstr("D.csv:2:1: the line has 1 field"))));
}

TEST_F(DatasetUploadTest, NamesTheFieldOfAColumnThatTheFileLacks) {
  FITD_ASSERT_OK(Header(CsvHeader("d", "knid")));
  FITD_ASSERT_OK(Chunk("x,kind\n1,a\n"));
  EXPECT_THAT(Complete(), StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("header.sources[0].csv.label_columns[0]: unknown")));
}

TEST_F(DatasetUploadTest, BadContentStoresNothing) {
  FITD_ASSERT_OK(Header(CsvHeader("d", "kind")));
  FITD_ASSERT_OK(Chunk("x,y,kind\n1,2\n"));
  EXPECT_THAT(Complete(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("d.csv:2")));
  EXPECT_EQ(DatasetCount(), 0);
}

TEST_F(DatasetUploadTest, ClientThatIsGoneStoresNothing) {
  FITD_ASSERT_OK(Header(CsvHeader("d", "kind")));
  FITD_ASSERT_OK(Chunk(TwoClusters(4)));
  EXPECT_THAT(Complete(/*cancelled=*/true), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(DatasetCount(), 0);
}

TEST_F(DatasetUploadTest, KnownBytesAreAnsweredWithoutReadingThem) {
  const std::string csv = TwoClusters(4);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Dataset first,
                            UploadCsv(daemon_->datasets, "d", csv, "kind"));
  v1::UploadHeader header = CsvHeader("other", "kind");
  header.set_sha256(Sha256Hex(csv));
  FITD_ASSERT_OK(Header(header));
  EXPECT_TRUE(answered_);
  EXPECT_EQ(daemon_->datasets.List({})->datasets(1).sha256(), first.sha256());
}

TEST_F(DatasetUploadTest, SameBytesAgainMendADamagedFile) {
  const std::string csv = TwoClusters(4);
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Dataset dataset,
                            UploadCsv(daemon_->datasets, "d", csv, "kind"));
  const std::string path = daemon_->directory->DatasetPath(dataset.sha256());
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  file.put('x');
  file.close();
  EXPECT_THAT(daemon_->tables.Check(dataset.sha256()),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("upload it again")));
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", csv, "kind"));
  FITD_EXPECT_OK(daemon_->tables.Check(dataset.sha256()));
  std::filesystem::remove(path);
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", csv, "kind"));
  FITD_EXPECT_OK(daemon_->tables.Check(dataset.sha256()));
}

TEST_F(DatasetUploadTest, AnswerHoldsTheFirstWordsOfALargeDictionary) {
  std::string csv = "word,y\n";
  for (int i = 100; i < 350; ++i) csv += "w" + std::to_string(i) + ",1\n";
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Dataset dataset, UploadCsv(daemon_->datasets, "d", csv, "y"));
  ASSERT_EQ(dataset.columns(0).dictionary_size(), 100);
  EXPECT_EQ(dataset.columns(0).dictionary(99), "w199");
  v1::PreviewDatasetRequest preview;
  preview.set_name("d");
  EXPECT_EQ(daemon_->datasets.Preview(preview)->statistics(0).distinct(), 250);
}

TEST_F(DatasetUploadTest, KnownBytesReadInAnotherWayAreNotAnswered) {
  const std::string csv = TwoClusters(4);
  FITD_ASSERT_OK(UploadCsv(daemon_->datasets, "d", csv, "kind"));
  v1::UploadHeader header = CsvHeader("other", "y");
  header.set_sha256(Sha256Hex(csv));
  FITD_ASSERT_OK(Header(header));
  EXPECT_FALSE(answered_);
}

TEST_F(DatasetUploadTest, SameContentAgainIsAnsweredAndOtherContentIsRefused) {
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Dataset first,
                            UploadCsv(daemon_->datasets, "d", TwoClusters(4), "kind"));
  FITD_ASSERT_OK_AND_ASSIGN(const v1::Dataset again,
                            UploadCsv(daemon_->datasets, "d", TwoClusters(4), "kind"));
  EXPECT_EQ(again.DebugString(), first.DebugString());
  EXPECT_THAT(UploadCsv(daemon_->datasets, "d", TwoClusters(6), "kind"),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(DatasetCount(), 1);
}

TEST_F(DatasetUploadTest, RequestIdWithOtherBytesIsRefused) {
  v1::UploadHeader header = CsvHeader("d", "kind");
  header.set_request_id("r");
  for (const int rows : {4, 4, 6}) {
    upload_ = daemon_->datasets.NewUpload();
    FITD_ASSERT_OK(Header(header));
    FITD_ASSERT_OK(Chunk(TwoClusters(rows)));
    if (rows == 4) {
      FITD_EXPECT_OK(Complete());
    } else {
      EXPECT_THAT(Complete(),
                  StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("another request")));
    }
  }
}

}  // namespace
}  // namespace fitd
