#include "client/cli/table.h"

#include <gtest/gtest.h>

namespace fitd::cli {
namespace {

TEST(TableTest, AlignsTextLeftAndNumbersRight) {
  Table table({"name", "rows"});
  table.AddRow({"iris", "150"});
  table.AddRow({"mnist", "60,000"});
  table.AddRow({"x", "-"});
  EXPECT_EQ(table.ToString("  "),
            "  name     rows\n"
            "  iris      150\n"
            "  mnist  60,000\n"
            "  x           -\n");
}

TEST(TableTest, CountsCodePoints) {
  Table table;
  table.AddRow({"Größe", "a"});
  table.AddRow({"x", "b"});
  EXPECT_EQ(table.ToString(), "Größe  a\nx      b\n");
}

TEST(TableTest, PassesNoControlCharactersOn) {
  Table table;
  table.AddRow({"\x1b[31mred\n", "x"});
  EXPECT_EQ(table.ToString(), "\uFFFD[31mred\uFFFD  x\n");
}

TEST(TableTest, TakesRowsShorterThanTheHeader) {
  Table table({"a", "b"});
  table.AddRow({"x"});
  EXPECT_EQ(table.ToString(), "a  b\nx\n");
}

}  // namespace
}  // namespace fitd::cli
