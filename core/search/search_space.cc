#include "core/search/search_space.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "core/base/rng.h"
#include "core/tensor/shape.h"
#include "fmt/format.h"

namespace fitd {
namespace {

using Axes = google::protobuf::RepeatedPtrField<v1::SearchAxis>;
using Values = SearchSpace::Values;

constexpr int64_t kCountless = std::numeric_limits<int64_t>::max();

int64_t SaturatingAdd(int64_t a, int64_t b) { return a > kCountless - b ? kCountless : a + b; }

// The value at `share` of the way from low to high, in numbers or in their logarithms.
double Between(double low, double high, bool log, double share) {
  if (share <= 0) return low;
  if (share >= 1) return high;
  if (!log) return low + share * (high - low);
  const double value = std::exp(std::log(low) + share * (std::log(high) - std::log(low)));
  return std::clamp(value, low, high);
}

int64_t SizeOf(const Axes& axes, Values values);

// Points of the axis and of the spaces of its choices.
int64_t SizeOf(const v1::SearchAxis& axis, Values values) {
  switch (axis.domain_case()) {
    case v1::SearchAxis::kChoice: {
      int64_t size = 0;
      for (const v1::SearchChoice& choice : axis.choice().choices())
        size = SaturatingAdd(size, SizeOf(choice.axes(), values));
      return size;
    }
    case v1::SearchAxis::kInteger:
      if (values == Values::kAll) return axis.integer().high() - axis.integer().low() + 1;
      return static_cast<int64_t>(GridValues(axis).size());
    case v1::SearchAxis::kReal:
      if (values == Values::kAll) return kCountless;
      return static_cast<int64_t>(GridValues(axis).size());
    case v1::SearchAxis::DOMAIN_NOT_SET:
      break;
  }
  return 0;
}

int64_t SizeOf(const Axes& axes, Values values) {
  int64_t size = 1;
  for (const v1::SearchAxis& axis : axes) size = SaturatingMultiply(size, SizeOf(axis, values));
  return size;
}

void Add(const v1::SearchAxis& axis, std::string value, Parameters& parameters) {
  v1::TrialParameter& parameter = parameters.emplace_back();
  parameter.set_path(axis.path());
  parameter.set_value(std::move(value));
}

void AddPoint(const Axes& axes, Values values, int64_t index, Parameters& parameters);

void AddPoint(const v1::SearchAxis& axis, Values values, int64_t index, Parameters& parameters) {
  if (axis.has_choice()) {
    for (const v1::SearchChoice& choice : axis.choice().choices()) {
      const int64_t size = SizeOf(choice.axes(), values);
      if (index < size) {
        Add(axis, choice.value(), parameters);
        return AddPoint(choice.axes(), values, index, parameters);
      }
      index -= size;
    }
  } else if (values == Values::kAll) {
    Add(axis, std::to_string(axis.integer().low() + index), parameters);
  } else {
    Add(axis, GridValues(axis)[static_cast<size_t>(index)], parameters);
  }
}

void AddPoint(const Axes& axes, Values values, int64_t index, Parameters& parameters) {
  int64_t below = SizeOf(axes, values);
  for (const v1::SearchAxis& axis : axes) {
    const int64_t size = SizeOf(axis, values);
    below /= size;
    AddPoint(axis, values, index / below % size, parameters);
  }
}

int CountAxes(const Axes& axes) {
  int count = 0;
  for (const v1::SearchAxis& axis : axes) {
    ++count;
    for (const v1::SearchChoice& choice : axis.choice().choices())
      count += CountAxes(choice.axes());
  }
  return count;
}

// Walks the axes that count at a point. Each axis of the space has a number of its own, used or
// not.
class Walk {
 public:
  // Puts the value of an axis at the end of the parameters.
  using AddValue = std::function<void(const v1::SearchAxis& axis, uint32_t number)>;
  Walk(const AddValue& add, const Parameters& parameters) : add_(add), parameters_(parameters) {}

  void Visit(const Axes& axes) {
    for (const v1::SearchAxis& axis : axes) {
      add_(axis, axis_++);
      const std::string value = parameters_[visited_++].value();
      for (const v1::SearchChoice& choice : axis.choice().choices()) {
        if (choice.value() == value) {
          Visit(choice.axes());
        } else {
          axis_ += static_cast<uint32_t>(CountAxes(choice.axes()));
        }
      }
    }
  }

 private:
  const AddValue& add_;
  const Parameters& parameters_;
  size_t visited_ = 0;
  uint32_t axis_ = 0;
};

// Whole numbers have a unit of the range each, or of the logarithm's.
double End(const v1::IntegerDomain& domain) { return static_cast<double>(domain.high()) + 1; }

std::string ValueAt(const v1::SearchAxis& axis, double share) {
  switch (axis.domain_case()) {
    case v1::SearchAxis::kChoice:
      return axis.choice().choices(static_cast<int>(share * axis.choice().choices_size())).value();
    case v1::SearchAxis::kInteger: {
      const v1::IntegerDomain& domain = axis.integer();
      const auto low = static_cast<double>(domain.low());
      const auto value =
          static_cast<int64_t>(std::floor(Between(low, End(domain), domain.log(), share)));
      return std::to_string(std::clamp(value, domain.low(), domain.high()));
    }
    case v1::SearchAxis::kReal: {
      const v1::RealDomain& domain = axis.real();
      return RealText(Between(domain.low(), domain.high(), domain.log(), share));
    }
    case v1::SearchAxis::DOMAIN_NOT_SET:
      break;
  }
  return "";
}

// The share at which `value` lies between low and high.
double ShareBetween(double low, double high, bool log, double value) {
  const double share = log ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low))
                           : (value - low) / (high - low);
  return std::clamp(share, 0.0, 1.0);
}

