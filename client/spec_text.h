// The compact text form of specs, as flags and YAML strings hold it. A kind, then its arguments in
// the order of the message's fields, or by name:
//
//   dense:10:relu
//   dense:64:activation=relu:kernel_regularizer=l2(0.01)
//
// An argument that is a kind takes its own in ( ), which may stand throughout; lists stand in [ ]:
//
//   cosine_decay(0.001, 1000)
//   piecewise_constant_decay([100, 200], [0.1, 0.01, 0.001])
//
// Fields beside the kind go by name only:
//
//   adam:beta_1=0.95:clipnorm=1
//
// Kinds, arguments and their types come from the messages by reflection: there is no list of them
// here. All functions return INVALID_ARGUMENT with one line per fault; a spec that has one is left
// empty.

#ifndef FITD_CLIENT_SPEC_TEXT_H_
#define FITD_CLIENT_SPEC_TEXT_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"

namespace fitd::client {

// One spec of a family: a message with a oneof "kind".
absl::Status ParseSpec(std::string_view text, google::protobuf::Message& spec);

// Specs separated by commas. `add` makes room for the next one.
absl::Status ParseSpecs(std::string_view text, const google::protobuf::Descriptor& family,
                        const std::function<google::protobuf::Message&()>& add);

template <typename Spec>
absl::Status ParseSpecs(std::string_view text, google::protobuf::RepeatedPtrField<Spec>& specs) {
  return ParseSpecs(text, *Spec::descriptor(),
                    [&]() -> google::protobuf::Message& { return *specs.Add(); });
}

// The arguments of a message without kinds, separated by colons: "val_loss:3:mode=max". Those
// without a name go to the `positional` fields.
absl::Status ParseArguments(std::string_view text, const std::vector<std::string>& positional,
                            google::protobuf::Message& message);

// The fields that are set, as text that ParseArguments reads back: "monitor=val_loss:patience=3".
std::string FormatArguments(const google::protobuf::Message& message);

// The spec as text that ParseSpec reads back to the same message: "adam(beta_1=0.95,
// learning_rate=0.001)". "-" without a kind.
std::string FormatSpec(const google::protobuf::Message& spec);

}  // namespace fitd::client

#endif  // FITD_CLIENT_SPEC_TEXT_H_
