#include "core/data/split.h"

#include <algorithm>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/data/data_fixture.h"
#include "tests/testing/status_matchers.h"

namespace fitd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SplitTest : public DataFixture {};

TEST_F(SplitTest, KeepsTheShareOfEveryClass) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, BundledTable("iris.csv", "species"));
  FITD_ASSERT_OK_AND_ASSIGN(const Split split,
                            SplitRows(*table, {*table->FindColumn("species")}, 0.2, 7));
  std::map<std::string, int> held_out;
  for (const uint32_t row : split.validation) ++held_out[table->TextAt(4, row)];
  EXPECT_THAT(held_out, ElementsAre(std::pair("setosa", 10), std::pair("versicolor", 10),
                                    std::pair("virginica", 10)));
}

TEST_F(SplitTest, EveryRowIsOnOneSideInOrder) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, BundledTable("iris.csv", "species"));
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitRows(*table, {}, 0.3, 0));
  EXPECT_THAT(split.validation, SizeIs(45));
  EXPECT_TRUE(std::is_sorted(split.training.begin(), split.training.end()));
  EXPECT_TRUE(std::is_sorted(split.validation.begin(), split.validation.end()));
  std::vector<uint32_t> all;
  std::merge(split.training.begin(), split.training.end(), split.validation.begin(),
             split.validation.end(), std::back_inserter(all));
  EXPECT_EQ(all, AllRows(*table));
}

TEST_F(SplitTest, DependsOnTheSeed) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, BundledTable("iris.csv", "species"));
  FITD_ASSERT_OK_AND_ASSIGN(const Split first, SplitRows(*table, {4}, 0.2, 1));
  FITD_ASSERT_OK_AND_ASSIGN(const Split again, SplitRows(*table, {4}, 0.2, 1));
  FITD_ASSERT_OK_AND_ASSIGN(const Split other, SplitRows(*table, {4}, 0.2, 2));
  EXPECT_EQ(first.validation, again.validation);
  EXPECT_NE(first.validation, other.validation);
}

TEST_F(SplitTest, ClassesOfTwoKeepATrainingRow) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,u\n2,u\n3,v\n4,v\n5,v\n"));
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitRows(*table, {1}, 0.99, 0));
  EXPECT_THAT(split.training, SizeIs(2));
  EXPECT_NE(table->TextAt(1, split.training[0]), table->TextAt(1, split.training[1]));
}

TEST_F(SplitTest, HoldsOutNothingForAFractionOfZero) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,u\n"));
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitRows(*table, {1}, 0, 0));
  EXPECT_THAT(split.training, ElementsAre(0));
  EXPECT_THAT(split.validation, IsEmpty());
}

TEST_F(SplitTest, HoldsOutTheShareOfAllRowsAlsoFromSmallClasses) {
  std::string text = "a,y\n";
  for (int row = 0; row < 40; ++row) text += "1,c" + std::to_string(row / 4) + "\n";
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable(text));
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitRows(*table, {1}, 0.1, 0));
  EXPECT_THAT(split.validation, SizeIs(4));
}

TEST_F(SplitTest, HoldsOutARowHoweverSmallTheFraction) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,u\n2,u\n3,v\n4,v\n5,v\n"));
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitRows(*table, {1}, 0.01, 0));
  EXPECT_THAT(split.validation, SizeIs(1));
}

TEST_F(SplitTest, AClassOfOneRowTrains) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,u\n2,v\n3,w\n4,w\n5,w\n"));
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitRows(*table, {1}, 0.9, 0));
  EXPECT_THAT(split.validation, SizeIs(2));
  EXPECT_THAT(split.training, testing::IsSupersetOf({0U, 1U}));
}

TEST_F(SplitTest, TheLargestOfSeveralLabelsIsTheClass) {
  std::string text = "a,y,z\n";
  for (int row = 0; row < 40; ++row) text += row < 10 ? "1,0,1\n" : "1,1,0\n";
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable(text));
  FITD_ASSERT_OK_AND_ASSIGN(const Split split, SplitRows(*table, {1, 2}, 0.2, 3));
  EXPECT_THAT(split.validation, SizeIs(8));
  EXPECT_EQ(std::count_if(split.validation.begin(), split.validation.end(),
                          [](uint32_t row) { return row < 10; }),
            2);
}

TEST_F(SplitTest, FailsWhenNoClassHasTwoRows) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, CsvTable("a,y\n1,u\n2,v\n"));
  EXPECT_THAT(SplitRows(*table, {1}, 0.5, 0), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(SplitTest, EveryRowIsInOneFoldAndNoTwoDifferByMoreThanARow) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, BundledTable("iris.csv", "species"));
  for (const int64_t count : {2, 4, 7, 150}) {
    std::vector<uint32_t> all;
    std::map<std::string, std::vector<int64_t>> in_class;
    for (int64_t index = 1; index <= count; ++index) {
      const Split split = HoldOutFold(*table, {4}, index, count, 7);
      EXPECT_EQ(split.training.size() + split.validation.size(), 150U);
      EXPECT_TRUE(std::is_sorted(split.training.begin(), split.training.end()));
      EXPECT_GE(static_cast<int64_t>(split.validation.size()), 150 / count);
      EXPECT_LE(static_cast<int64_t>(split.validation.size()), (150 + count - 1) / count);
      for (const uint32_t row : split.validation) {
        auto& counts = in_class[table->TextAt(4, row)];
        counts.resize(static_cast<size_t>(count));
        ++counts[static_cast<size_t>(index - 1)];
        EXPECT_FALSE(std::binary_search(split.training.begin(), split.training.end(), row));
      }
      all.insert(all.end(), split.validation.begin(), split.validation.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, AllRows(*table)) << count;
    for (const auto& [label, counts] : in_class) {
      const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
      EXPECT_LE(*most - *least, 1) << label << " " << count;
    }
  }
}

TEST_F(SplitTest, FoldsDependOnTheSeed) {
  FITD_ASSERT_OK_AND_ASSIGN(auto table, BundledTable("iris.csv", "species"));
  const Split first = HoldOutFold(*table, {}, 2, 5, 1);
  EXPECT_EQ(HoldOutFold(*table, {}, 2, 5, 1).validation, first.validation);
  EXPECT_NE(HoldOutFold(*table, {}, 2, 5, 2).validation, first.validation);
  EXPECT_NE(first.validation[0] + 1, first.validation[1]);  // Not simply rows in a row.
}

}  // namespace
}  // namespace fitd
