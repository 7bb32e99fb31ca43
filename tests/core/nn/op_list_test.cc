#include "core/nn/op_list.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fitd {
namespace {

using ::testing::ElementsAre;

struct NoteArgs {
  std::vector<int>* notes;
  char value;
};
void Note(const NoteArgs& args, Part part) { args.notes->push_back(args.value + 100 * part.index); }

TEST(OpListTest, RunsCallsInOrder) {
  std::vector<int> notes;
  OpList ops;
  for (char i = 0; i < 5; ++i) ops.Add(&Note, {.notes = &notes, .value = i});
  ops.Run();
  EXPECT_THAT(notes, ElementsAre(0, 1, 2, 3, 4));
}

TEST(OpListTest, TellsACallItsPart) {
  std::vector<int> notes;
  OpList ops;
  ops.Add(&Note, {.notes = &notes, .value = 7});
  ops.Run(0, {2, 3});
  EXPECT_THAT(notes, ElementsAre(207));
}

TEST(OpListTest, ClearForgetsTheCalls) {
  std::vector<int> notes;
  OpList ops;
  ops.Add(&Note, {.notes = &notes, .value = 1});
  ops.Clear();
  ops.Add(&Note, {.notes = &notes, .value = 2});
  ops.Run();
  EXPECT_THAT(notes, ElementsAre(2));
}

}  // namespace
}  // namespace fitd
