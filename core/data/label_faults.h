// Rows whose labels are not among the classes, reported in one sentence.

#ifndef FITD_CORE_DATA_LABEL_FAULTS_H_
#define FITD_CORE_DATA_LABEL_FAULTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/violations.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace fitd {

// Single-thread.
class LabelFaults {
 public:
  explicit LabelFaults(const google::protobuf::RepeatedPtrField<std::string>& label_names)
      : label_names_(label_names.begin(), label_names.end()) {}

  // `row` counts from 0; messages count from 1.
  void Add(int64_t row, const std::string& label);

  // The first few, each with its row and value: "row 17: label 10 not in [0, 10)".
  void Report(const std::string& path, Violations& violations) const;

 private:
  std::vector<std::string> label_names_;
  std::vector<std::string> first_;
  int64_t count_ = 0;
};

}  // namespace fitd

#endif  // FITD_CORE_DATA_LABEL_FAULTS_H_
