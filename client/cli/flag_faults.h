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
  // One fault per line of the status; none if it is OK. Of what has faults the request holds
  // nothing.
  void Add(std::string_view flag, const absl::Status& status);

  // Sets a field of `message` that is not a message, if the option was given.
  void SetField(std::string_view flag, const std::optional<std::string>& text,
                const std::string& field, google::protobuf::Message& message);

  // Adds a fault if both options were given.
  void Exclude(std::string_view flag, bool given, std::string_view other, bool other_given);

  bool empty() const { return faults_.empty(); }
  bool Has(std::string_view flag) const;

  // INVALID_ARGUMENT that lists them.
  absl::Status ToStatus() const;
  // The same, and what the daemon says about the rest: `answer` is its answer to a request that was
  // made from what could be read and lacks `left_out`, a field.
  absl::Status With(const absl::Status& answer, std::string_view left_out = "") const;

 private:
  std::vector<client::FieldViolation> faults_;
};

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_FLAG_FAULTS_H_
