#include "core/data/csv_table.h"

#include <clocale>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/data/data_fixture.h"
#include "tests/core/data/gzip.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class CsvTableTest : public DataFixture {
 protected:
  // What a column of the values becomes; its label column is a constant.
  absl::StatusOr<std::shared_ptr<const Table>> Column(const std::vector<std::string>& values) {
    std::string csv = "x,y\n";
    for (const std::string& value : values) csv += value + ",0\n";
    return CsvTable(csv);
  }

  absl::StatusOr<v1::DataType> StoredType(const std::vector<std::string>& values) {
    FITD_ASSIGN_OR_RETURN(const auto table, Column(values));
    return table->column(0).dtype();
  }

  absl::StatusOr<v1::ColumnKind> Kind(const std::vector<std::string>& values) {
    FITD_ASSIGN_OR_RETURN(const auto table, Column(values));
    return table->column(0).kind();
  }

  absl::StatusOr<std::vector<std::string>> Texts(const std::vector<std::string>& values) {
    FITD_ASSIGN_OR_RETURN(const auto table, Column(values));
    std::vector<std::string> texts;
    for (int64_t row = 0; row < table->rows(); ++row) texts.push_back(table->TextAt(0, row));
    return texts;
  }

  absl::StatusOr<std::shared_ptr<const Table>> WithSpec(
      std::string_view text, const std::function<void(v1::CsvSpec&)>& change) {
    IngestSource source = Csv(Write("t.csv", text), {"y"});
    change(*source.spec.mutable_csv());
    return IngestTable({source});
  }
};

TEST_F(CsvTableTest, GuessesTheKindOfAColumn) {
  EXPECT_THAT(Kind({"1", "+2", " -3 "}), IsOkAndHolds(v1::COLUMN_KIND_INTEGER));
  EXPECT_THAT(Kind({"1", "2.0"}), IsOkAndHolds(v1::COLUMN_KIND_REAL));
  EXPECT_THAT(Kind({"1", "99999999999999999999"}), IsOkAndHolds(v1::COLUMN_KIND_REAL));
  EXPECT_THAT(Kind({"1", "2e3", "?"}), IsOkAndHolds(v1::COLUMN_KIND_REAL));
  for (const std::string text : {"red", "0x1p3", "\"1,5\"", "1 000", "--1", "+-1", "1.2.3", "1e"}) {
    EXPECT_THAT(Kind({"1", text}), IsOkAndHolds(v1::COLUMN_KIND_CATEGORICAL)) << text;
  }
}

TEST_F(CsvTableTest, StoresInTheNarrowestType) {
  EXPECT_THAT(StoredType({"0", "255"}), IsOkAndHolds(v1::DATA_TYPE_UINT8));
  EXPECT_THAT(StoredType({"-1", "127"}), IsOkAndHolds(v1::DATA_TYPE_INT8));
  EXPECT_THAT(StoredType({"0", "65535"}), IsOkAndHolds(v1::DATA_TYPE_UINT16));
  EXPECT_THAT(StoredType({"-1", "128"}), IsOkAndHolds(v1::DATA_TYPE_INT16));
  EXPECT_THAT(StoredType({"-1", "65535"}), IsOkAndHolds(v1::DATA_TYPE_INT32));
  EXPECT_THAT(StoredType({"0", "2147483648"}), IsOkAndHolds(v1::DATA_TYPE_INT64));
  EXPECT_THAT(StoredType({"0", "255", ""}), IsOkAndHolds(v1::DATA_TYPE_FLOAT32));
  EXPECT_THAT(StoredType({"0.5", "0.25"}), IsOkAndHolds(v1::DATA_TYPE_FLOAT32));
  EXPECT_THAT(StoredType({"0.5", "0.1"}), IsOkAndHolds(v1::DATA_TYPE_FLOAT64));
  EXPECT_THAT(StoredType({"a", "b"}), IsOkAndHolds(v1::DATA_TYPE_UINT8));
}

TEST_F(CsvTableTest, GivesBackWhatItRead) {
  const std::vector<std::string> integers = {"-9223372036854775808", "0", "9223372036854775807"};
  EXPECT_THAT(Texts(integers), IsOkAndHolds(integers));
  const std::vector<std::string> reals = {"0.1", "-1e-300", "123456.789", "", "1e+22"};
  EXPECT_THAT(Texts(reals), IsOkAndHolds(reals));
  const std::vector<std::string> texts = {"z", "", " a ", "\xC3\xA9", "1"};
  EXPECT_THAT(Texts(texts), IsOkAndHolds(texts));
}

