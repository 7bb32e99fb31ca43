#include "client/spec_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "client/names.h"
#include "client/reflection.h"
#include "client/status_macros.h"
#include "google/protobuf/text_format.h"

namespace fitd::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// What was written, before any meaning: a word, with arguments if it names a kind, or a list.
struct Term {
  struct Argument;
  std::string word;
  std::vector<Argument> arguments;
  std::vector<Term> items;
  bool is_list = false;
};
struct Term::Argument {
  std::string name;  // Empty: by position.
  Term value;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Term>> Specs() {
    std::vector<Term> specs;
    do {
      FITD_ASSIGN_OR_RETURN(Term spec, Spec());
      specs.push_back(std::move(spec));
    } while (Take(','));
    FITD_RETURN_IF_ERROR(AtEnd("expected ',', ':' or the end"));
    return specs;
  }

  absl::StatusOr<std::vector<Term::Argument>> Arguments() {
    std::vector<Term::Argument> arguments;
    do {
      FITD_ASSIGN_OR_RETURN(Term::Argument argument, Argument());
      arguments.push_back(std::move(argument));
    } while (Take(':'));
    FITD_RETURN_IF_ERROR(AtEnd("expected ':' or the end"));
    return arguments;
  }

 private:
  // Nobody nests deeper on purpose, and the recursion needs a bound.
  static constexpr int kDeepest = 20;

  absl::StatusOr<Term> Spec() {
    FITD_ASSIGN_OR_RETURN(Term spec, Value());
    while (Take(':')) {
      FITD_ASSIGN_OR_RETURN(Term::Argument argument, Argument());
      spec.arguments.push_back(std::move(argument));
    }
    return spec;
  }

  absl::StatusOr<Term::Argument> Argument() {
    Term::Argument argument;
    FITD_ASSIGN_OR_RETURN(argument.value, Value());
    const bool bare = !argument.value.is_list && argument.value.arguments.empty();
    if (bare && Take('=')) {
      argument.name = std::move(argument.value.word);
      FITD_ASSIGN_OR_RETURN(argument.value, Value());
    }
    return argument;
  }

  absl::StatusOr<Term> Value() {
    if (++depth_ > kDeepest) return Wrong("nested too deep");
    Term value;
    if (Take('[')) {
      value.is_list = true;
      while (!Take(']')) {
        if (!value.items.empty() && !Take(',')) return Wrong("expected ',' or ']'");
        FITD_ASSIGN_OR_RETURN(Term item, Value());
        value.items.push_back(std::move(item));
      }
    } else {
      value.word = Word();
      if (value.word.empty()) return Wrong("expected a name or a number");
      if (Take('(')) {
        while (!Take(')')) {
          if (!value.arguments.empty() && !Take(',')) return Wrong("expected ',' or ')'");
          FITD_ASSIGN_OR_RETURN(Term::Argument argument, Argument());
          value.arguments.push_back(std::move(argument));
        }
      }
    }
    --depth_;
    return value;
  }

