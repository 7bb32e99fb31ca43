#include "core/search/search_space.h"

#include <algorithm>
#include <cmath>
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

// Draws the axes of a point. Each axis of the space has numbers of its own, used or not.
class Drawing {
 public:
  Drawing(uint64_t seed, int64_t trial, int64_t attempt)
      : seed_(seed), trial_(static_cast<uint32_t>(trial)), attempt_(attempt) {}

  void Draw(const Axes& axes, Parameters& parameters) {
    for (const v1::SearchAxis& axis : axes) Draw(axis, parameters);
  }

 private:
  void Draw(const v1::SearchAxis& axis, Parameters& parameters) {
    const double share = Rng(seed_, RandomPurpose::kSearch, trial_, axis_++)
                             .Uniform(static_cast<uint64_t>(attempt_));
    switch (axis.domain_case()) {
      case v1::SearchAxis::kChoice: {
        const auto& choices = axis.choice().choices();
        const auto chosen = static_cast<int>(share * choices.size());
        Add(axis, choices[chosen].value(), parameters);
        for (int i = 0; i < choices.size(); ++i) {
          if (i == chosen) {
            Draw(choices[i].axes(), parameters);
          } else {
            axis_ += static_cast<uint32_t>(CountAxes(choices[i].axes()));
          }
        }
        break;
      }
      case v1::SearchAxis::kInteger: {
        // Each number has its own unit of the range, or of the logarithm's.
        const v1::IntegerDomain& domain = axis.integer();
        const auto low = static_cast<double>(domain.low());
        const auto end = static_cast<double>(domain.high()) + 1;
        const auto value = static_cast<int64_t>(std::floor(Between(low, end, domain.log(), share)));
        Add(axis, std::to_string(std::clamp(value, domain.low(), domain.high())), parameters);
        break;
      }
      case v1::SearchAxis::kReal: {
        const v1::RealDomain& domain = axis.real();
        Add(axis, RealText(Between(domain.low(), domain.high(), domain.log(), share)), parameters);
        break;
      }
      case v1::SearchAxis::DOMAIN_NOT_SET:
        break;
    }
  }

  const uint64_t seed_;
  const uint32_t trial_;
  const int64_t attempt_;
  uint32_t axis_ = 0;
};

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

Parameters SearchSpace::Draw(uint64_t seed, int64_t trial, int64_t attempt) const {
  Parameters parameters;
  Drawing(seed, trial, attempt).Draw(spec_.axes(), parameters);
  return parameters;
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