TEST_F(CsvTableTest, TextAfterNumbersMakesAllOfThemText) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, Column({"10", "9", "1.50", "inf", "red", "9"}));
  EXPECT_THAT(table->column(0).dictionary(), ElementsAre("1.50", "10", "9", "inf", "red"));
  EXPECT_EQ(table->NumberAt(0, 1), 3);
  EXPECT_EQ(table->header().statistics(0).distinct(), 5);
}

TEST_F(CsvTableTest, NamesTheCellOfANumberThatIsNotFinite) {
  EXPECT_THAT(Column({"1", "1e999"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "t.csv:3:1: column \"x\": \"1e999\" is out of the range of a 64-bit float"));
  EXPECT_THAT(Column({"-inf"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("t.csv:2:1:")));
}

TEST_F(CsvTableTest, NamesEveryBadCellAndLine) {
  const auto reals = [](v1::CsvSpec& csv) {
    (*csv.mutable_column_kinds())["x"] = v1::COLUMN_KIND_REAL;
  };
  EXPECT_THAT(WithSpec("x,y\nred,0\n1,2,3\n2,\nblue,1\n\"x", reals),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "t.csv:2:1: column \"x\": \"red\" is not a number\n"
                       "t.csv:3:5: the line has 3 fields; expected 2, as in the first line\n"
                       "t.csv:4:3: row 3 has no label in column \"y\"\n"
                       "t.csv:5:1: column \"x\": \"blue\" is not a number\n"
                       "t.csv:6:1: a quoted field has no closing quote"));
  EXPECT_THAT(CsvTable("a,b,y\n1.5,inf,0\n2.5,inf,1\n2,nan,0\n3,1e999,\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("t.csv:5:9: row 4 has no label"), HasSubstr("t.csv:2:5"),
                             HasSubstr("t.csv:3:5"), HasSubstr("t.csv:5:3"))));
  std::string many = "x,y\n";
  for (int i = 0; i < 50; ++i) many += "red,0\n";
  EXPECT_THAT(WithSpec(many, reals),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("t.csv:21:1: "), HasSubstr("\nt.csv: and 30 more"))));
}

TEST_F(CsvTableTest, ReadsNoFurtherThanTenThousandFaults) {
  const auto reals = [](v1::CsvSpec& csv) {
    (*csv.mutable_column_kinds())["x"] = v1::COLUMN_KIND_REAL;
  };
  std::string many = "x,y\n";
  for (int i = 0; i < 10'001; ++i) many += "red,0\n";
  EXPECT_THAT(WithSpec(many, reals),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("and at least 9980 more")));
}

TEST_F(CsvTableTest, NamesDamagedGzipOnce) {
  std::string csv = "x,y\n";
  for (int i = 0; i < 200'000; ++i) csv += std::to_string(i * 7919 % 10'007) + ",1\n";
  const std::string zipped = Gzip(csv);
  const std::string file = Write("t.csv", zipped.substr(0, zipped.size() * 2 / 3));
  const absl::Status status = IngestTable({Csv(file, {"y"})}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("gzip")));
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("\n")));
}

TEST_F(CsvTableTest, ReadsNumbersTheSameInEveryLocale) {
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "C.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) != nullptr) break;
  }
  EXPECT_THAT(Texts({"1.5", "2.25"}), IsOkAndHolds(ElementsAre("1.5", "2.25")));
  EXPECT_THAT(Kind({"\"1,5\""}), IsOkAndHolds(v1::COLUMN_KIND_CATEGORICAL));
  std::setlocale(LC_ALL, "C");
}

TEST_F(CsvTableTest, GuessesWhetherThereIsAHeader) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("1,?,3\n4,5,6\n", {"c2"}));
  EXPECT_EQ(table->rows(), 2);
  EXPECT_EQ(table->column(0).name(), "c0");
  FITD_ASSERT_OK_AND_ASSIGN(table, CsvTable("1,b,3\n4,5,6\n", {"3"}));
  EXPECT_EQ(table->rows(), 1);
  FITD_ASSERT_OK_AND_ASSIGN(table, CsvTable(",b,y\n4,5,6\n"));
  EXPECT_EQ(table->column(0).name(), "c0");
  FITD_ASSERT_OK_AND_ASSIGN(
      table, WithSpec("1,y\n4,5\n", [](v1::CsvSpec& spec) { spec.set_header(true); }));
  EXPECT_EQ(table->rows(), 1);
}

