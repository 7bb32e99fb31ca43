// What is wrong with what a command was given, all of it at once: its options, and the file that
// they override.

#ifndef FITD_CLIENT_CLI_FLAG_FAULTS_H_
#define FITD_CLIENT_CLI_FLAG_FAULTS_H_

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "client/errors.h"
#include "client/yaml_spec.h"
#include "google/protobuf/message.h"

namespace fitd::cli {

inline constexpr char kFile[] = "--file";

// Single-thread.
class FlagFaults {
 public:
  FlagFaults() = default;
  // `given` are the options on the line, as Cli::given.
  explicit FlagFaults(std::set<std::string> given) : given_(std::move(given)) {}

  // Fills the request's field "spec" from the file of --file, if there is one.
  void ReadSpec(const std::string& file, google::protobuf::Message& spec);

  void Add(std::string_view flag, std::string_view what);
  // One fault per line of the status; none if it is OK. Of what has faults the request holds
  // nothing.
  void Add(std::string_view flag, const absl::Status& status);

  // The same of a part of the request, by its place in the file if it is there; of that the
  // daemon's faults are left out.
  void AddUnread(std::string_view flag, const std::string& field, const absl::Status& status);

  // Sets a field of `message` that is not a message, if the option was given.
  void SetField(std::string_view flag, const std::optional<std::string>& text,
                const std::string& field, google::protobuf::Message& message);

  // Adds a fault if both options were given.
  void Exclude(std::string_view flag, bool given, std::string_view other, bool other_given);

  bool empty() const { return faults_.empty(); }
  bool Has(std::string_view flag) const;
  // Whether the file holds something for the field, if only something wrong.
  bool InFile(const std::string& field) const { return fields_.places.contains(field); }

  // INVALID_ARGUMENT that lists them.
  absl::Status ToStatus() const;
  // The same, and what the daemon says about the rest: `answer` is its answer to a request that was
  // made from what could be read and lacks `left_out`, a field. What the file says is named by its
  // place there. Without faults the answer itself, if it is about something else.
  absl::Status With(const absl::Status& answer, std::string_view left_out = "") const;

 private:
  bool CouldNotBeRead(const std::string& field) const;
  std::optional<std::string> PlaceInFile(const std::string& field) const;

  const std::set<std::string> given_;
  std::vector<client::FieldViolation> faults_;
  client::YamlFields fields_;
  std::vector<std::string> unread_;  // Fields.
};

}  // namespace fitd::cli

#endif  // FITD_CLIENT_CLI_FLAG_FAULTS_H_
