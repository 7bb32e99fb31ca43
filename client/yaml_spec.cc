#include "client/yaml_spec.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "client/file_chunks.h"
#include "client/names.h"
#include "client/reflection.h"
#include "client/spec_text.h"
#include "client/status_macros.h"

namespace fitd::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// "fit.yaml:3:11"; yaml-cpp counts from 0, and has -1 for "unknown".
std::string Position(const std::string& file, const YAML::Mark& mark) {
  return fmt::format("{}:{}:{}", file, mark.line + 1, mark.column + 1);
}

class Filler {
 public:
  explicit Filler(std::string file) : file_(std::move(file)) {}

  // Fills an ordinary message or a spec with a oneof "kind".
  void Fill(const YAML::Node& node, const std::string& path, Message& message) {
    fields_.places.emplace(path, Place(node));
    const Descriptor& type = *message.GetDescriptor();
    const OneofDescriptor* kinds = Kinds(type);
    if (kinds != nullptr && node.IsScalar()) {
      return Fault(node, path, ParseSpec(node.Scalar(), message));
    }
    if (node.IsNull()) return;
    if (!node.IsMap()) {
      return Fault(node, path,
                   fmt::format("{}: expected fields, as in \"name: value\"", FamilyName(type)));
    }

    std::vector<std::string> known;
    for (int i = 0; i < type.field_count(); ++i) known.push_back(type.field(i)->name());
    std::map<const FieldDescriptor*, std::string> given;
    const FieldDescriptor* kind = nullptr;
    for (const auto& entry : node) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const FieldDescriptor* field = type.FindFieldByName(name);
      if (field == nullptr && kinds != nullptr) field = FindKind(*kinds, name);
      if (field == nullptr) {
        const std::string what = kinds != nullptr ? FamilyName(type) + " or field" : "field";
        Fault(entry.first, FieldPath(path, name), UnknownName(what, name, known));
        continue;
      }
      if (!given.emplace(field, name).second) {
        // The fault is the message's, so that what is wrong with the first value is told as well.
        Fault(entry.first, path, fmt::format("\"{}\" is given twice", name));
        continue;
      }
      if (kinds != nullptr && field->real_containing_oneof() == kinds) {
        if (kind != nullptr) {
          Fault(entry.first, path,
                fmt::format("\"{}\" beside \"{}\"; give one kind of {}", field->name(),
                            kind->name(), FamilyName(type)));
          continue;
        }
        kind = field;
      }
      Field(entry.second, FieldPath(path, field->name()), *field, message);
    }
  }

  YamlFields TakeFields() { return std::move(fields_); }

 private:
  void Field(const YAML::Node& node, const std::string& path, const FieldDescriptor& field,
             Message& message) {
    fields_.places.emplace(path, Place(node));
    if (field.is_map()) return Map(node, path, field, message);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (field.is_repeated()) return Messages(node, path, field, message);
      return Fill(node, path, *message.GetReflection()->MutableMessage(&message, &field));
    }
    if (!field.is_repeated() || !node.IsSequence())  // A single value may stand for a list of one.
      return Scalar(node, path, field, message);
    const size_t faults = fields_.faults.size();
    for (size_t i = 0; i < node.size(); ++i) Scalar(node[i], ItemPath(path, i), field, message);
    if (fields_.faults.size() == faults) return;
    message.GetReflection()->ClearField(&message, &field);
    for (size_t i = faults; i < fields_.faults.size(); ++i) fields_.faults[i].field = path;
  }

  void Messages(const YAML::Node& node, const std::string& path, const FieldDescriptor& field,
                Message& message) {
    const Reflection& reflection = *message.GetReflection();
    const auto add = [&]() -> Message& { return *reflection.AddMessage(&message, &field); };
    if (node.IsScalar() && Kinds(*field.message_type()) != nullptr) {
      return Fault(node, path, ParseSpecs(node.Scalar(), *field.message_type(), add));
    }
    if (!node.IsSequence())
      return Fault(node, path, fmt::format("\"{}\": expected a list", field.name()));
    for (size_t i = 0; i < node.size(); ++i) Fill(node[i], ItemPath(path, i), add());
  }

  void Map(const YAML::Node& node, const std::string& path, const FieldDescriptor& field,
           Message& message) {
    if (!node.IsMap()) {
      return Fault(node, path, fmt::format("\"{}\": expected \"name: value\" pairs", field.name()));
    }
    std::set<std::string> given;
    for (const auto& entry : node) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const std::string item = fmt::format("{}[{}]", path, Quoted(name));
      if (!given.insert(name).second) {
        Fault(entry.first, item, fmt::format("\"{}\" is given twice", name));
        continue;
      }
      fields_.places.emplace(item, Place(entry.second));
      Message& pair = *message.GetReflection()->AddMessage(&message, &field);
      Scalar(entry.first, item, *field.message_type()->map_key(), pair);
      Scalar(entry.second, item, *field.message_type()->map_value(), pair);
    }
  }

  void Scalar(const YAML::Node& node, const std::string& path, const FieldDescriptor& field,
              Message& message) {
    fields_.places.emplace(path, Place(node));
    if (!node.IsScalar())
      return Fault(node, path, fmt::format("\"{}\": expected a single value", field.name()));
    if (const auto fault = SetScalar(node.Scalar(), field, message)) {
      Fault(node, path, fmt::format("\"{}\" {}", field.name(), *fault));
    }
  }

  static std::string FieldPath(const std::string& path, const std::string& name) {
    return fmt::format("{}.{}", path, name);
  }

  static std::string ItemPath(const std::string& path, size_t index) {
    return fmt::format("{}[{}]", path, index);
  }

  std::string Place(const YAML::Node& node) const { return Position(file_, node.Mark()); }

  void Fault(const YAML::Node& node, const std::string& path, std::string_view what) {
    fields_.faults.push_back({path, fmt::format("{}: {}", Place(node), what)});
  }

  // One fault per line of the status; none if it is OK.
  void Fault(const YAML::Node& node, const std::string& path, const absl::Status& status) {
    if (status.ok()) return;
    std::istringstream lines{std::string(status.message())};
    for (std::string line; std::getline(lines, line);) Fault(node, path, line);
  }

  const std::string file_;
  YamlFields fields_;
};