TEST_F(CsvTableTest, CountsMissingValues) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,c,y\n1,u,0\nNA,?,1\n nan ,\"\",0\n3,v,1\n"));
  EXPECT_EQ(table->column(0).missing(), 2);
  EXPECT_EQ(table->column(1).missing(), 2);
  EXPECT_EQ(table->NumberAt(1, 1), 0);
  EXPECT_EQ(table->TextAt(1, 1), "");
  EXPECT_EQ(table->header().statistics(0).count(), 2);
  EXPECT_EQ(table->header().statistics(0).mean(), 2);
}

TEST_F(CsvTableTest, TakesOtherWordsForMissing) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, WithSpec("a,y\n-999,0\n5,1\n", [](v1::CsvSpec& spec) {
                              spec.add_missing_values("-999");
                            }));
  EXPECT_EQ(table->column(0).missing(), 1);
  EXPECT_EQ(table->header().statistics(0).min(), 5);
}

TEST_F(CsvTableTest, NamesTheRowWithoutALabel) {
  EXPECT_THAT(CsvTable("a,y\n1,0\n2,\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "t.csv:3:3: row 2 has no label in column \"y\""));
}

TEST_F(CsvTableTest, FindsLabelsByNameOrPosition) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,b,y\n1,2,3\n", {"#2"}));
  EXPECT_EQ(table->column(1).role(), v1::COLUMN_ROLE_LABEL);
  EXPECT_EQ(table->column(2).role(), v1::COLUMN_ROLE_FEATURE);
}

TEST_F(CsvTableTest, TellsOfWrongOptionsNamesAndCellsTogether) {
  IngestSource source = Csv(Write("t.csv", "a,a,y\n1,2,u\nx,3,\n4\n"), {"y"});
  source.spec.mutable_csv()->add_ignored_columns("id");
  (*source.spec.mutable_csv()->mutable_column_kinds())["#1"] = v1::COLUMN_KIND_REAL;
  EXPECT_THAT(IngestTable({source}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("t.csv:1:3: columns 1 and 2 are both named \"a\""),
                             HasSubstr("csv.ignored_columns[0]: unknown column \"id\""),
                             HasSubstr("t.csv:3:1: column \"a\": \"x\" is not a number"),
                             HasSubstr("t.csv:3:5: row 2 has no label"),
                             HasSubstr("t.csv:4:1: the line has 1 field;"))));
}

TEST_F(CsvTableTest, ListsEveryUnknownColumn) {
  IngestSource source = Csv(Write("t.csv", "sepal,species\n1,a\n"), {"specie", "#3"});
  source.spec.mutable_csv()->add_ignored_columns("id");
  (*source.spec.mutable_csv()->mutable_column_kinds())["petal"] = v1::COLUMN_KIND_REAL;
  EXPECT_THAT(
      IngestTable({source}),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          AllOf(HasSubstr(
                    "csv.label_columns[0]: unknown column \"specie\"; did you mean \"species\"?"),
                HasSubstr("csv.label_columns[1]"), HasSubstr("csv.ignored_columns[0]"),
                HasSubstr("csv.column_kinds[\"petal\"]"))));
}

TEST_F(CsvTableTest, RefusesAColumnThatIsGivenTwice) {
  IngestSource source = Csv(Write("t.csv", "a,y\n1,0\n"), {"y", "#2"});
  (*source.spec.mutable_csv()->mutable_column_kinds())["a"] = v1::COLUMN_KIND_REAL;
  (*source.spec.mutable_csv()->mutable_column_kinds())["#1"] = v1::COLUMN_KIND_CATEGORICAL;
  EXPECT_THAT(IngestTable({source}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("csv.label_columns[1]: \"y\" is given twice"),
                             HasSubstr("csv.column_kinds[\"a\"]: \"a\" is given twice"))));
}

