// fitctl: the command line of fitd.

#include <google/protobuf/stubs/logging.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/fitctl.h"
#include "client/cli/interrupt.h"

namespace {

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fitd::cli::Terminal StandardOutput() {
  fitd::cli::Terminal terminal;
  terminal.interactive = isatty(STDOUT_FILENO) != 0 && Variable("TERM") != "dumb";
  terminal.color = terminal.interactive && Variable("NO_COLOR").empty();
  std::setlocale(LC_CTYPE, "");
  terminal.unicode = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
  std::setlocale(LC_CTYPE, "C");
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.width = size.ws_col;
  return terminal;
}

}  // namespace

int main(int argc, char** argv) {
  fitd::cli::ExitOnInterrupt();
  google::protobuf::SetLogHandler(nullptr);  // fitctl says it: see IsUtf8.
  const std::string address = Variable("FITD_ADDRESS");
  const fitd::cli::Environment environment{
      .in = std::cin,
      .out = std::cout,
      .err = std::cerr,
      .terminal = StandardOutput(),
      .endpoint = {.address = address.empty() ? "127.0.0.1:7474" : address,
                   .tls_ca = Variable("FITD_TLS_CA"),
                   .tls_certificate = Variable("FITD_CLIENT_CERTIFICATE"),
                   .tls_key = Variable("FITD_CLIENT_KEY"),
                   .token = Variable("FITD_TOKEN")},
      .connect = fitd::client::Client::Connect,
  };
  return fitd::cli::RunFitctl(std::vector<std::string>(argv + 1, argv + argc), environment);
}
