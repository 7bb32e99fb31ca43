#include "core/data/value_index.h"

#include <algorithm>
#include <limits>
#include <map>

#include "core/data/number_text.h"

namespace fitd {

ValueIndex::ValueIndex(const v1::ColumnSchema& column,
                       const google::protobuf::RepeatedPtrField<std::string>& words)
    : categorical_(column.kind() == v1::COLUMN_KIND_CATEGORICAL) {
  if (categorical_) {
    std::map<std::string_view, int32_t> positions;
    for (int32_t i = 0; i < words.size(); ++i) positions.try_emplace(words[i], i);
    codes_.push_back(-1);
    for (const std::string& text : column.dictionary()) {
      const auto found = positions.find(text);
      codes_.push_back(found == positions.end() ? -1 : found->second);
    }
    return;
  }
  for (int32_t i = 0; i < words.size(); ++i) {
    double value;
    if (ParseReal(words[i], &value) != RealText::kNumber) continue;
    const auto integer = ParseInteger(words[i]);
    const bool shortest =
        integer ? std::to_string(*integer) == words[i] : FormatNumber(value) == words[i];
    if (shortest) numbers_.emplace_back(value, i);
  }
  std::sort(numbers_.begin(), numbers_.end());
}

int32_t ValueIndex::FindNumber(double value) const {
  const auto found = std::lower_bound(numbers_.begin(), numbers_.end(),
                                      std::pair(value, std::numeric_limits<int32_t>::min()));
  return found != numbers_.end() && found->first == value ? found->second : -1;
}

}  // namespace fitd