TEST_F(CsvTableTest, LeavesOutIgnoredColumns) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table,
                            WithSpec("id,a,y\nx,1,0\n\xFF,2,1\n",
                                     [](v1::CsvSpec& spec) { spec.add_ignored_columns("id"); }));
  EXPECT_EQ(table->columns(), 2);
  EXPECT_THAT(WithSpec("a,y\n1,0\n", [](v1::CsvSpec& spec) { spec.add_ignored_columns("a"); }),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no column is left")));
}

TEST_F(CsvTableTest, ObeysDeclaredKinds) {
  const auto as = [](v1::ColumnKind kind) {
    return [kind](v1::CsvSpec& spec) { (*spec.mutable_column_kinds())["a"] = kind; };
  };
  FITD_ASSERT_OK_AND_ASSIGN(auto table,
                            WithSpec("a,y\n01,0\n1,1\n", as(v1::COLUMN_KIND_CATEGORICAL)));
  EXPECT_THAT(table->column(0).dictionary(), ElementsAre("01", "1"));
  FITD_ASSERT_OK_AND_ASSIGN(table, WithSpec("a,y\n1,0\n", as(v1::COLUMN_KIND_REAL)));
  EXPECT_EQ(table->column(0).dtype(), v1::DATA_TYPE_FLOAT32);
  EXPECT_THAT(WithSpec("a,y\n1,0\n1.5,1\n", as(v1::COLUMN_KIND_INTEGER)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "t.csv:3:1: column \"a\": \"1.5\" is not a whole number of 64 bits"));
  EXPECT_THAT(WithSpec("a,y\n1,0\nx,1\n", as(v1::COLUMN_KIND_REAL)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "t.csv:3:1: column \"a\": \"x\" is not a number"));
}

TEST_F(CsvTableTest, RefusesTwoColumnsOfOneName) {
  EXPECT_THAT(CsvTable("a,b,a,y\n1,2,3,4\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "t.csv:1:5: columns 1 and 3 are both named \"a\""));
}

TEST_F(CsvTableTest, RefusesWhatIsNotUtf8) {
  EXPECT_THAT(CsvTable("a,y\n1,\xC3\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("t.csv:2:3:")));
  EXPECT_THAT(CsvTable("a,\xFE\xFF\n1,2\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("t.csv:1:3:")));
  EXPECT_THAT(CsvTable(std::string_view("a,y\nb,c\0d\n", 10)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CsvTableTest, WantsRows) {
  EXPECT_THAT(CsvTable(""), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("empty")));
  EXPECT_THAT(CsvTable("a,y\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no rows")));
  FITD_EXPECT_OK(CsvTable("a,y\n1,2\n"));
}

TEST_F(CsvTableTest, LimitsTheDifferentTexts) {
  std::string csv = "a,y\n";
  for (int i = 0; i < 1'000'001; ++i) csv += "id" + std::to_string(i) + ",0\n";
  EXPECT_THAT(CsvTable(csv),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("t.csv:1000002:1"), HasSubstr("1000000 values"))));
}

TEST_F(CsvTableTest, MeasuresTheIrisFlowers) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, BundledTable("iris.csv", "species"));
  EXPECT_EQ(table->rows(), 150);
  EXPECT_THAT(table->column(4).dictionary(), ElementsAre("setosa", "versicolor", "virginica"));
  const v1::ColumnStatistics& length = table->header().statistics(0);
  EXPECT_EQ(length.min(), 4.3);
  EXPECT_EQ(length.max(), 7.9);
  EXPECT_NEAR(length.mean(), 5.843333333333334, 1e-12);
  EXPECT_NEAR(length.stddev(), 0.8253012917851409, 1e-12);
  EXPECT_EQ(table->header().statistics(4).top_values(2).count(), 50);
}

TEST_F(CsvTableTest, CountsIntegerLabels) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, BundledTable("digits.csv", "digit"));
  EXPECT_EQ(table->rows(), 1797);
  EXPECT_EQ(table->column(64).dtype(), v1::DATA_TYPE_UINT8);
  const v1::ColumnStatistics& digits = table->header().statistics(64);
  EXPECT_EQ(digits.top_values_size(), 10);
  EXPECT_EQ(digits.top_values(0).value(), "3");
  EXPECT_EQ(digits.top_values(0).count(), 183);
}

}  // namespace
}  // namespace fitd