double ShareAt(const v1::SearchAxis& axis, const std::string& value) {
  switch (axis.domain_case()) {
    case v1::SearchAxis::kChoice: {
      const auto& choices = axis.choice().choices();
      const auto found = std::find_if(choices.begin(), choices.end(),
                                      [&](const auto& choice) { return choice.value() == value; });
      return (static_cast<double>(found - choices.begin()) + 0.5) / choices.size();
    }
    case v1::SearchAxis::kInteger:
      return ShareBetween(static_cast<double>(axis.integer().low()), End(axis.integer()),
                          axis.integer().log(), std::strtod(value.c_str(), nullptr) + 0.5);
    case v1::SearchAxis::kReal:
      return ShareBetween(axis.real().low(), axis.real().high(), axis.real().log(),
                          std::strtod(value.c_str(), nullptr));
    case v1::SearchAxis::DOMAIN_NOT_SET:
      break;
  }
  return 0;
}

void AddFieldValues(const Axes& axes, Parameters::const_iterator& parameter,
                    std::vector<FieldValue>& values) {
  for (const v1::SearchAxis& axis : axes) {
    const std::string& value = parameter->value();
    ++parameter;
    for (const std::string& field : axis.fields()) values.push_back({field, value});
    for (const v1::SearchChoice& choice : axis.choice().choices()) {
      if (choice.value() == value) AddFieldValues(choice.axes(), parameter, values);
    }
  }
}

}  // namespace

int64_t SearchSpace::Size(Values values) const { return SizeOf(spec_.axes(), values); }

Parameters SearchSpace::Point(Values values, int64_t index) const {
  Parameters parameters;
  AddPoint(spec_.axes(), values, index, parameters);
  return parameters;
}

Parameters SearchSpace::PointAt(const ShareOf& share_of) const {
  Parameters parameters;
  Walk([&](const v1::SearchAxis& axis,
           uint32_t number) { Add(axis, ValueAt(axis, share_of(axis, number)), parameters); },
       parameters)
      .Visit(spec_.axes());
  return parameters;
}

std::map<uint32_t, double> SearchSpace::SharesOf(const Parameters& parameters) const {
  std::map<uint32_t, double> shares;
  Walk(
      [&](const v1::SearchAxis& axis, uint32_t number) {
        shares.emplace(number, ShareAt(axis, parameters[shares.size()].value()));
      },
      parameters)
      .Visit(spec_.axes());
  return shares;
}

Parameters SearchSpace::Draw(uint64_t seed, int64_t trial, int64_t attempt) const {
  return PointAt([&](const v1::SearchAxis&, uint32_t axis) {
    return Rng(seed, RandomPurpose::kSearch, static_cast<uint32_t>(trial), axis)
        .Uniform(static_cast<uint64_t>(attempt));
  });
}

std::vector<FieldValue> SearchSpace::FieldValues(const Parameters& parameters) const {
  std::vector<FieldValue> values;
  auto parameter = parameters.begin();
  AddFieldValues(spec_.axes(), parameter, values);
  return values;
}

std::vector<FieldValue> ChoicesAround(const v1::SearchAxis& axis,
                                      const std::vector<const v1::SearchAxis*>& others) {
  std::vector<FieldValue> values;
  for (const v1::SearchAxis* other : others) {
    if (other->choice().choices().empty()) continue;
    for (const std::string& whole : other->fields()) {
      const bool around = std::any_of(
          axis.fields().begin(), axis.fields().end(),
          [parts = whole + "."](const std::string& field) { return field.starts_with(parts); });
      if (around) values.push_back({whole, other->choice().choices(0).value()});
    }
  }
  return values;
}

std::vector<std::string> GridValues(const v1::SearchAxis& axis) {
  std::vector<std::string> values;
  const auto add = [&](int64_t count, const auto& text_at) {
    for (int64_t i = 0; i < count; ++i) {
      std::string text = text_at(static_cast<double>(i) / static_cast<double>(count - 1));
      if (values.empty() || values.back() != text) values.push_back(std::move(text));
    }
  };
  if (axis.has_choice()) {
    for (const v1::SearchChoice& choice : axis.choice().choices()) values.push_back(choice.value());
  } else if (axis.has_integer() && axis.integer().count() == 0) {
    for (int64_t i = axis.integer().low(); i <= axis.integer().high(); ++i)
      values.push_back(std::to_string(i));
  } else if (axis.has_integer()) {
    const v1::IntegerDomain& domain = axis.integer();
    add(domain.count(), [&](double share) {
      return std::to_string(
          std::llround(Between(static_cast<double>(domain.low()),
                               static_cast<double>(domain.high()), domain.log(), share)));
    });
  } else if (axis.has_real()) {
    const v1::RealDomain& domain = axis.real();
    add(domain.count(), [&](double share) {
      return RealText(Between(domain.low(), domain.high(), domain.log(), share));
    });
  }
  return values;
}

std::string RealText(double value) { return fmt::format("{:.6g}", value); }

}  // namespace fitd
