#include "client/cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>

#include "client/cli/exit_code.h"

namespace fitd::cli {
namespace {

std::atomic<const char*> notice = nullptr;
static_assert(std::atomic<const char*>::is_always_lock_free);

// Only async-signal-safe calls.
void OnInterrupt(int /*signal*/) {
  const char* text = notice.load();
  if (text == nullptr) text = "\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
  _exit(kExitInterrupted);
}

}  // namespace

void ExitOnInterrupt() {
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, nullptr);
}

InterruptNotice::InterruptNotice(const std::string& text) : text_("\n" + text + "\n") {
  notice = text_.c_str();
}

InterruptNotice::~InterruptNotice() { notice = nullptr; }

}  // namespace fitd::cli
