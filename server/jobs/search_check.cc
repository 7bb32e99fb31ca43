#include "server/jobs/search_check.h"

#include <string>
#include <utility>
#include <vector>

#include "core/search/trial_fields.h"
#include "core/search/trial_fits.h"
#include "fmt/format.h"

namespace fitd {
namespace {

using Axes = google::protobuf::RepeatedPtrField<v1::SearchAxis>;

class AxesCheck {
 public:
  AxesCheck(Transaction& transaction, const FitCheck& check, const v1::SearchSpec& spec,
            const v1::TrialSpec& base, Violations& violations)
      : transaction_(transaction),
        check_(check),
        spec_(spec),
        base_(base),
        violations_(violations) {}

  // `others` are the axes around, but those with a value in values_.
  void Check(const std::string& path, std::vector<const v1::SearchAxis*> others, const Axes& axes) {
    for (const v1::SearchAxis& axis : axes) others.push_back(&axis);
    for (int i = 0; i < axes.size(); ++i)
      Check(IndexedPath(path, static_cast<size_t>(i)), others, axes[i]);
  }

 private:
  void Check(const std::string& path, std::vector<const v1::SearchAxis*> others,
             const v1::SearchAxis& axis) {
    std::erase(others, &axis);
    const size_t before = values_.size();
    for (FieldValue& value : ChoicesAround(axis, others)) values_.push_back(std::move(value));
    const size_t outer = values_.size();
    const auto check = [&](const std::string& field, const std::string& value) {
      values_.resize(outer);
      for (const std::string& target : axis.fields()) values_.push_back({target, value});
      const absl::Status status = CheckTrial();
      if (!status.ok()) violations_.Add(field, fmt::format("{}: {}", value, Message(status)));
      return status.ok();
    };
    if (axis.has_integer()) {
      check(path + ".integer.low", std::to_string(axis.integer().low()));
      check(path + ".integer.high", std::to_string(axis.integer().high()));
    } else if (axis.has_real()) {
      check(path + ".real.low", RealText(axis.real().low()));
      check(path + ".real.high", RealText(axis.real().high()));
    }
    for (int i = 0; i < axis.choice().choices_size(); ++i) {
      const v1::SearchChoice& choice = axis.choice().choices(i);
      const std::string choice_path = IndexedPath(path + ".choice.choices", static_cast<size_t>(i));
      if (check(choice_path + ".value", choice.value()))
        Check(choice_path + ".axes", others, choice.axes());
    }
    values_.resize(before);
  }

  absl::Status CheckTrial() {
    v1::TrialSpec trial = base_;
    FITD_RETURN_IF_ERROR(PutAll(values_, trial));
    v1::FitSpec fit = FitOfTrial(spec_, spec_.model());
    *fit.mutable_training() = trial.training();
    PutFit(spec_, 1, *fit.mutable_training());
    Violations violations;
    return check_.Check(transaction_, std::move(fit), &trial.model(), violations).status();
  }

  Transaction& transaction_;
  const FitCheck& check_;
  const v1::SearchSpec& spec_;
  const v1::TrialSpec& base_;
  Violations& violations_;
  std::vector<FieldValue> values_;  // Of the choices around the axis, and its own.
};

}  // namespace

v1::FitSpec FitOfTrial(const v1::SearchSpec& spec, const std::string& model) {
  v1::FitSpec fit;
  fit.set_model(model);
  fit.set_dataset(spec.dataset());
  fit.set_validation_dataset(spec.validation_dataset());
  *fit.mutable_training() = spec.training();
  *fit.mutable_resources() = spec.resources();
  return fit;
}

void CheckAxes(Transaction& transaction, const FitCheck& check, const v1::SearchSpec& spec,
               const v1::TrialSpec& base, Violations& violations) {
  const auto kept = check.KeepOpen(transaction, spec);
  AxesCheck(transaction, check, spec, base, violations)
      .Check("spec.space.axes", {}, spec.space().axes());
}

}  // namespace fitd