  std::string Word() {
    SkipSpace();
    const size_t begin = at_;
    while (at_ < text_.size() &&
           std::string_view(" \t\n\r,:=()[]").find(text_[at_]) == std::string_view::npos)
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  bool Take(char wanted) {
    SkipSpace();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  void SkipSpace() {
    while (at_ < text_.size() &&
           std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  absl::Status AtEnd(std::string_view expected) {
    SkipSpace();
    return at_ == text_.size() ? absl::OkStatus() : Wrong(expected);
  }

  absl::Status Wrong(std::string_view what) const {
    const std::string found = at_ == text_.size() ? "the end" : Quoted(text_.substr(at_, 1));
    return absl::InvalidArgumentError(
        fmt::format("{}: {} at character {}, found {}", Quoted(text_), what, at_ + 1, found));
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

// Fills messages from terms and collects what is wrong. A message of which something could not be
// read is left empty.
class Filler {
 public:
  void Read(const Term& term, const std::string& where, Message& spec) {
    const size_t unread = unread_;
    Spec(term, where, spec);
    if (unread_ > unread) spec.Clear();
  }

  void Read(const std::vector<Term::Argument>& arguments,
            const std::vector<std::string>& positional, const std::string& where,
            Message& message) {
    const size_t unread = unread_;
    Fields(arguments, positional, where, message);
    if (unread_ > unread) message.Clear();
  }

  absl::Status ToStatus() const {
    if (faults_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(fmt::format("{}", fmt::join(faults_, "\n")));
  }

 private:
  // A place for an argument.
  struct Slot {
    Message* message;
    const FieldDescriptor* field;
  };

  void Spec(const Term& term, const std::string& where, Message& spec) {
    const Descriptor& family = *spec.GetDescriptor();
    const OneofDescriptor& kinds = *Kinds(family);
    const FieldDescriptor* kind = FindKind(kinds, term.word);
    if (kind == nullptr) {
      const FieldDescriptor* number = NumberKind(kinds);
      if (number != nullptr && IsNumber(term.word) && term.arguments.empty()) {
        return Scalar(term, *number, where, spec);
      }
      return Fault(where, term.is_list
                              ? "expected a kind, not a list"
                              : UnknownName(FamilyName(family), term.word, KindNames(kinds)));
    }
    const std::string inside = fmt::format("{}: {}", where, kind->name());
    if (kind->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      if (term.arguments.size() != 1 || !term.arguments[0].name.empty()) {
        return Fault(inside, "expected one number");
      }
      return Scalar(term.arguments[0].value, *kind, inside, spec);
    }
    Message& chosen = *spec.GetReflection()->MutableMessage(&spec, kind);
    std::vector<Slot> slots;
    if (Kinds(*kind->message_type()) != nullptr) {
      slots.push_back({&spec, kind});  // A family of its own: "activation:relu".
    } else {
      for (int i = 0; i < kind->message_type()->field_count(); ++i) {
        slots.push_back({&chosen, kind->message_type()->field(i)});
      }
    }
    const size_t positions = slots.size();
    bool named_only = false;
    for (const FieldDescriptor* field : CommonFields(family)) {
      slots.push_back({&spec, field});
      // Keras puts an optimizer's learning rate before its other arguments; a guess could be
      // silently wrong.
      if (field->name() != "name") named_only = true;
    }
    Arguments(term.arguments, slots, positions, named_only, inside);
  }

  void Fields(const std::vector<Term::Argument>& arguments,
              const std::vector<std::string>& positional, const std::string& where,
              Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    std::vector<Slot> slots;
    for (const std::string& name : positional)
      slots.push_back({&message, type.FindFieldByName(name)});
    for (int i = 0; i < type.field_count(); ++i) {
      const bool listed = std::find(positional.begin(), positional.end(), type.field(i)->name()) !=
                          positional.end();
      if (!listed) slots.push_back({&message, type.field(i)});
    }
    Arguments(arguments, slots, positional.size(), /*named_only=*/false, where);
  }

  // The first `positions` slots take arguments without a name; none does if `named_only`.
  void Arguments(const std::vector<Term::Argument>& arguments, const std::vector<Slot>& slots,
                 size_t positions, bool named_only, const std::string& where) {
    std::vector<std::string> names;
    for (const Slot& slot : slots) names.push_back(slot.field->name());
    std::set<std::string> given;
    for (size_t i = 0; i < arguments.size(); ++i) {
      const Term::Argument& argument = arguments[i];
      size_t slot = i;
      if (!argument.name.empty()) {
        slot = std::find(names.begin(), names.end(), argument.name) - names.begin();
        if (slot == names.size()) {
          Fault(where, UnknownName("argument", argument.name, names));
          continue;
        }
      } else if (named_only || i >= positions) {
        Fault(where,
              named_only
                  ? fmt::format("write arguments by name, e.g. {}={}; known: {}", names[0],
                                argument.value.word, fmt::join(names, ", "))
                  : fmt::format("takes {} argument{} at most without a name; {} is one more",
                                positions, positions == 1 ? "" : "s", Quoted(argument.value.word)));
        continue;
      }
      if (!given.insert(names[slot]).second) {
        // The first value stays: it may be wrong too.
        faults_.push_back(fmt::format("{}: {} is given twice", where, names[slot]));
        continue;
      }
      Set(argument.value, *slots[slot].field, where, *slots[slot].message);
    }
  }

  void Set(const Term& value, const FieldDescriptor& field, const std::string& where,
           Message& message) {
    if (field.is_repeated()) {
      if (!value.is_list) return Scalar(value, field, where, message);
      for (const Term& item : value.items) Scalar(item, field, where, message);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Spec(value, fmt::format("{}: {}", where, field.name()),
           *message.GetReflection()->MutableMessage(&message, &field));
    } else {
      Scalar(value, field, where, message);
    }
  }

  void Scalar(const Term& value, const FieldDescriptor& field, const std::string& where,
              Message& message) {
    if (value.is_list || !value.arguments.empty()) {
      return Fault(where, fmt::format("{} takes a single value", field.name()));
    }
    if (const auto fault = SetScalar(value.word, field, message)) {
      Fault(where, fmt::format("{} {}", field.name(), *fault));
    }
  }

  void Fault(const std::string& where, const std::string& what) {
    faults_.push_back(fmt::format("{}: {}", where, what));
    ++unread_;
  }

  std::vector<std::string> faults_;
  size_t unread_ = 0;
};

// A field's value, or one of its values, as ParseSpec reads it.
std::string FormatValue(const Message& message, const FieldDescriptor& field, int index = -1) {
  const Reflection& reflection = *message.GetReflection();
  const bool item = index >= 0;
  if (field.is_repeated() && !item) {
    std::vector<std::string> values;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i)
      values.push_back(FormatValue(message, field, i));
    return fmt::format("[{}]", fmt::join(values, ", "));
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FormatSpec(reflection.GetMessage(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return ShortName(item ? *reflection.GetRepeatedEnum(message, &field, index)
                            : *reflection.GetEnum(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      // The shortest text that reads back as the same float; TextFormat would print 0.1 as
      // 0.100000001.
      return fmt::format("{}", item ? reflection.GetRepeatedFloat(message, &field, index)
                                    : reflection.GetFloat(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return fmt::format("{}", item ? reflection.GetRepeatedDouble(message, &field, index)
                                    : reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return item ? reflection.GetRepeatedString(message, &field, index)
                  : reflection.GetString(message, &field);
    default: {
      std::string text;
      google::protobuf::TextFormat::PrintFieldValueToString(message, &field, index, &text);
      return text;
    }
  }
}

void FormatFields(const Message& message, std::vector<std::string>& arguments) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->real_containing_oneof() == nullptr) {
      arguments.push_back(fmt::format("{}={}", field->name(), FormatValue(message, *field)));
    }
  }
}

}  // namespace

std::string FormatArguments(const Message& message) {
  std::vector<std::string> arguments;
  FormatFields(message, arguments);
  return fmt::format("{}", fmt::join(arguments, ":"));
}

std::string FormatSpec(const Message& spec) {
  const FieldDescriptor* kind =
      spec.GetReflection()->GetOneofFieldDescriptor(spec, Kinds(*spec.GetDescriptor()));
  if (kind == nullptr) return "-";
  if (kind->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return FormatValue(spec, *kind);
  std::vector<std::string> arguments;
  const Message& chosen = spec.GetReflection()->GetMessage(spec, kind);
  if (Kinds(*kind->message_type()) != nullptr) {
    if (chosen.ByteSizeLong() > 0) arguments.push_back(FormatSpec(chosen));
  } else {
    FormatFields(chosen, arguments);
  }
  FormatFields(spec, arguments);
  if (arguments.empty()) return kind->name();
  return fmt::format("{}({})", kind->name(), fmt::join(arguments, ", "));
}

absl::Status ParseSpec(std::string_view text, Message& spec) {
  const std::string family = FamilyName(*spec.GetDescriptor());
  FITD_ASSIGN_OR_RETURN(const std::vector<Term> terms, Parser(text).Specs());
  if (terms.size() != 1) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected one, found {} separated by commas", family, terms.size()));
  }
  Filler filler;
  filler.Read(terms[0], family, spec);
  return filler.ToStatus();
}

absl::Status ParseSpecs(std::string_view text, const Descriptor& family,
                        const std::function<Message&()>& add) {
  FITD_ASSIGN_OR_RETURN(const std::vector<Term> terms, Parser(text).Specs());
  Filler filler;
  for (size_t i = 0; i < terms.size(); ++i) {
    filler.Read(terms[i], fmt::format("{} {}", FamilyName(family), i + 1), add());
  }
  return filler.ToStatus();
}

absl::Status ParseArguments(std::string_view text, const std::vector<std::string>& positional,
                            Message& message) {
  FITD_ASSIGN_OR_RETURN(const std::vector<Term::Argument> arguments, Parser(text).Arguments());
  Filler filler;
  filler.Read(arguments, positional, FamilyName(*message.GetDescriptor()), message);
  return filler.ToStatus();
}

}  // namespace fitd::client
