#include "core/data/missing_values.h"

#include <algorithm>
#include <utility>

#include "core/data/number_text.h"

namespace fitd {

MissingValues::MissingValues()
    : MissingValues({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"}) {}

MissingValues::MissingValues(std::vector<std::string> words) : words_(std::move(words)) {
  for (const std::string& word : words_) {
    if (word.empty()) {
      empty_ = true;
    } else {
      first_bytes_[static_cast<unsigned char>(word[0])] = true;
    }
  }
}

bool MissingValues::Contains(std::string_view text) const {
  text = Trimmed(text);
  if (text.empty()) return empty_;
  if (!first_bytes_[static_cast<unsigned char>(text[0])]) return false;
  return std::find(words_.begin(), words_.end(), text) != words_.end();
}

}  // namespace fitd
