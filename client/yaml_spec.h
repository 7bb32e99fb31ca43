// Specs in YAML files, with the field names of the protos:
//
//   input_shape: [784]
//   layers:
//     - rescaling: {scale: 0.00392157}
//     - dense: {units: 128, activation: relu}
//       name: hidden
//     - dense:10:softmax            # the compact form of spec_text.h works wherever a kind is
//     expected
//

#ifndef FITD_CLIENT_YAML_SPEC_H_
#define FITD_CLIENT_YAML_SPEC_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/errors.h"
#include "google/protobuf/message.h"

namespace fitd::client {

// What a file says about its fields, beside their values. Paths are those of the daemon's
// violations: "spec.layers[2].dense.units".
struct YamlFields {
  std::map<std::string, std::string> places;  // "fit.yaml:3:11", by path.
  // What is wrong, by the field it is in; a description begins with its place. A field whose value
  // cannot be read is left empty.
  std::vector<FieldViolation> faults;
};

// Fills the message, whose own path is `root`, from a file. INVALID_ARGUMENT if the file cannot be
// read or is no YAML.
absl::StatusOr<YamlFields> ReadYamlFile(const std::string& file, const std::string& root,
                                        google::protobuf::Message& message);

// The same from text; `file` is its name in places.
absl::StatusOr<YamlFields> ParseYaml(const std::string& text, const std::string& file,
                                     const std::string& root, google::protobuf::Message& message);

}  // namespace fitd::client

#endif  // FITD_CLIENT_YAML_SPEC_H_
