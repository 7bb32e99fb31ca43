#include "core/search/resolve_search.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "core/base/kinds.h"
#include "core/base/names.h"
#include "core/search/search_space.h"
#include "core/search/trial_fields.h"
#include "fmt/format.h"

namespace fitd {
namespace {

using Axes = google::protobuf::RepeatedPtrField<v1::SearchAxis>;

constexpr int kMostAxes = 100;
constexpr int kMostValues = 1000;
constexpr int64_t kMostTrials = 10'000;

class SpaceResolver {
 public:
  SpaceResolver(bool grid, Violations& violations) : grid_(grid), violations_(violations) {}

  // `taken` are the fields that axes around or before these set.
  void Resolve(const std::string& path, const v1::TrialSpec& base, std::set<std::string> taken,
               Axes& axes) {
    for (int i = 0; i < axes.size(); ++i) {
      if (++axes_ > kMostAxes) {
        violations_.Add(path, fmt::format("has more than {0} axes; allowed: {0}", kMostAxes));
        return;
      }
      ResolveAxis(IndexedPath(path, static_cast<size_t>(i)), base, taken, axes[i]);
    }
  }

 private:
  void ResolveAxis(const std::string& path, const v1::TrialSpec& base, std::set<std::string>& taken,
                   v1::SearchAxis& axis) {
    const auto fields = FindFields(axis.path(), base);
    if (!fields.ok()) violations_.Add(path + ".path", Message(fields.status()));
    axis.clear_fields();
    for (const std::string& field : fields.ok() ? *fields : std::vector<std::string>()) {
      axis.add_fields(field);
      const auto met = std::find_if(taken.begin(), taken.end(), [&](const std::string& other) {
        return other != field && RepeatsMeet(field, other);
      });
      if (met != taken.end()) {
        violations_.Add(path + ".path",
                        fmt::format("sets {}, but another axis sets {}; allowed: blocks without a "
                                    "layer in common",
                                    Quoted(field), Quoted(*met)));
      }
      if (!taken.insert(field).second) {
        violations_.Add(path + ".path",
                        fmt::format("sets {}, which another axis sets too", Quoted(field)));
      }
    }
    FieldType type = FieldType::kReal;
    if (!axis.fields().empty()) type = TypeOfField(axis.fields(0), base);
    switch (axis.domain_case()) {
      case v1::SearchAxis::kChoice:
        return ResolveChoices(path + ".choice.choices", base, taken, axis);
      case v1::SearchAxis::kInteger:
        return CheckInteger(path + ".integer", type, axis.integer());
      case v1::SearchAxis::kReal:
        return CheckReal(path + ".real", type, axis.real());
      case v1::SearchAxis::DOMAIN_NOT_SET:
        return violations_.Add(path, "has no values; allowed: choice, integer, real");
    }
  }

  void ResolveChoices(const std::string& path, const v1::TrialSpec& base,
                      const std::set<std::string>& taken, v1::SearchAxis& axis) {
    auto& choices = *axis.mutable_choice()->mutable_choices();
    CheckField(!choices.empty() && choices.size() <= kMostValues, choices.size(),
               fmt::format("1 to {}", kMostValues), path, violations_);
    std::set<std::string> values;
    for (int i = 0; i < choices.size(); ++i) {
      const std::string choice = IndexedPath(path, static_cast<size_t>(i));
      const std::string& value = choices[i].value();
      if (!values.insert(value).second)
        violations_.Add(choice + ".value", fmt::format("is {} again", Quoted(value)));
      // Fields of the choice's axes are looked up where the choice is made.
      v1::TrialSpec chosen = base;
      for (const std::string& field : axis.fields()) {
        if (IsRepeat(field)) continue;
        if (const absl::Status put = PutValue(field, value, chosen); !put.ok()) {
          violations_.Add(choice + ".value", Message(put));
          break;
        }
      }
      Resolve(choice + ".axes", chosen, taken, *choices[i].mutable_axes());
    }
  }

  void CheckInteger(const std::string& path, FieldType type, const v1::IntegerDomain& domain) {
    if (type == FieldType::kOther)
      violations_.Add(path, "the field takes no number; allowed: choice");
    CheckField(domain.low() <= domain.high(), domain.low(),
               fmt::format("at most high, {}", domain.high()), path + ".low", violations_);
    CheckField(std::abs(static_cast<double>(domain.low())) <= kLargest &&
                   std::abs(static_cast<double>(domain.high())) <= kLargest,
               domain.low(), "ends of 1e15 at most", path, violations_);
    CheckField(!domain.log() || domain.low() >= 1, domain.low(), "1 or more with log",
               path + ".low", violations_);
    CheckCount(
        path, domain.count(),
        grid_ && domain.high() - domain.low() >= kMostValues && domain.low() < domain.high());
  }

  void CheckReal(const std::string& path, FieldType type, const v1::RealDomain& domain) {
    if (type != FieldType::kReal) {
      violations_.Add(path, type == FieldType::kInteger
                                ? "the field takes whole numbers; allowed: choice, integer"
                                : "the field takes no number; allowed: choice");
    }
    CheckField(
        std::isfinite(domain.low()) && std::isfinite(domain.high()) && domain.low() < domain.high(),
        domain.low(), fmt::format("a finite number below high, {}", domain.high()), path + ".low",
        violations_);
    CheckField(!domain.log() || domain.low() > 0, domain.low(), "above 0 with log", path + ".low",
               violations_);
    CheckCount(path, domain.count(), grid_);
  }

  void CheckCount(const std::string& path, int64_t count, bool required) {
    const bool valid = count == 0 ? !required : count >= 2 && count <= kMostValues;
    CheckField(valid, count,
               fmt::format("2 to {} values{}", kMostValues, required ? " for a grid" : ", or 0"),
               path + ".count", violations_);
  }

  static constexpr double kLargest = 1e15;
  const bool grid_;
  Violations& violations_;
  int axes_ = 0;
};

void CheckAlgorithm(const std::string& path, const v1::SearchAlgorithmSpec& algorithm,
                    Violations& violations) {
  RequireKind(algorithm, path, violations);
  if (algorithm.has_random()) {
    const int64_t trials = algorithm.random().trials();
    CheckField(trials >= 1 && trials <= kMostTrials, trials, "1 to 10,000", path + ".random.trials",
               violations);
  }
}

}  // namespace

void ResolveSearch(const v1::TrialSpec& base, std::string_view path, v1::SearchSpec& spec,
                   Violations& violations) {
  const std::string space_path = ChildPath(path, "space.axes");
  Violations faults;
  CheckAlgorithm(ChildPath(path, "algorithm"), spec.algorithm(), faults);
  if (spec.space().axes().empty()) faults.Add(space_path, "is empty; allowed: 1 to 100 axes");
  SpaceResolver(spec.algorithm().has_grid(), faults)
      .Resolve(space_path, base, {}, *spec.mutable_space()->mutable_axes());
  if (faults.empty() && spec.algorithm().has_grid()) {
    const int64_t points = SearchSpace(spec.space()).Size(SearchSpace::Values::kGrid);
    CheckField(points <= kMostTrials, points, "a grid of 10,000 points at most", space_path,
               faults);
  }
  violations.Add(faults.ToStatus());
}

}  // namespace fitd
