#include "client/cli/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

#include "client/cli/exit_code.h"

namespace fitd::cli {
namespace {

TEST(InterruptDeathTest, SaysTheNoticeAndExitsWith130) {
  EXPECT_EXIT(
      {
        ExitOnInterrupt();
        const InterruptNotice notice("Job fit-3 goes on.");
        std::raise(SIGINT);
      },
      testing::ExitedWithCode(kExitInterrupted), "\nJob fit-3 goes on.\n");
}

TEST(InterruptDeathTest, ANoticeEndsWithItsScope) {
  EXPECT_EXIT(
      {
        ExitOnInterrupt();
        {
          const InterruptNotice notice("Job fit-3 goes on.");
        }
        std::raise(SIGINT);
      },
      testing::ExitedWithCode(kExitInterrupted), "^\n$");
}

}  // namespace
}  // namespace fitd::cli
