#include "core/search/resolve_search.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/base/canonical_bytes.h"
#include "core/base/kinds.h"
#include "core/base/names.h"
#include "core/search/halving_search.h"
#include "core/search/search_space.h"
#include "core/search/trial_fields.h"
#include "fmt/format.h"

namespace fitd {
namespace {

using Axes = google::protobuf::RepeatedPtrField<v1::SearchAxis>;

// Fields that axes set in one and the same trial, with the axis; null: its value is in the base.
using Taken = std::multimap<std::string, const v1::SearchAxis*>;

constexpr int kMostAxes = 100;
constexpr int kMostValues = 1000;
constexpr int64_t kMostTrials = 10'000;
constexpr int64_t kMostFits = 100;

// Algorithms that compare trials by the epochs they had.
bool HasRungs(const v1::SearchAlgorithmSpec& algorithm) {
  return algorithm.has_halving() || algorithm.has_hyperband() ||
         algorithm.has_asynchronous_halving();
}

// Of every axis, those inside choices too, what it sets.
template <typename Visit>
void ForEachField(const Axes& axes, const Visit& visit) {
  for (const v1::SearchAxis& axis : axes) {
    for (const std::string& field : axis.fields()) visit(axis, field);
    for (const v1::SearchChoice& choice : axis.choice().choices())
      ForEachField(choice.axes(), visit);
  }
}

class SpaceResolver {
 public:
  SpaceResolver(const v1::SearchAlgorithmSpec& algorithm, Violations& violations)
      : grid_(algorithm.has_grid()), has_rungs_(HasRungs(algorithm)), violations_(violations) {}

  // `taken` are the fields that axes around or before these set; adds those of these. `others` are
  // the axes around, but those whose choice is in the base.
  void Resolve(const std::string& path, const v1::TrialSpec& base, Taken& taken,
               std::vector<const v1::SearchAxis*> others, Axes& axes) {
    for (int i = 0; i < axes.size(); ++i) {
      const auto fields = FindFields(axes[i].path(), base);
      axes[i].clear_fields();
      if (fields.ok()) {
        *axes[i].mutable_fields() = {fields->begin(), fields->end()};
        others.push_back(&axes[i]);
      } else {
        violations_.Add(IndexedPath(path, static_cast<size_t>(i)) + ".path",
                        Message(fields.status()));
      }
    }
    for (int i = 0; i < axes.size(); ++i) {
      if (++axes_ > kMostAxes) {
        violations_.Add(path, fmt::format("has more than {0} axes; allowed: {0}", kMostAxes));
        return;
      }
      ResolveAxis(IndexedPath(path, static_cast<size_t>(i)), base, taken, others, axes[i]);
    }
  }

 private:
  void ResolveAxis(const std::string& path, v1::TrialSpec base, Taken& taken,
                   std::vector<const v1::SearchAxis*> others, v1::SearchAxis& axis) {
    for (const std::string& field : axis.fields()) {
      if (field == "training.epochs" && has_rungs_) {
        violations_.Add(path + ".path",
                        "sets training.epochs, which the algorithm shares out; allowed: any other "
                        "field, or the algorithms grid, random and tpe");
      }
      CheckApart(path + ".path", field, base, taken);
    }
    std::erase(others, &axis);
    (void)PutAll(ChoicesAround(axis, others), base);  // Faults are told where the choices are.
    FieldType type = FieldType::kReal;
    if (!axis.fields().empty()) type = TypeOfField(axis.fields(0), base);
    Taken inside;
    switch (axis.domain_case()) {
      case v1::SearchAxis::kChoice:
        inside = ResolveChoices(path + ".choice.choices", base, taken, others, axis);
        break;
      case v1::SearchAxis::kInteger:
        CheckInteger(path + ".integer", type, axis.integer());
        break;
      case v1::SearchAxis::kReal:
        CheckReal(path + ".real", type, axis.real());
        break;
      case v1::SearchAxis::DOMAIN_NOT_SET:
        violations_.Add(path, "has no values; allowed: choice, integer, real");
        break;
    }
    for (const std::string& field : axis.fields()) taken.emplace(field, &axis);
    taken.merge(inside);
  }

