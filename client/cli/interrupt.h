// What fitctl says when Ctrl-C ends it.

#ifndef FITD_CLIENT_CLI_INTERRUPT_H_
#define FITD_CLIENT_CLI_INTERRUPT_H_

#include <string>

namespace fitd::cli {

// From now on SIGINT ends the process with status 130. To be called once, before any thread starts.
void ExitOnInterrupt();

// While it lives, an interruption says this text. One at a time.
class InterruptNotice {
 public:
  explicit InterruptNotice(const std::string& text);
  ~InterruptNotice();
  InterruptNotice(const InterruptNotice&) = delete;
  InterruptNotice& operator=(const InterruptNotice&) = delete;

 private:
  const std::string text_;
};

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_INTERRUPT_H_
