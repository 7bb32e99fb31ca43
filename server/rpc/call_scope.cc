#include "server/rpc/call_scope.h"

#include <cstdlib>
#include <string>

namespace fitd {

const google::protobuf::MethodDescriptor& MethodThatAnswers(
    const google::protobuf::Descriptor& response) {
  const google::protobuf::FileDescriptor& file = *response.file();
  for (int i = 0; i < file.service_count(); ++i)
    for (int j = 0; j < file.service(i)->method_count(); ++j)
      if (file.service(i)->method(j)->output_type() == &response)
        return *file.service(i)->method(j);
  std::abort();  // No handler has such a response.
}

std::vector<LogField> CallScope::Fields() const {
  std::vector<LogField> fields = {{"method", method_.service()->full_name() + "/" + method_.name()},
                                  {"peer", context_.peer()}};
  if (!request_id_.empty()) fields.push_back({"request_id", std::string(request_id_)});
  return fields;
}

}  // namespace fitd
