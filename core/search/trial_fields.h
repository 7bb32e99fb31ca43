// The fields of a TrialSpec that an axis names, and putting values into them.

#ifndef FITD_CORE_SEARCH_TRIAL_FIELDS_H_
#define FITD_CORE_SEARCH_TRIAL_FIELDS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "fitd/v1/search.pb.h"

namespace fitd {

// What kind of values a field takes.
enum class FieldType {
  kInteger,
  kReal,
  kOther,  // Texts, enums, messages: choices alone.
};

// The whole paths of the fields that SearchAxis.path names in a trial on `base`, at least one.
// INVALID_ARGUMENT, with the nearest known name, when there is none.
absl::StatusOr<std::vector<std::string>> FindFields(std::string_view path,
                                                    const v1::TrialSpec& base);

// Of the field with that whole path, as FindFields gives it.
FieldType TypeOfField(std::string_view field, const v1::TrialSpec& base);

// Puts a value, as SearchChoice.value writes it, into a field other than a repeat.
// INVALID_ARGUMENT: what is wrong with the value, or that the field belongs to another kind than
// the one that is set.
absl::Status PutValue(std::string_view field, std::string_view value, v1::TrialSpec& trial);

// OK when the field with that whole path can be set in the trial: it is of the kind that is set, if
// one is, and the elements on the way are there.
absl::Status CheckThere(std::string_view field, const v1::TrialSpec& trial);

// Whether the field is the number of copies of a block of layers.
bool IsRepeat(std::string_view field);

// Whether both are, and their blocks have a layer in common.
bool RepeatsMeet(std::string_view a, std::string_view b);

// What a repeat is set to.
absl::StatusOr<int> ParseCopies(std::string_view value);

// Puts `value` copies of the block in its place. Layers behind it move. INVALID_ARGUMENT: what is
// wrong with the value, or that the block is not there.
absl::Status PutRepeat(std::string_view field, std::string_view value, v1::TrialSpec& trial);

struct FieldValue {
  std::string field;
  std::string value;
};

// Puts all values into their fields, whatever their order: a whole before its parts, and the
// repeats last, from the back, so that every path means a layer of the base.
absl::Status PutAll(const std::vector<FieldValue>& values, v1::TrialSpec& trial);

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_TRIAL_FIELDS_H_