// The line, from 1, with which a second document begins; 0 if there is none. (yaml-cpp's LoadAll
// finds documents without end in some faulty texts.)
int SecondDocument(const std::string& text) {
  std::istringstream lines(text);
  bool begun = false;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const bool marker =
        line.starts_with("---") && line.find_first_not_of(" \t\r", 3) == std::string::npos;
    if (marker && begun) return number;
    const size_t first = line.find_first_not_of(" \t\r");
    begun = begun || marker || (first != std::string::npos && line[first] != '#');
  }
  return 0;
}

}  // namespace

absl::StatusOr<YamlFields> ReadYamlFile(const std::string& file, const std::string& root,
                                        Message& message) {
  constexpr size_t kMostBytes = size_t{16} << 20;
  std::string text;
  FITD_RETURN_IF_ERROR(ForEachChunk(file, [&](std::string_view chunk) {
    text += chunk;
    return text.size() <= kMostBytes;
  }));
  if (text.size() > kMostBytes)
    return absl::InvalidArgumentError(fmt::format("{} has more than 16 MiB", Quoted(file)));
  return ParseYaml(text, file, root, message);
}

absl::StatusOr<YamlFields> ParseYaml(const std::string& text, const std::string& file,
                                     const std::string& root, Message& message) {
  try {
    const YAML::Node document = YAML::Load(text);
    if (document.IsNull()) return absl::InvalidArgumentError(fmt::format("{}: is empty", file));
    Filler filler(file);
    filler.Fill(document, root, message);
    YamlFields fields = filler.TakeFields();
    if (const int line = SecondDocument(text); line > 0) {
      fields.faults.push_back(
          {root, fmt::format("{}:{}:1: a second document; allowed: one", file, line)});
    }
    return fields;
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", Position(file, error.mark), error.msg));
  }
}

}  // namespace fitd::client
