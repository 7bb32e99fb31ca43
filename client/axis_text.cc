#include "client/axis_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "client/names.h"
#include "client/reflection.h"
#include "client/spec_text.h"
#include "client/status_macros.h"
#include "google/protobuf/util/json_util.h"

namespace fitd::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Axes = google::protobuf::RepeatedPtrField<v1::SearchAxis>;

struct Range {
  std::string_view low;
  std::string_view high;
  int64_t count = 0;
};

// "1e-4..1e-1:5".
absl::StatusOr<Range> ParseRange(std::string_view text) {
  Range range;
  const size_t colon = text.find(':');
  const size_t dots = text.find("..");
  if (dots == text.npos || dots > colon) {
    return absl::InvalidArgumentError(
        fmt::format("is {}; expected LOW..HIGH or LOW..HIGH:COUNT", Quoted(text)));
  }
  range.low = text.substr(0, dots);
  range.high = text.substr(dots + 2, colon == text.npos ? text.npos : colon - dots - 2);
  if (colon != text.npos && !absl::SimpleAtoi(std::string(text.substr(colon + 1)), &range.count)) {
    return absl::InvalidArgumentError(
        fmt::format("count is {}; expected a whole number", Quoted(text.substr(colon + 1))));
  }
  return range;
}

absl::Status ParseReal(std::string_view text, bool log, v1::RealDomain& domain) {
  FITD_ASSIGN_OR_RETURN(const Range range, ParseRange(text));
  double low = 0;
  double high = 0;
  if (!absl::SimpleAtod(std::string(range.low), &low) ||
      !absl::SimpleAtod(std::string(range.high), &high)) {
    return absl::InvalidArgumentError(
        fmt::format("is {}; expected numbers, as in 0.1..0.5", Quoted(text)));
  }
  domain.set_low(low);
  domain.set_high(high);
  domain.set_log(log);
  domain.set_count(range.count);
  return absl::OkStatus();
}

absl::Status ParseInteger(std::string_view text, bool log, v1::IntegerDomain& domain) {
  FITD_ASSIGN_OR_RETURN(const Range range, ParseRange(text));
  int64_t low = 0;
  int64_t high = 0;
  if (!absl::SimpleAtoi(std::string(range.low), &low) ||
      !absl::SimpleAtoi(std::string(range.high), &high)) {
    return absl::InvalidArgumentError(
        fmt::format("is {}; expected whole numbers, as in 1..8", Quoted(text)));
  }
  domain.set_low(low);
  domain.set_high(high);
  domain.set_log(log);
  domain.set_count(range.count);
  return absl::OkStatus();
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

void ParseChoices(std::string_view text, v1::ChoiceDomain& domain) {
  const auto add = [&](std::string_view value) {
    domain.add_choices()->set_value(std::string(Trimmed(value)));
  };
  int depth = 0;
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '{' || c == '[' || c == '(') ++depth;
    if (c == '}' || c == ']' || c == ')') --depth;
    if (c != ',' || depth > 0) continue;
    add(text.substr(begin, i - begin));
    begin = i + 1;
  }
  add(text.substr(begin));
}

absl::Status ParseDomain(std::string_view values, v1::SearchAxis& axis) {
  const size_t colon = values.find(':');
  const std::string_view kind = colon == values.npos ? "" : values.substr(0, colon);
  const std::string_view rest = values.substr(kind.empty() ? 0 : colon + 1);
  if (kind == "real" || kind == "log") return ParseReal(rest, kind == "log", *axis.mutable_real());
  if (kind == "int" || kind == "intlog")
    return ParseInteger(rest, kind == "intlog", *axis.mutable_integer());
  ParseChoices(kind == "choice" ? rest : values, *axis.mutable_choice());
  if (values.find("..") == values.npos || axis.choice().choices_size() != 1)
    return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("is {}; write a range as real:, log:, int: or intlog:LOW..HIGH", Quoted(values)));
}

// Whether messages of the type have a text form: specs, and callbacks, which watch a metric.
bool HasText(const Descriptor& type) {
  return Kinds(type) != nullptr || type.FindFieldByName("monitor") != nullptr;
}

// The type of the message with a text form that the path leads to; null for any other field. A
// field of its last name has the same one wherever it is.
const Descriptor* TypeOf(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('.') + 1);
  std::vector<const Descriptor*> types = {v1::TrialSpec::descriptor()};
  for (size_t i = 0; i < types.size(); ++i) {
    const Descriptor* type = types[i];
    for (int j = 0; j < type->field_count(); ++j) {
      const FieldDescriptor* field = type->field(j);
      const Descriptor* inside = field->message_type();
      if (inside == nullptr || field->is_map()) continue;
      if (field->name() == name && !field->is_repeated() && HasText(*inside)) return inside;
      if (std::find(types.begin(), types.end(), inside) == types.end()) types.push_back(inside);
    }
  }
  return nullptr;
}

