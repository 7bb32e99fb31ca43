#include "client/cli/cli.h"

#include <fmt/format.h>

#include <fstream>

#include "client/names.h"
#include "client/status_macros.h"
#include "google/protobuf/util/json_util.h"

namespace fitd::cli {
namespace {

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (file >> token) return token;
  return absl::InvalidArgumentError(
      fmt::format("--token-file: no token in {}", client::Quoted(path)));
}

}  // namespace

absl::StatusOr<client::Client*> Cli::Connect() {
  if (client_ == nullptr) {
    if (!token_file.empty()) {
      FITD_ASSIGN_OR_RETURN(endpoint.token, ReadToken(token_file));
    }
    FITD_ASSIGN_OR_RETURN(client_, env.connect(endpoint));
  }
  return client_.get();
}

void Cli::Print(const google::protobuf::Message& message,
                const std::function<std::string()>& text) {
  if (output == OutputFormat::kTable) {
    env.out << text();
  } else {
    PrintJson(message);
  }
}

void Cli::PrintJson(const google::protobuf::Message& message) {
  // Flushed: whoever reads lines from a pipe wants each at once.
  env.out << ToJson(message, output == OutputFormat::kJson) << std::flush;
}

std::string ToJson(const google::protobuf::Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  options.always_print_primitive_fields = true;
  std::string json;
  // Fails only for Any messages of unknown type, and there is no Any in the API.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!pretty) json += '\n';
  return json;
}

}  // namespace fitd::cli
