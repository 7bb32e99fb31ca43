// SIGTERM and SIGINT, received by the one thread that waits for them.

#ifndef FITD_SERVER_STOP_SIGNAL_H_
#define FITD_SERVER_STOP_SIGNAL_H_

#include <signal.h>

#include <chrono>

namespace fitd {

// Create it before any other thread: they inherit that the signals are blocked. SIGPIPE, and
// SIGHUP of a terminal that closes, are ignored.
class StopSignal {
 public:
  StopSignal();

  // Waits for the first signal. From then on a second one, or the end of `patience`, ends the
  // process at once.
  void Wait(std::chrono::milliseconds patience);

 private:
  sigset_t signals_;
};

}  // namespace fitd

#endif  // FITD_SERVER_STOP_SIGNAL_H_