std::unique_ptr<Message> NewSpec(const Descriptor& type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

// A kind's name alone says less than JSON: what the base has of that kind stays.
absl::StatusOr<std::string> ReadChoice(const std::string& text, const Descriptor& type) {
  if (text.starts_with('{')) return text;
  const auto* kinds = Kinds(type);
  const FieldDescriptor* kind = kinds == nullptr ? nullptr : FindKind(*kinds, text);
  if (kind != nullptr && kind->message_type() != nullptr) return kind->name();
  const std::unique_ptr<Message> spec = NewSpec(type);
  FITD_RETURN_IF_ERROR(kinds == nullptr ? ParseArguments(text, {"monitor", "patience"}, *spec)
                                        : ParseSpec(text, *spec));
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(*spec, &json, options);  // Never fails.
  return json;
}

void ReadChoices(const std::string& path, Axes& axes, std::vector<FieldViolation>& faults) {
  for (int i = 0; i < axes.size(); ++i) {
    v1::SearchAxis& axis = axes[i];
    if (!axis.has_choice()) continue;
    auto& choices = *axis.mutable_choice()->mutable_choices();
    // Short for the constant learning rate, or for the whole where another kind is among them.
    const bool short_name = axis.path() == "learning_rate";
    const bool numbers = std::all_of(choices.begin(), choices.end(),
                                     [](const auto& choice) { return IsNumber(choice.value()); });
    if (short_name && !numbers) axis.set_path("optimizer.learning_rate");
    const Descriptor* type = short_name && numbers ? nullptr : TypeOf(axis.path());
    for (int j = 0; j < choices.size(); ++j) {
      const std::string choice = fmt::format("{}[{}].choice.choices[{}]", path, i, j);
      if (type != nullptr) {
        absl::StatusOr<std::string> value = ReadChoice(choices[j].value(), *type);
        if (value.ok()) {
          choices[j].set_value(*std::move(value));
        } else {
          faults.push_back({choice + ".value", std::string(value.status().message())});
        }
      }
      ReadChoices(choice + ".axes", *choices[j].mutable_axes(), faults);
    }
  }
}

template <typename Domain>
std::string FormatRange(const char* kind, const char* log_kind, const Domain& domain) {
  return fmt::format("{}:{}..{}{}", domain.log() ? log_kind : kind, domain.low(), domain.high(),
                     domain.count() == 0 ? "" : fmt::format(":{}", domain.count()));
}

}  // namespace

absl::Status ParseAxis(std::string_view text, v1::SearchAxis& axis) {
  const size_t equals = text.find('=');
  if (equals == text.npos || equals == 0) {
    return absl::InvalidArgumentError(
        fmt::format("is {}; expected PATH=VALUES, as in learning_rate=log:1e-4..1e-1, units=16,32",
                    Quoted(text)));
  }
  const std::string path(Trimmed(text.substr(0, equals)));
  axis.set_path(path);
  absl::Status parsed = ParseDomain(Trimmed(text.substr(equals + 1)), axis);
  if (parsed.ok()) return parsed;
  axis.Clear();
  return absl::InvalidArgumentError(fmt::format("{} {}", path, std::string(parsed.message())));
}

std::vector<FieldViolation> ReadChoices(const std::string& path, v1::SearchSpace& space) {
  std::vector<FieldViolation> faults;
  ReadChoices(path + ".axes", *space.mutable_axes(), faults);
  return faults;
}

std::string FormatChoice(std::string_view path, const std::string& value) {
  const Descriptor* type = value.starts_with('{') ? TypeOf(path) : nullptr;
  if (type == nullptr) return value;
  const std::unique_ptr<Message> spec = NewSpec(*type);
  const bool read = google::protobuf::util::JsonStringToMessage(value, spec.get()).ok();
  if (!read || spec->ByteSizeLong() == 0) return value;
  return Kinds(*type) == nullptr ? FormatArguments(*spec) : FormatSpec(*spec);
}

std::string FormatAxis(const v1::SearchAxis& axis) {
  switch (axis.domain_case()) {
    case v1::SearchAxis::kReal:
      return fmt::format("{}={}", axis.path(), FormatRange("real", "log", axis.real()));
    case v1::SearchAxis::kInteger:
      return fmt::format("{}={}", axis.path(), FormatRange("int", "intlog", axis.integer()));
    default: {
      std::vector<std::string> values;
      for (const v1::SearchChoice& choice : axis.choice().choices())
        values.push_back(FormatChoice(axis.path(), choice.value()));
      return fmt::format("{}={}", axis.path(), fmt::join(values, ","));
    }
  }
}

}  // namespace fitd::client
