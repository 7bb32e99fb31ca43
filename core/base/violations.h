// Collects everything that is wrong with a request, so that a user hears of all faults at once.

#ifndef FITD_CORE_BASE_VIOLATIONS_H_
#define FITD_CORE_BASE_VIOLATIONS_H_

#include <cstdint>
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

  // What a status of ToStatus lists; of any other error its text.
  void Add(const absl::Status& status);

  bool empty() const { return entries_.empty(); }

  // OK when nothing was added. Else INVALID_ARGUMENT, or NOT_FOUND when every fault is an unknown
  // name. The text lists the faults, a line each, and the payload (kBadRequestTypeUrl) is the
  // google.rpc.BadRequest with one field violation per fault.
  absl::Status ToStatus() const;

 private:
  friend class LimitedViolations;
  struct Entry {
    std::string field;
    std::string description;
    bool unknown;
  };
  std::vector<Entry> entries_;
};

// Lists the first faults of many and counts the others. Single-thread.
class LimitedViolations {
 public:
  void Add(const std::string& field, const std::string& description) {
    if (++count_ <= kListed) violations_.Add(field, description);
  }
  void Add(const absl::Status& status) {
    if (++count_ <= kListed) violations_.Add(status);
  }
  void Add(const LimitedViolations& others);

  bool empty() const { return count_ == 0; }
  // So many that nobody needs to know how many there are: whoever looks for them may stop.
  bool full() const { return count_ >= kCounted; }

  // As Violations::ToStatus. `path` is what all faults have in common.
  absl::Status ToStatus(const std::string& path);

 private:
  static constexpr int64_t kListed = 20;
  static constexpr int64_t kCounted = 10'000;
  Violations violations_;
  int64_t count_ = 0;
};

// "spec.layers" + 2 -> "spec.layers[2]".
std::string IndexedPath(std::string_view path, size_t index);
// "spec" + "layers" -> "spec.layers"; an empty parent gives the child.
std::string ChildPath(std::string_view path, std::string_view child);

inline constexpr char kBadRequestTypeUrl[] = "type.googleapis.com/google.rpc.BadRequest";

}  // namespace fitd

#endif  // FITD_CORE_BASE_VIOLATIONS_H_
