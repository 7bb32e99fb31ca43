// What the commands share when they run: the options of all, the client, and how results are
// printed.

#ifndef FITD_CLIENT_CLI_CLI_H_
#define FITD_CLIENT_CLI_CLI_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/environment.h"
#include "client/fitd_client.h"
#include "google/protobuf/message.h"

namespace CLI {
class App;
}

namespace fitd::cli {

enum class OutputFormat { kTable, kJson, kJsonl };

// Single-thread.
class Cli {
 public:
  explicit Cli(const Environment& environment) : env(environment), endpoint(environment.endpoint) {}

  // The client, connected to `endpoint`. Not owned.
  absl::StatusOr<client::Client*> Connect();

  // Prints a result: the message as JSON, or the text for people.
  void Print(const google::protobuf::Message& message, const std::function<std::string()>& text);
  // Prints a list. JSON: `list` as a whole; JSON lines: each of `items` on a line.
  template <typename Items>
  void PrintList(const google::protobuf::Message& list, const Items& items,
                 const std::function<std::string()>& text) {
    if (output != OutputFormat::kJsonl) return Print(list, text);
    for (const auto& item : items) PrintJson(item);
  }
  void PrintJson(const google::protobuf::Message& message);

  const Environment& env;
  client::Endpoint endpoint;
  std::string token_file;  // Whose content is the endpoint's token; none: what it has.
  OutputFormat output = OutputFormat::kTable;
  std::function<absl::Status()> selected;  // The command that the user chose.
  // Words on the line that are no options. A command does nothing then but say what else is wrong.
  std::vector<std::string> unknown_options;

 private:
  std::unique_ptr<client::Client> client_;
};

// The protobuf JSON mapping on one line or on several. Numbers and texts with their default value
// are written too.
std::string ToJson(const google::protobuf::Message& message, bool pretty);

// All pages of a list call in one response. `fetch` is called with the request for one page.
template <typename Response, typename Request>
absl::StatusOr<Response> AllPages(
    Request request, const std::function<absl::StatusOr<Response>(const Request&)>& fetch) {
  Response all;
  do {
    absl::StatusOr<Response> page = fetch(request);
    if (!page.ok()) return page;
    request.set_page_token(page->next_page_token());
    page->clear_next_page_token();
    all.MergeFrom(*page);
  } while (!request.page_token().empty());
  return all;
}

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_CLI_H_
