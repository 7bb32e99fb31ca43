#include "core/kernels/isa_table.h"
#include "core/kernels/packet.h"
#include "core/kernels/packet_math.h"
#include "core/kernels/row_sums.h"

namespace fitd::FITD_ISA {
namespace {

constexpr float kLow = 1e-7f;  // Keras's epsilon.
constexpr float kHigh = 1 - 1e-7f;

Packet ClipProbability(Packet p) { return KeepNan(p, pmin(pmax(p, Set(kLow)), Set(kHigh))); }

// 1 where clipping lets a probability through, else 0.
Packet PassesClip(Packet p) {
  const Packet one = Set(1.0f);
  const Packet zero = Set(0.0f);
  const Packet above = pselect(pcmp_lt(p, Set(kLow)), zero, one);
  return pselect(pcmp_lt(Set(kHigh), p), zero, above);
}

// Rows of one member.
float BatchSize(const LossArgs& args) {
  const int64_t rows = args.rows / args.members;
  return static_cast<float>(rows);
}

float RowWeight(const LossArgs& args, int64_t row) {
  return args.weights != nullptr ? args.weights[row] : 1.0f;
}

// The loss of one value and its derivative.
struct ValueLoss {
  Packet loss;
  Packet slope;
};

// Means over the outputs of loss(prediction, target, parameter).
template <ValueLoss (*f)(Packet prediction, Packet target, Packet parameter)>
void MeanOverOutputs(const LossArgs& args, Part part) {
  const Packet parameter = Set(args.parameter);
  const float outputs = static_cast<float>(args.outputs);
  const Range rows = ShareOfRows(args.rows, part);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* predictions = args.predictions + r * args.outputs;
    const float* targets = args.targets + r * args.outputs;
    const float weight = RowWeight(args, r);
    const Packet scale = Set(weight / (BatchSize(args) * outputs));
    Packet sum = Set(0.0f);
    ForEachPacket({0, args.outputs}, [&](int64_t i, auto lanes) {
      const ValueLoss value = f(Load(predictions + i, lanes), Load(targets + i, lanes), parameter);
      sum = padd(sum, Select(value.loss, Set(0.0f), lanes));
      if (args.gradient != nullptr) {
        Store(args.gradient + r * args.outputs + i, pmul(value.slope, scale), lanes);
      }
    });
    args.row_loss[r] = weight * (Sum(sum) / outputs);
  }
}

ValueLoss SquaredError(Packet p, Packet y, Packet) {
  const Packet error = psub(p, y);
  return {pmul(error, error), padd(error, error)};
}

ValueLoss AbsoluteError(Packet p, Packet y, Packet) {
  const Packet error = psub(p, y);
  const Packet one = Set(1.0f);
  const Packet zero = Set(0.0f);
  const Packet sign =
      pselect(pcmp_lt(zero, error), one, pselect(pcmp_lt(error, zero), pnegate(one), error));
  return {pabs(error), sign};
}

ValueLoss Huber(Packet p, Packet y, Packet delta) {
  const Packet error = psub(p, y);
  const Packet magnitude = pabs(error);
  const Packet half = Set(0.5f);
  const Packet square = pmul(half, pmul(error, error));
  const Packet line = pmul(delta, psub(magnitude, pmul(half, delta)));
  const Packet slope = KeepNan(error, pmin(pmax(error, pnegate(delta)), delta));
  return {pselect(pcmp_lt(delta, magnitude), line, square), slope};
}

// Targets of the binary losses under label smoothing.
Packet SmoothBinary(Packet y, Packet smoothing) {
  return pmadd(y, psub(Set(1.0f), smoothing), pmul(smoothing, Set(0.5f)));
}

ValueLoss BinaryCrossentropy(Packet p, Packet y, Packet smoothing) {
  y = SmoothBinary(y, smoothing);
  const Packet one = Set(1.0f);
  const Packet q = ClipProbability(p);
  const Packet rest = psub(one, q);
  const Packet log_likelihood = pmadd(y, Log(q), pmul(psub(one, y), Log(rest)));
  const Packet slope = pdiv(psub(q, y), pmul(q, rest));
  return {pnegate(log_likelihood), pmul(slope, PassesClip(p))};
}

// max(x, 0) - x y + ln(1 + exp(-|x|))
ValueLoss BinaryCrossentropyLogits(Packet x, Packet y, Packet smoothing) {
  y = SmoothBinary(y, smoothing);
  const Packet positive = pselect(pcmp_lt(x, Set(0.0f)), Set(0.0f), x);
  const Packet log_term = Log1pOfUnit(Exp(pnegate(pabs(x))));
  return {padd(pmadd(pnegate(x), y, positive), log_term), psub(Sigmoid(x), y)};
}

// Targets of the categorical losses: distributions with label smoothing, or class indices as
// one-hot rows.
class Distribution {
 public:
  Distribution(const LossArgs& args, int64_t row)
      : targets_(args.targets + row * args.outputs),
        keep_(Set(1 - args.parameter)),
        spread_(Set(args.parameter / static_cast<float>(args.outputs))) {}

  template <typename Lanes>
  Packet At(int64_t i, Lanes lanes) const {
    return Select(pmadd(Load(targets_ + i, lanes), keep_, spread_), Set(0.0f), lanes);
  }

