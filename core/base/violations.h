// Collects everything that is wrong with a request, so that a user hears of all faults at once.

#ifndef FITD_CORE_BASE_VIOLATIONS_H_
#define FITD_CORE_BASE_VIOLATIONS_H_

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace fitd {

// Single-thread. Field paths are written as in the protos, with indices:
// "spec.layers[2].dense.units".
class Violations {
 public:
  // `description` says what was given and what is allowed: "is -3; allowed: 1 to 1048576".
  void Add(std::string field, std::string description);
  // The same for a name of something that is not there.
  void AddUnknown(std::string field, std::string description);

  bool empty() const { return entries_.empty(); }

  // OK when nothing was added. Else INVALID_ARGUMENT, or NOT_FOUND when every fault is an unknown
  // name. The text lists the faults, a line each, and the payload (kBadRequestTypeUrl) is the
  // google.rpc.BadRequest with one field violation per fault.
  absl::Status ToStatus() const;

 private:
  struct Entry {
    std::string field;
    std::string description;
    bool unknown;
  };
  std::vector<Entry> entries_;
};

// "spec.layers" + 2 -> "spec.layers[2]".
std::string IndexedPath(std::string_view path, size_t index);
// "spec" + "layers" -> "spec.layers"; an empty parent gives the child.
std::string ChildPath(std::string_view path, std::string_view child);

inline constexpr char kBadRequestTypeUrl[] = "type.googleapis.com/google.rpc.BadRequest";

}  // namespace fitd

#endif  // FITD_CORE_BASE_VIOLATIONS_H_
