#include "core/base/kinds.h"

#include "google/protobuf/descriptor.h"

namespace fitd {
namespace {

const google::protobuf::OneofDescriptor& KindOneof(const google::protobuf::Descriptor& spec) {
  return *spec.FindOneofByName("kind");
}

}  // namespace

std::vector<std::string> KindNames(const google::protobuf::Descriptor& spec) {
  const google::protobuf::OneofDescriptor& oneof = KindOneof(spec);
  std::vector<std::string> names;
  for (int i = 0; i < oneof.field_count(); ++i) names.push_back(oneof.field(i)->name());
  return names;
}

std::string KindName(const google::protobuf::Message& spec) {
  const auto* field =
      spec.GetReflection()->GetOneofFieldDescriptor(spec, &KindOneof(*spec.GetDescriptor()));
  return field == nullptr ? "" : field->name();
}

std::string KindPath(const google::protobuf::Message& spec, std::string_view path) {
  return ChildPath(path, KindName(spec));
}

void RequireKind(const google::protobuf::Message& spec, std::string_view path,
                 Violations& violations) {
  if (!KindName(spec).empty()) return;
  violations.Add(std::string(path), fmt::format("has no kind; allowed: {}",
                                                fmt::join(KindNames(*spec.GetDescriptor()), ", ")));
}

}  // namespace fitd
