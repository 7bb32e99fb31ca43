#include "server/stop_signal.h"

#include <unistd.h>

#include <cerrno>
#include <thread>

namespace fitd {

StopSignal::StopSignal() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // A file that may not grow is an error like that of a full disk.
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void StopSignal::Wait(std::chrono::milliseconds patience) {
  int number = 0;
  sigwait(&signals_, &number);
  // Everything promised is on the disk at any time: to end at once loses nothing but answers in
  // flight.
  std::thread([signals = signals_, patience] {
    const timespec timeout = {.tv_sec = patience.count() / 1000,
                              .tv_nsec = patience.count() % 1000 * 1'000'000};
    // Stopping and continuing the process, as debuggers do, interrupts the wait.
    while (sigtimedwait(&signals, nullptr, &timeout) < 0 && errno == EINTR) {
    }
    _exit(1);
  }).detach();
}

}  // namespace fitd