 private:
  const float* targets_;
  Packet keep_;
  Packet spread_;
};

class OneHot {
 public:
  OneHot(const LossArgs& args, int64_t row) : index_(static_cast<int64_t>(args.targets[row])) {}

  template <typename Lanes>
  Packet At(int64_t i, Lanes) const {
    const Packet lane = Eigen::internal::plset<Packet>(0.0f);
    return pand(pcmp_eq(lane, Set(static_cast<float>(index_ - i))), Set(1.0f));
  }

 private:
  int64_t index_;
};

// What the gradient is taken with respect to.
enum class Wrt { kProbabilities, kSoftmaxInputs };

// -sum y ln(q), q the clipped share of p in its row.
template <typename Targets, Wrt wrt>
void FromProbabilities(const LossArgs& args, Part part) {
  const Range rows = ShareOfRows(args.rows, part);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* p = args.predictions + r * args.outputs;
    const Targets targets(args, r);
    const float weight = RowWeight(args, r);
    const Packet sum = Set(RowSum(p, args.outputs));
    Packet losses = Set(0.0f);
    Packet masses = Set(
        0.0f);  // Of the targets; from probabilities, only where clipping lets gradients through.
    ForEachPacket({0, args.outputs}, [&](int64_t i, auto lanes) {
      const Packet y = targets.At(i, lanes);
      const Packet share = pdiv(Load(p + i, lanes), sum);
      losses = pmadd(y, Log(ClipProbability(share)), losses);
      masses = wrt == Wrt::kProbabilities ? pmadd(y, PassesClip(share), masses) : padd(masses, y);
    });
    args.row_loss[r] = weight * -Sum(losses);
    if (args.gradient == nullptr) continue;

    float* gradient = args.gradient + r * args.outputs;
    const Packet scale = Set(weight / BatchSize(args));
    const Packet mass = Set(Sum(masses));
    ForEachPacket({0, args.outputs}, [&](int64_t i, auto lanes) {
      const Packet y = targets.At(i, lanes);
      const Packet value = Load(p + i, lanes);
      Packet slope;
      if constexpr (wrt == Wrt::kProbabilities) {
        const Packet share = pdiv(value, sum);
        const Packet own = pdiv(pmul(y, PassesClip(share)), ClipProbability(share));
        slope = pdiv(psub(mass, own), sum);
      } else {
        slope = psub(pmul(value, mass), y);
      }
      Store(gradient + i, pmul(slope, scale), lanes);
    });
  }
}

// sum y (ln(sum exp(x - max)) - (x - max)); gradient softmax(x) sum(y) - y.
template <typename Targets>
void FromLogits(const LossArgs& args, Part part) {
  const Range rows = ShareOfRows(args.rows, part);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* x = args.predictions + r * args.outputs;
    float* gradient = args.gradient != nullptr ? args.gradient + r * args.outputs : nullptr;
    const Targets targets(args, r);
    const float weight = RowWeight(args, r);
    const Packet max = Set(RowMax(x, args.outputs));
    const Packet sum = Set(ExponentialsOfRow(x, First(max), args.outputs, gradient));
    const Packet log_sum = Log(sum);
    Packet losses = Set(0.0f);
    Packet masses = Set(0.0f);
    ForEachPacket({0, args.outputs}, [&](int64_t i, auto lanes) {
      const Packet y = targets.At(i, lanes);
      losses = pmadd(y, psub(log_sum, psub(Load(x + i, lanes), max)), losses);
      masses = padd(masses, y);
    });
    args.row_loss[r] = weight * Sum(losses);
    if (gradient == nullptr) continue;

    const Packet scale = Set(weight / BatchSize(args));
    const Packet mass = Set(Sum(masses));
    ForEachPacket({0, args.outputs}, [&](int64_t i, auto lanes) {
      const Packet share = pdiv(Load(gradient + i, lanes), sum);
      Store(gradient + i, pmul(psub(pmul(share, mass), targets.At(i, lanes)), scale), lanes);
    });
  }
}

}  // namespace

void FillLosses(Kernels& table) {
  table.mean_squared_error = MeanOverOutputs<SquaredError>;
  table.mean_absolute_error = MeanOverOutputs<AbsoluteError>;
  table.huber = MeanOverOutputs<Huber>;
  table.binary_crossentropy = MeanOverOutputs<BinaryCrossentropy>;
  table.binary_crossentropy_logits = MeanOverOutputs<BinaryCrossentropyLogits>;
  table.categorical_crossentropy = FromProbabilities<Distribution, Wrt::kProbabilities>;
  table.sparse_categorical_crossentropy = FromProbabilities<OneHot, Wrt::kProbabilities>;
  table.softmax_categorical_crossentropy = FromProbabilities<Distribution, Wrt::kSoftmaxInputs>;
  table.softmax_sparse_categorical_crossentropy = FromProbabilities<OneHot, Wrt::kSoftmaxInputs>;
  table.categorical_crossentropy_logits = FromLogits<Distribution>;
  table.sparse_categorical_crossentropy_logits = FromLogits<OneHot>;
}

}  // namespace fitd::FITD_ISA