  // That no other axis sets the field, nor takes it away by setting what it is a part of.
  void CheckApart(const std::string& path, const std::string& field, const v1::TrialSpec& base,
                  const Taken& taken) {
    if (taken.contains(field)) {
      return violations_.Add(path,
                             fmt::format("sets {}, which another axis sets too", Quoted(field)));
    }
    if (IsRepeat(field)) {
      for (const auto& [other, axis] : taken) {
        if (!RepeatsMeet(field, other)) continue;
        violations_.Add(path, fmt::format("sets {}, but another axis sets {}; allowed: blocks "
                                          "without a layer in common",
                                          Quoted(field), Quoted(other)));
      }
    }
    for (size_t dot = field.find('.'); dot != field.npos; dot = field.find('.', dot + 1)) {
      const auto [begin, end] = taken.equal_range(field.substr(0, dot));
      for (auto whole = begin; whole != end; ++whole) {
        if (whole->second == nullptr) continue;
        for (const v1::SearchChoice& choice : whole->second->choice().choices()) {
          v1::TrialSpec chosen = base;
          if (!PutValue(whole->first, choice.value(), chosen).ok()) continue;  // Told there.
          const absl::Status there = CheckThere(field, chosen);
          if (there.ok()) continue;
          violations_.Add(path,
                          fmt::format("cannot be set where {} is {}: {}", whole->second->path(),
                                      Quoted(choice.value()), Message(there)));
        }
      }
    }
  }

  // Returns the fields that axes inside the choices set.
  Taken ResolveChoices(const std::string& path, const v1::TrialSpec& base, const Taken& taken,
                       const std::vector<const v1::SearchAxis*>& others, v1::SearchAxis& axis) {
    auto& choices = *axis.mutable_choice()->mutable_choices();
    CheckField(!choices.empty() && choices.size() <= kMostValues, choices.size(),
               fmt::format("1 to {}", kMostValues), path, violations_);
    std::map<std::string, int> values;  // What is set, with the choice.
    Taken all_inside;
    for (int i = 0; i < choices.size(); ++i) {
      const std::string choice = IndexedPath(path, static_cast<size_t>(i));
      const std::string& value = choices[i].value();
      // Fields of the choice's axes are looked up where the choice is made.
      v1::TrialSpec chosen = base;
      absl::Status put;
      for (const std::string& field : axis.fields()) {
        if (!put.ok()) break;
        put = IsRepeat(field) ? ParseCopies(value).status() : PutValue(field, value, chosen);
      }
      if (!put.ok()) violations_.Add(choice + ".value", Message(put));
      if (put.ok() && !axis.fields().empty()) {
        const bool repeat = IsRepeat(axis.fields(0));
        const auto [same, first] = values.emplace(
            repeat ? std::to_string(*ParseCopies(value)) : CanonicalBytes(chosen), i);
        if (!first) {
          violations_.Add(choice + ".value",
                          fmt::format("is the same as the value of choices[{}]", same->second));
        }
      }
      for (const std::string& field : axis.fields()) {
        if (put.ok()) CheckParts(choice + ".value", field, value, chosen, taken);
      }
      if (choices[i].axes().empty()) continue;
      Taken inside = taken;
      for (const std::string& field : axis.fields()) inside.emplace(field, nullptr);
      Resolve(choice + ".axes", chosen, inside, others, *choices[i].mutable_axes());
      for (const auto& [field, setter] : inside) {
        if (setter != nullptr && !taken.contains(field)) all_inside.emplace(field, setter);
      }
    }
    return all_inside;
  }

