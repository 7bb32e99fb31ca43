#include "core/data/label_faults.h"

#include "core/base/counted.h"
#include "core/base/names.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr int64_t kListed = 5;

bool AreIndices(const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] != std::to_string(i)) return false;
  }
  return true;
}

}  // namespace

void LabelFaults::Add(int64_t row, const std::string& label) {
  if (++count_ > kListed) return;
  if (AreIndices(label_names_)) {
    first_.push_back(
        fmt::format("row {}: label {} not in [0, {})", row + 1, label, label_names_.size()));
  } else {
    first_.push_back(fmt::format("row {}: {}", row + 1, UnknownName("label", label, label_names_)));
  }
}

void LabelFaults::Report(const std::string& path, Violations& violations) const {
  for (const std::string& fault : first_) violations.Add(path, fault);
  if (count_ > kListed) violations.Add(path, "and " + Counted(count_ - kListed, "more row"));
}

}  // namespace fitd
