// What the text and YAML forms of specs share: finding fields by name and setting them from words.

#ifndef FITD_CLIENT_REFLECTION_H_
#define FITD_CLIENT_REFLECTION_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace fitd::client {

// LayerSpec -> "layer", LearningRateSpec -> "learning rate".
std::string FamilyName(const google::protobuf::Descriptor& family);

// The oneof that lists the kinds of a family ("kind"), or null for an ordinary message.
const google::protobuf::OneofDescriptor* Kinds(const google::protobuf::Descriptor& message);

// The kind that a name stands for, short names ("mse", "swish", "asha") included, or null.
const google::protobuf::FieldDescriptor* FindKind(const google::protobuf::OneofDescriptor& kinds,
                                                  std::string_view name);

// The kind that a bare number stands for: a learning rate's "constant". Null where there is none.
const google::protobuf::FieldDescriptor* NumberKind(const google::protobuf::OneofDescriptor& kinds);

std::vector<std::string> KindNames(const google::protobuf::OneofDescriptor& kinds);

// The fields outside the oneof: a layer's "name", an optimizer's "learning_rate".
std::vector<const google::protobuf::FieldDescriptor*> CommonFields(
    const google::protobuf::Descriptor& family);

// Whether the text is written as a number, however large.
bool IsNumber(std::string_view text);

// Sets a field that is not a message, or adds to it if it is repeated. Enum values are written as
// in proto files or short: "max" for MONITOR_MODE_MAX. Returns what is wrong with the text: `is
// "ten"; expected a whole number`.
std::optional<std::string> SetScalar(std::string_view text,
                                     const google::protobuf::FieldDescriptor& field,
                                     google::protobuf::Message& message);

// The short names of an enum's values, without the unspecified one: {"min", "max"}.
std::vector<std::string> EnumNames(const google::protobuf::EnumDescriptor& type);

// The value with that short or full name, or null.
const google::protobuf::EnumValueDescriptor* FindEnumValue(
    const google::protobuf::EnumDescriptor& type, std::string_view name);

// COLUMN_KIND_REAL -> "real".
std::string ShortName(const google::protobuf::EnumValueDescriptor& value);

}  // namespace fitd::client

#endif  // FITD_CLIENT_REFLECTION_H_
