// Finds stored values of a column in a list of words.

#ifndef FITD_CORE_DATA_VALUE_INDEX_H_
#define FITD_CORE_DATA_VALUE_INDEX_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fitd/v1/dataset.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace fitd {

// A categorical value is the word that its code stands for; a number is the word that is its
// shortest text. Thread-safe: constant after construction.
class ValueIndex {
 public:
  ValueIndex(const v1::ColumnSchema& column,
             const google::protobuf::RepeatedPtrField<std::string>& words);

  // The position of the word for a stored value (a code or a number); -1 for none.
  int32_t Find(double value) const {
    if (categorical_) {
      return value >= 0 && value < static_cast<double>(codes_.size())
                 ? codes_[static_cast<size_t>(value)]
                 : -1;
    }
    return FindNumber(value);
  }

 private:
  int32_t FindNumber(double value) const;

  bool categorical_;
  std::vector<int32_t> codes_;                       // By code.
  std::vector<std::pair<double, int32_t>> numbers_;  // Increasing.
};

}  // namespace fitd

#endif  // FITD_CORE_DATA_VALUE_INDEX_H_
