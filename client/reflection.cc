#include "client/reflection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <limits>
#include <system_error>
#include <utility>

#include "client/names.h"

namespace fitd::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// The short names that Keras itself takes, and that of a search that nobody writes out.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kSynonyms = {{
    {"acc", "accuracy"},
    {"asha", "asynchronous_halving"},
    {"bce", "binary_crossentropy"},
    {"mae", "mean_absolute_error"},
    {"mse", "mean_squared_error"},
    {"rmse", "root_mean_squared_error"},
    {"swish", "silu"},
}};

// "MonitorMode" -> "monitor" + between + "mode".
std::string SplitCamelCase(std::string_view name, char between) {
  std::string out;
  for (const char c : name) {
    const bool upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    if (upper && !out.empty()) out += between;
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Reads the whole text as a number; invalid_argument if it is none. from_chars knows no locale; it
// takes no leading plus sign, but people write one.
template <typename Number>
std::errc ReadNumber(std::string_view text, Number& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return stop == end ? error : std::errc::invalid_argument;
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number value;
  if (ReadNumber(text, value) != std::errc()) return std::nullopt;
  return value;
}

// Names the range of the type to whom it matters.
template <typename Number>
std::string ExpectedReal(std::string_view text) {
  Number value;
  if (ReadNumber(text, value) != std::errc::result_out_of_range) return "a number";
  return fmt::format("0, or a number of {} to {} in size",
                     std::numeric_limits<Number>::denorm_min(), std::numeric_limits<Number>::max());
}

std::optional<bool> ParseBool(std::string_view text) {
  const std::string lower = Lower(text);
  if (lower == "true" || lower == "yes" || lower == "1") return true;
  if (lower == "false" || lower == "no" || lower == "0") return false;
  return std::nullopt;
}

std::string Expected(std::string_view text, std::string_view what) {
  return fmt::format("is {}; expected {}", Quoted(text), what);
}

template <typename Value>
std::optional<std::string> Store(std::optional<Value> value, std::string_view text,
                                 std::string_view expected, const FieldDescriptor& field,
                                 Message& message,
                                 void (Reflection::*set)(Message*, const FieldDescriptor*, Value)
                                     const,
                                 void (Reflection::*add)(Message*, const FieldDescriptor*, Value)
                                     const) {
  if (!value.has_value()) return Expected(text, expected);
  (message.GetReflection()->*(field.is_repeated() ? add : set))(&message, &field,
                                                                *std::move(value));
  return std::nullopt;
}

}  // namespace

std::string FamilyName(const Descriptor& family) {
  std::string_view name = family.name();
  if (name.ends_with("Spec")) name.remove_suffix(4);
  return SplitCamelCase(name, ' ');
}

const OneofDescriptor* Kinds(const Descriptor& message) { return message.FindOneofByName("kind"); }

const FieldDescriptor* FindKind(const OneofDescriptor& kinds, std::string_view name) {
  const auto find = [&](std::string_view wanted) -> const FieldDescriptor* {
    for (int i = 0; i < kinds.field_count(); ++i) {
      if (kinds.field(i)->name() == wanted) return kinds.field(i);
    }
    return nullptr;
  };
  if (const FieldDescriptor* kind = find(name)) return kind;
  for (const auto& [synonym, meaning] : kSynonyms) {
    if (synonym == name) return find(meaning);
  }
  return nullptr;
}

const FieldDescriptor* NumberKind(const OneofDescriptor& kinds) {
  for (int i = 0; i < kinds.field_count(); ++i) {
    if (kinds.field(i)->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return kinds.field(i);
  }
  return nullptr;
}

std::vector<std::string> KindNames(const OneofDescriptor& kinds) {
  std::vector<std::string> names;
  for (int i = 0; i < kinds.field_count(); ++i) names.push_back(kinds.field(i)->name());
  return names;
}

std::vector<const FieldDescriptor*> CommonFields(const Descriptor& family) {
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < family.field_count(); ++i) {
    if (family.field(i)->real_containing_oneof() == nullptr) fields.push_back(family.field(i));
  }
  return fields;
}

bool IsNumber(std::string_view text) {
  double value;
  return ReadNumber(text, value) != std::errc::invalid_argument;
}

std::optional<std::string> SetScalar(std::string_view text, const FieldDescriptor& field,
                                     Message& message) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Store(ParseNumber<int32_t>(text), text, "a whole number of 32 bits", field, message,
                   &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return Store(ParseNumber<int64_t>(text), text, "a whole number of 64 bits", field, message,
                   &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return Store(ParseNumber<uint32_t>(text), text, "a whole number of 32 bits, 0 or more", field,
                   message, &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return Store(ParseNumber<uint64_t>(text), text, "a whole number of 64 bits, 0 or more", field,
                   message, &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Store(ParseNumber<float>(text), text, ExpectedReal<float>(text), field, message,
                   &Reflection::SetFloat, &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Store(ParseNumber<double>(text), text, ExpectedReal<double>(text), field, message,
                   &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_BOOL:
      return Store(ParseBool(text), text, "true or false", field, message, &Reflection::SetBool,
                   &Reflection::AddBool);
    case FieldDescriptor::CPPTYPE_STRING:
      return Store(std::optional(std::string(text)), text, "a text", field, message,
                   &Reflection::SetString, &Reflection::AddString);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* value = FindEnumValue(*field.enum_type(), text);
      return Store(value == nullptr ? std::nullopt : std::optional(value), text,
                   fmt::format("one of {}", fmt::join(EnumNames(*field.enum_type()), ", ")), field,
                   message, &Reflection::SetEnum, &Reflection::AddEnum);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Expected(text, "a message");
  }
  return std::nullopt;
}

std::vector<std::string> EnumNames(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 1; i < type.value_count(); ++i) names.push_back(ShortName(*type.value(i)));
  return names;
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor& type, std::string_view name) {
  for (int i = 1; i < type.value_count(); ++i) {
    const EnumValueDescriptor* value = type.value(i);
    if (value->name() == name || ShortName(*value) == Lower(name)) return value;
  }
  return nullptr;
}

std::string ShortName(const EnumValueDescriptor& value) {
  const std::string prefix = SplitCamelCase(value.type()->name(), '_') + "_";
  std::string name = Lower(value.name());
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  return name;
}

}  // namespace fitd::client
