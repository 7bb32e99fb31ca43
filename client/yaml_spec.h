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
// Errors are INVALID_ARGUMENT with one line per fault, each "FILE:LINE:COLUMN: what is wrong".

#ifndef FITD_CLIENT_YAML_SPEC_H_
#define FITD_CLIENT_YAML_SPEC_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace fitd::client {

// Fills the message from a file. A file that cannot be read is INVALID_ARGUMENT too.
absl::Status ReadYamlFile(const std::string& path, google::protobuf::Message& message);

// The same from text; `file` is for error messages.
absl::Status ParseYaml(const std::string& text, const std::string& file,
                       google::protobuf::Message& message);

}  // namespace fitd::client

#endif  // FITD_CLIENT_YAML_SPEC_H_
