#include "client/yaml_spec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "client/names.h"
#include "client/reflection.h"
#include "client/spec_text.h"

namespace fitd::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// "name" or "(line 3)" of a mark; yaml-cpp counts from 0, and has -1 for "unknown".
std::string Position(const std::string& file, const YAML::Mark& mark) {
  return fmt::format("{}:{}:{}", file, mark.line + 1, mark.column + 1);
}

class Filler {
 public:
  explicit Filler(std::string file) : file_(std::move(file)) {}

  // Fills an ordinary message or a spec with a oneof "kind".
  void Fill(const YAML::Node& node, Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    const OneofDescriptor* kinds = Kinds(type);
    if (kinds != nullptr && node.IsScalar()) {
      return Fault(node, ParseSpec(node.Scalar(), message));
    }
    if (node.IsNull()) return;
    if (!node.IsMap())
      return Fault(node,
                   fmt::format("{}: expected fields, as in \"name: value\"", FamilyName(type)));

    std::vector<std::string> known;
    for (int i = 0; i < type.field_count(); ++i) known.push_back(type.field(i)->name());
    std::map<const FieldDescriptor*, std::string> given;
    const FieldDescriptor* kind = nullptr;
    for (const auto& entry : node) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const FieldDescriptor* field = type.FindFieldByName(name);
      if (field == nullptr && kinds != nullptr) field = FindKind(*kinds, name);
      if (field == nullptr) {
        Fault(entry.first, UnknownName(kinds != nullptr ? FamilyName(type) + " or field" : "field",
                                       name, known));
        continue;
      }
      if (!given.emplace(field, name).second) {
        Fault(entry.first, fmt::format("\"{}\" is given twice", name));
        continue;
      }
      if (kinds != nullptr && field->real_containing_oneof() == kinds) {
        if (kind != nullptr) {
          Fault(entry.first, fmt::format("\"{}\" beside \"{}\": a {} is of one kind", field->name(),
                                         kind->name(), FamilyName(type)));
          continue;
        }
        kind = field;
      }
      Field(entry.second, *field, message);
    }
  }

  absl::Status ToStatus() const {
    if (faults_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(fmt::format("{}", fmt::join(faults_, "\n")));
  }

 private:
  void Field(const YAML::Node& node, const FieldDescriptor& field, Message& message) {
    if (field.is_map()) return Map(node, field, message);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (field.is_repeated()) return Messages(node, field, message);
      return Fill(node, *message.GetReflection()->MutableMessage(&message, &field));
    }
    if (!field.is_repeated()) return Scalar(node, field, message);
    if (!node.IsSequence()) return Scalar(node, field, message);  // A list of one.
    for (const YAML::Node& item : node) Scalar(item, field, message);
  }

  void Messages(const YAML::Node& node, const FieldDescriptor& field, Message& message) {
    const Reflection& reflection = *message.GetReflection();
    const auto add = [&]() -> Message& { return *reflection.AddMessage(&message, &field); };
    if (node.IsScalar() && Kinds(*field.message_type()) != nullptr) {
      return Fault(node, ParseSpecs(node.Scalar(), *field.message_type(), add));
    }
    if (!node.IsSequence())
      return Fault(node, fmt::format("\"{}\": expected a list", field.name()));
    for (const YAML::Node& item : node) Fill(item, add());
  }

  void Map(const YAML::Node& node, const FieldDescriptor& field, Message& message) {
    if (!node.IsMap())
      return Fault(node, fmt::format("\"{}\": expected \"name: value\" pairs", field.name()));
    for (const auto& entry : node) {
      Message& pair = *message.GetReflection()->AddMessage(&message, &field);
      Scalar(entry.first, *field.message_type()->map_key(), pair);
      Scalar(entry.second, *field.message_type()->map_value(), pair);
    }
  }

  void Scalar(const YAML::Node& node, const FieldDescriptor& field, Message& message) {
    if (!node.IsScalar())
      return Fault(node, fmt::format("\"{}\": expected a single value", field.name()));
    if (const auto fault = SetScalar(node.Scalar(), field, message)) {
      Fault(node, fmt::format("\"{}\" {}", field.name(), *fault));
    }
  }

  void Fault(const YAML::Node& node, std::string_view what) {
    faults_.push_back(fmt::format("{}: {}", Position(file_, node.Mark()), what));
  }

  // One fault per line of the status; none if it is OK.
  void Fault(const YAML::Node& node, const absl::Status& status) {
    if (status.ok()) return;
    std::istringstream lines{std::string(status.message())};
    for (std::string line; std::getline(lines, line);) Fault(node, line);
  }

  const std::string file_;
  std::vector<std::string> faults_;
};

}  // namespace

absl::Status ReadYamlFile(const std::string& path, Message& message) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file)
    return absl::InvalidArgumentError(
        fmt::format("cannot read {}: {}", Quoted(path), std::strerror(errno)));
  return ParseYaml(text.str(), path, message);
}

absl::Status ParseYaml(const std::string& text, const std::string& file, Message& message) {
  try {
    Filler filler(file);
    filler.Fill(YAML::Load(text), message);
    return filler.ToStatus();
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", Position(file, error.mark), error.msg));
  }
}

}  // namespace fitd::client