  // That the value of the field leaves the parts of it that other axes set.
  void CheckParts(const std::string& path, const std::string& field, const std::string& value,
                  const v1::TrialSpec& chosen, const Taken& taken) {
    const std::string parts = field + ".";
    for (auto part = taken.lower_bound(parts);
         part != taken.end() && part->first.starts_with(parts); ++part) {
      const absl::Status there = CheckThere(part->first, chosen);
      if (there.ok()) continue;
      violations_.Add(path,
                      fmt::format("is {}, beside another axis: {}", Quoted(value), Message(there)));
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
  const bool has_rungs_;
  Violations& violations_;
  int axes_ = 0;
};

void CheckTrials(int64_t trials, const std::string& path, Violations& violations) {
  CheckField(trials >= 1 && trials <= kMostTrials, trials, "1 to 10,000", path + ".trials",
             violations);
}

void CheckParallelism(int64_t parallelism, const std::string& path, Violations& violations) {
  CheckField(parallelism >= 1 && parallelism <= 1000, parallelism, "1 to 1,000",
             path + ".parallelism", violations);
}

// Of a HalvingSpec or what has the same fields.
template <typename Spec>
void ResolveRungs(const std::string& path, int64_t epochs, Spec& spec, Violations& violations) {
  if (spec.min_epochs() == 0) spec.set_min_epochs(1);
  if (spec.factor() == 0) spec.set_factor(3);
  CheckField(spec.min_epochs() >= 1 && spec.min_epochs() <= epochs, spec.min_epochs(),
             fmt::format("1 to training.epochs, {}", epochs), path + ".min_epochs", violations);
  CheckField(spec.factor() >= 2 && spec.factor() <= 100, spec.factor(), "2 to 100",
             path + ".factor", violations);
}

void ResolveAlgorithm(const std::string& path, int64_t epochs, v1::SearchAlgorithmSpec& algorithm,
                      Violations& violations) {
  RequireKind(algorithm, path, violations);
  switch (algorithm.kind_case()) {
    case v1::SearchAlgorithmSpec::kRandom:
      return CheckTrials(algorithm.random().trials(), path + ".random", violations);
    case v1::SearchAlgorithmSpec::kHalving:
      CheckTrials(algorithm.halving().trials(), path + ".halving", violations);
      return ResolveRungs(path + ".halving", epochs, *algorithm.mutable_halving(), violations);
    case v1::SearchAlgorithmSpec::kHyperband:
      return ResolveRungs(path + ".hyperband", epochs, *algorithm.mutable_hyperband(), violations);
    case v1::SearchAlgorithmSpec::kAsynchronousHalving: {
      v1::AsynchronousHalvingSpec& spec = *algorithm.mutable_asynchronous_halving();
      const std::string spec_path = path + ".asynchronous_halving";
      CheckTrials(spec.trials(), spec_path, violations);
      ResolveRungs(spec_path, epochs, spec, violations);
      if (spec.parallelism() == 0) spec.set_parallelism(8);
      return CheckParallelism(spec.parallelism(), spec_path, violations);
    }
    case v1::SearchAlgorithmSpec::kTpe: {
      v1::TpeSpec& spec = *algorithm.mutable_tpe();
      CheckTrials(spec.trials(), path + ".tpe", violations);
      if (spec.startup_trials() == 0) spec.set_startup_trials(10);
      CheckField(spec.startup_trials() >= 1, spec.startup_trials(), "1 or more",
                 path + ".tpe.startup_trials", violations);
      if (spec.parallelism() == 0) spec.set_parallelism(4);
      return CheckParallelism(spec.parallelism(), path + ".tpe", violations);
    }
    case v1::SearchAlgorithmSpec::kGrid:
    case v1::SearchAlgorithmSpec::KIND_NOT_SET:
      return;
  }
}

// Of the kind of the first choice of an axis that sets it; without one the base stays as it is.
void PutLoss(const Axes& axes, v1::TrialSpec& base) {
  constexpr char kLoss[] = "training.loss";
  for (const v1::SearchAxis& axis : axes) {
    const auto fields = FindFields(axis.path(), base);
    if (!fields.ok() || fields->front() != kLoss) continue;
    for (const v1::SearchChoice& choice : axis.choice().choices()) {
      v1::TrialSpec chosen;
      if (!PutValue(kLoss, choice.value(), chosen).ok()) continue;  // Told there.
      (void)PutValue(kLoss, KindName(chosen.training().loss()), base);
      return;
    }
  }
}

}  // namespace

void ResolveSearch(v1::TrialSpec& base, std::string_view path, v1::SearchSpec& spec,
                   Violations& violations) {
  const std::string space_path = ChildPath(path, "space.axes");
  Violations faults;
  if (KindName(base.training().loss()).empty()) {
    PutLoss(spec.space().axes(), base);
    if (base.training().has_loss())
      *spec.mutable_training()->mutable_loss() = base.training().loss();
  }
  const int64_t epochs = base.training().has_epochs() ? base.training().epochs() : 1;
  ResolveAlgorithm(ChildPath(path, "algorithm"), epochs, *spec.mutable_algorithm(), faults);
  if (spec.space().axes().empty()) faults.Add(space_path, "is empty; allowed: 1 to 100 axes");
  Taken taken;
  SpaceResolver(spec.algorithm(), faults)
      .Resolve(space_path, base, taken, {}, *spec.mutable_space()->mutable_axes());
  if (faults.empty() && spec.algorithm().has_grid()) {
    const int64_t points = SearchSpace(spec.space()).Size(SearchSpace::Values::kGrid);
    CheckField(points <= kMostTrials, points, "a grid of 10,000 points at most", space_path,
               faults);
  }
  if (faults.empty() && spec.algorithm().has_hyperband()) {
    v1::SearchSpec unbounded = spec;
    unbounded.clear_budget();  // Not checked yet.
    const SearchSpace space(spec.space());
    const int64_t trials = HalvingSearch::Hyperband(unbounded, space).planned_trials();
    CheckField(trials <= kMostTrials, trials, "10,000 trials at most; raise min_epochs or factor",
               ChildPath(path, "algorithm.hyperband"), faults);
  }
  violations.Add(faults.ToStatus());
}

void ResolveCrossValidation(std::string_view path, std::optional<int64_t> rows,
                            v1::SearchSpec& spec, Violations& violations) {
  if (!spec.has_cross_validation()) return;
  v1::CrossValidationSpec& validation = *spec.mutable_cross_validation();
  if (validation.repeats() == 0) validation.set_repeats(1);
  const std::string validation_path = ChildPath(path, "cross_validation");
  const std::string folds_path = ChildPath(validation_path, "folds");
  const int64_t folds = validation.folds();
  const int64_t repeats = validation.repeats();
  const bool folds_valid = folds == 0 || (folds >= 2 && folds <= kMostFits);
  const bool repeats_valid = repeats >= 1 && repeats <= kMostFits;
  CheckField(folds_valid, folds, "2 to 100, or 0", folds_path, violations);
  CheckField(repeats_valid, repeats, "1 to 100", ChildPath(validation_path, "repeats"), violations);
  if (folds_valid && repeats_valid && folds * repeats > kMostFits) {
    violations.Add(validation_path,
                   fmt::format("has {} folds and {} repeats, {} fits a trial; allowed: {} at most",
                               folds, repeats, folds * repeats, kMostFits));
  }
  if (folds == 0) return;
  if (rows && folds_valid && folds > *rows) {
    CheckField(false, folds, fmt::format("2 to the number of rows, {}", *rows), folds_path,
               violations);
  }
  const auto exclude = [&](std::string_view field, bool set) {
    if (!set) return;
    violations.Add(folds_path,
                   fmt::format("is set beside {}; allowed: one of them", ChildPath(path, field)));
  };
  exclude("validation_dataset", !spec.validation_dataset().empty());
  exclude("training.validation_split", spec.training().validation_split() != 0);
  exclude("training.fold", spec.training().has_fold());
  ForEachField(spec.space().axes(), [&](const v1::SearchAxis& axis, const std::string& field) {
    if (field.starts_with("training.fold") || field == "training.validation_split") {
      violations.Add(folds_path, fmt::format("is set beside axis {}, which sets {}; allowed: one "
                                             "of them",
                                             Quoted(axis.path()), field));
    }
  });
}

}  // namespace fitd
