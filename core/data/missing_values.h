// Words that stand for "no value" in text.

#ifndef FITD_CORE_DATA_MISSING_VALUES_H_
#define FITD_CORE_DATA_MISSING_VALUES_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace fitd {

// Thread-safe: constant after construction.
class MissingValues {
 public:
  // The words of CsvSpec.missing_values.
  MissingValues();
  explicit MissingValues(std::vector<std::string> words);

  // Spaces around the text do not matter.
  bool Contains(std::string_view text) const;

 private:
  std::vector<std::string> words_;
  bool empty_ = false;                      // Whether "" is one.
  std::array<bool, 256> first_bytes_ = {};  // Of the words: tells most values apart at once.
};

}  // namespace fitd

#endif  // FITD_CORE_DATA_MISSING_VALUES_H_
