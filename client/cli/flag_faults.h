// What is wrong with the options of a command, all of it at once.

#ifndef FITD_CLIENT_CLI_FLAG_FAULTS_H_
#define FITD_CLIENT_CLI_FLAG_FAULTS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/errors.h"
#include "google/protobuf/message.h"

namespace fitd::cli {

// Single-thread.
class FlagFaults {
 public:
  void Add(std::string_view flag, std::string_view what);
  // One fault per line of the status; none if it is OK.
  void Add(std::string_view flag, const absl::Status& status);

  // Sets a field of `message` that is not a message, if the option was given.
  void SetField(std::string_view flag, const std::optional<std::string>& text,
                const std::string& field, google::protobuf::Message& message);

  bool empty() const { return faults_.empty(); }
  bool Has(std::string_view flag) const;

  // INVALID_ARGUMENT that lists them.
  absl::Status ToStatus() const;
  // The same, and what the daemon says about other options: `answer` is its answer to a request
  // that was made from those that could be read.
  absl::Status With(const absl::Status& answer) const;

 private:
  std::vector<client::FieldViolation> faults_;
};

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_FLAG_FAULTS_H_
