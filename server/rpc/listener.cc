#include "server/rpc/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "fmt/format.h"
#include "server/log/log.h"

namespace fitd {
namespace {

// Between attempts to accept while no descriptor is free.
constexpr int kRetryMilliseconds = 10;

uint16_t PortOf(int socket) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

void SetPort(sockaddr& address, int port) {
  const uint16_t number = htons(static_cast<uint16_t>(port));
  if (address.sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = number;
  } else {
    reinterpret_cast<sockaddr_in&>(address).sin_port = number;
  }
}

// A socket that listens; less than 0, and errno says why, when there is none.
int ListenOn(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // What it accepts inherits it.
  if (bind(socket, address.ai_addr, address.ai_addrlen) == 0 && listen(socket, SOMAXCONN) == 0)
    return socket;
  const int error = errno;
  close(socket);
  errno = error;
  return -1;
}

}  // namespace

Listener::Listener() : stop_event_(eventfd(0, EFD_CLOEXEC)) {}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Create(const std::string& address) {
  constexpr std::string_view kUnix = "unix:";
  std::unique_ptr<Listener> listener(new Listener);
  FITD_RETURN_IF_ERROR(address.starts_with(kUnix)
                           ? listener->ListenOnPath(address.substr(kUnix.size()))
                           : listener->ListenOnHost(address));
  return listener;
}

absl::Status Listener::ListenOnPath(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return FailedPrecondition(
        fmt::format("cannot listen on unix:{}: a path of a socket has {} bytes "
                    "at most",
                    path, sizeof address.sun_path - 1));
  }
  path.copy(address.sun_path, path.size());
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return ErrnoStatus(errno, "make a socket");
  const bool answers = connect(probe, name, sizeof address) == 0 || errno == EAGAIN;  // Many wait.
  close(probe);
  if (answers) {
    return absl::UnavailableError(
        fmt::format("cannot listen on unix:{}: another process does", path));
  }
  struct stat left = {};
  if (lstat(path.c_str(), &left) == 0 && S_ISSOCK(left.st_mode)) unlink(path.c_str());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return ErrnoStatus(errno, "make a socket");
  sockets_.push_back(socket);
  if (bind(socket, name, sizeof address) != 0)
    return ErrnoStatus(errno, fmt::format("listen on unix:{}", path));
  path_ = path;
  if (listen(socket, SOMAXCONN) != 0)
    return ErrnoStatus(errno, fmt::format("listen on unix:{}", path));
  return absl::OkStatus();
}

absl::Status Listener::ListenOnHost(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found);
  if (error != 0)
    return FailedPrecondition(fmt::format("cannot listen on {}: {}", address, gai_strerror(error)));
  const absl::Cleanup free = [found] { freeaddrinfo(found); };

  int missing = EADDRNOTAVAIL;
  for (const addrinfo* next = found; next != nullptr; next = next->ai_next) {
    if (!sockets_.empty()) SetPort(*next->ai_addr, port_);
    const int socket = ListenOn(*next);
    if (socket >= 0) {
      sockets_.push_back(socket);
      port_ = PortOf(socket);
    } else if (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT) {
      missing = errno;  // "localhost" may mean ::1 on a machine without IPv6.
    } else {
      return ErrnoStatus(errno, fmt::format("listen on {}", address));
    }
  }
  if (sockets_.empty()) return ErrnoStatus(missing, fmt::format("listen on {}", address));
  return absl::OkStatus();
}

Listener::~Listener() {
  Stop();
  if (!path_.empty()) unlink(path_.c_str());  // While nobody else can have taken the name.
  for (const int socket : sockets_) close(socket);
  close(stop_event_);
}

void Listener::Start(Take take) {
  take_ = std::move(take);
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  fd_limit_ = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 30) / 4 * 3);
  thread_ = std::thread([this] { Loop(); });
}

void Listener::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_event_, 1);
  thread_.join();
}

void Listener::Loop() {
  std::vector<pollfd> polled = {{.fd = stop_event_, .events = POLLIN, .revents = 0}};
  for (const int socket : sockets_)
    polled.push_back({.fd = socket, .events = POLLIN, .revents = 0});
  while (true) {
    poll(polled.data(), polled.size(), -1);
    if (polled[0].revents != 0) return;
    for (const pollfd& socket : polled) {
      if (socket.revents != 0) Accept(socket.fd);
    }
  }
}

void Listener::Accept(int socket) {
  const int fd = accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    // Without a descriptor the connection stays in line, and poll would return at once.
    pollfd stop = {.fd = stop_event_, .events = POLLIN, .revents = 0};
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
      poll(&stop, 1, kRetryMilliseconds);
    return;
  }
  // The kernel gives the lowest free number, so a number tells how many are in use.
  const bool refuse = fd >= fd_limit_;
  if (refuse != refusing_) {
    refusing_ = refuse;
    Log(LogLevel::kWarn, refuse ? "connections_refused" : "connections_accepted_again",
        {{"file_descriptors", int64_t{fd}}});
  }
  if (refuse) {
    close(fd);
  } else {
    take_(fd);
  }
}

}  // namespace fitd
