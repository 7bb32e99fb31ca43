// Specs whose kind is a oneof named "kind": its names, read from the message's descriptor, and
// checks on their fields.

#ifndef FITD_CORE_BASE_KINDS_H_
#define FITD_CORE_BASE_KINDS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/violations.h"
#include "fmt/format.h"
#include "google/protobuf/message.h"

namespace fitd {

// Every kind that the message's oneof "kind" knows, in the order of the .proto.
std::vector<std::string> KindNames(const google::protobuf::Descriptor& spec);

// The name of the kind that is set, e.g. "dense"; empty when none is.
std::string KindName(const google::protobuf::Message& spec);

// "path.dense": where the set kind's own fields are.
std::string KindPath(const google::protobuf::Message& spec, std::string_view path);

// Adds a violation that lists the known kinds when none is set.
void RequireKind(const google::protobuf::Message& spec, std::string_view path,
                 Violations& violations);

// Adds "is -3; allowed: 1 to 1,048,576" unless `valid`.
template <typename Number>
void CheckField(bool valid, Number given, std::string_view allowed, std::string field,
                Violations& violations) {
  if (!valid) violations.Add(std::move(field), fmt::format("is {}; allowed: {}", given, allowed));
}

}  // namespace fitd

#endif  // FITD_CORE_BASE_KINDS_H_
