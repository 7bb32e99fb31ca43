#include "core/plan/training_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "core/loss/loss.h"
#include "core/nn/network.h"
#include "core/nn/op_list.h"
#include "core/optim/optimizer.h"
#include "core/plan/column_moments.h"
#include "core/plan/member_values.h"
#include "core/plan/penalty_sums.h"
#include "core/plan/plan_memory.h"
#include "core/plan/plan_ops.h"
#include "core/plan/target_inverse.h"
#include "core/plan/thread_team.h"
#include "fmt/format.h"

namespace fitd {
namespace {

using LayerMemory = PlanMemory::LayerMemory;

enum class Mode {
  kTrain,     // Forward, loss, backward, update.
  kEvaluate,  // Forward without dropout, loss.
  kAdapt,     // Forward up to the layer that is to be adapted.
};

// The calls of one mode for one number of rows, and where they leave what they compute.
struct Program {
  Mode mode;
  int64_t rows;
  OpList ops;
  std::vector<float*> layer_outputs;  // By layer.
  float* outputs = nullptr;           // Of the network.
};

class NetworkPlan final : public TrainingPlan {
 public:
  NetworkPlan(const Options& options, Network network, TargetInverse inverse);
  absl::Status Prepare(const Options& options);

  void Gather(const RowSource& source, std::span<const uint32_t> rows,
              std::span<const uint32_t> next) override {
    batch_ = {.source = &source, .rows = rows, .next = next};
  }
  float* inputs() override { return memory_->inputs; }
  float* targets() override { return memory_->targets; }
  float* row_weights() override { return memory_->row_weights; }
  const float* outputs(int member) const override {
    if (members_ == 1) return newest_->outputs;
    return memory_->member_outputs + member * batch_size_ * network_.outputs();
  }

  bool needs_adaptation() const override { return moments_.has_value(); }
  void AdaptRows(int64_t rows) override;
  void FinishAdaptation() override;

  void Step(int64_t rows, std::span<const float> learning_rates) override;
  void Evaluate(int64_t rows) override { newest_ = &Run(Mode::kEvaluate, rows); }

  double loss(int member) const override;
  std::optional<NonFinite> FindNonFinite(int member) const override;
  bool weights_finite(int member) const override;
  int64_t iterations() const override { return step_.iteration; }

  Weights Snapshot(int member) const override;
  void Restore(const Weights& weights) override;

  PlanState State(int member) const override;
  absl::Status Resume(std::span<const PlanState> states) override;

 private:
  void Restore(const Weights& weights, int member);
  bool Fits(const PlanState& state) const;
  // Calls body(number of the slot, place, the weight's values in it, their place in a state's
  // slot).
  template <typename Body>
  void ForEachSlot(const Body& body) const;
  // The member's own; all have the same layers.
  const Network& network(int member) const {
    return peers_.empty() ? network_ : peers_[static_cast<size_t>(member)];
  }
  const Layer& layer(int index, int member) const { return network(member).layer(index); }
  // How many members' values lie side by side; below the first layer that learns all are alike.
  int members_in(int layer) const { return layer < network_.first_learner() ? 1 : members_; }
  // What is not trained they have in common.
  int members_in(const Network::WeightPlace& place) const {
    return place.spec->trainable ? members_in(place.layer) : 1;
  }
  // What a member has of a weight, in that weight's values or their gradients or slots.
  Slice SliceOfWeight(const Network::WeightPlace& place, float* values, int member) const;
  // What number_of(member) gives.
  template <typename NumberOf>
  PerMember Each(NumberOf number_of) const {
    PerMember numbers;
    for (int m = 0; m < members_; ++m) numbers.of[m] = number_of(m);
    return numbers;
  }
  const v1::OptimizerSpec& optimizer_spec(int member) const {
    return optimizer_specs_[static_cast<size_t>(member)];
  }
  Block block_of(const Network::WeightPlace& place) const {
    return place.spec->block(members_in(place));
  }
  const Program& Run(Mode mode, int64_t rows);
  const Program& Compiled(Mode mode, int64_t rows);
  Program Compile(Mode mode, int64_t rows);

  LayerBuffers MakeBuffers(int index, int64_t rows, bool training) const;
  std::vector<LayerBuffers> EmitForward(int layers, Program& program);
  void EmitLoss(const Program& program, float* gradient, OpList& ops);
  void EmitPenalties(const Program& program, OpList& ops);
  void EmitBackward(int64_t rows, std::span<LayerBuffers> buffers, OpList& ops);
  void EmitUpdate(OpList& ops);
  void EmitClips(OpList& ops);
  // Adds the gradient of the penalty that penalty_of(member) gives, divided by `divisor`.
  template <typename PenaltyOf>
  void EmitPenaltyGradient(const Block& block, const float* x, float* gradient, float divisor,
                           PenaltyOf penalty_of, OpList& ops) const;

  const LayerMemory& layer_memory(int index) const {
    return memory_->layers[static_cast<size_t>(index)];
  }
  float* weight(const Network::WeightPlace& place) const {
    return layer_memory(place.layer).weights[static_cast<size_t>(place.index)];
  }
  float* gradient(const Network::WeightPlace& place) const {
    return layer_memory(place.layer).gradients[static_cast<size_t>(place.index)];
  }

  const Kernels& kernels_ = ActiveKernels();
  const Network network_;
  std::vector<Network> peers_;  // Of a stack, one for each member.
  const TargetInverse inverse_;
  std::vector<v1::OptimizerSpec> optimizer_specs_;  // One for each member.
  const Optimizer optimizer_;                       // Of the first.
  const Loss loss_;
  const int64_t batch_size_;
  const int64_t target_width_;
  const int members_;

  std::unique_ptr<PlanMemory> memory_;
  int64_t member_size_ = 0;  // Of a slot in a member's state.
  // As the newest program computed them.
  std::vector<PenaltySums> weight_sums_;    // One per weight of the network.
  std::vector<PenaltySums> activity_sums_;  // One per layer.
  std::vector<MemberSums>
      gradient_sums_;  // Squares, one per weight of the network: for clipping by norm.
  MemberSums all_gradient_sums_;
  std::optional<ColumnMoments> moments_;  // Until adaptation is finished.

  std::vector<float> learning_rates_;
  StepState step_ = {};
  GatherBatch batch_;  // Of the next program.
  std::map<std::pair<Mode, int64_t>, Program> programs_;
  const Program* newest_ = nullptr;  // Of training and evaluation.
  ThreadTeam team_;
};

NetworkPlan::NetworkPlan(const Options& options, Network network, TargetInverse inverse)
    : network_(std::move(network)),
      inverse_(std::move(inverse)),
      optimizer_(MakeOptimizer(options.training.optimizer())),
      loss_(MakeLoss(options.training.loss(), network_.ends_in_softmax() && inverse_.empty(),
                     network_.outputs(), options.target_width)),
      batch_size_(options.training.batch_size()),
      target_width_(options.target_width),
      members_(std::max(1, static_cast<int>(options.members.size()))),
      weight_sums_(network_.weights().size()),
      activity_sums_(static_cast<size_t>(network_.size())),
      gradient_sums_(network_.weights().size()),
      learning_rates_(static_cast<size_t>(members_)),
      team_(std::max(1, options.threads)) {
  step_.seed = options.training.seed();
  step_.learning_rates = learning_rates_.data();
  for (const Member& member : options.members) {
    peers_.emplace_back(member.model);
    optimizer_specs_.push_back(member.optimizer);
  }
  if (optimizer_specs_.empty()) optimizer_specs_.push_back(options.training.optimizer());
}

absl::Status NetworkPlan::Prepare(const Options& options) {
  const int64_t width = loss_.sparse || loss_.expand_targets ? 1 : network_.outputs();
  if (target_width_ != width) {
    return InvalidArgument(
        fmt::format("targets have {} values per row; the loss and the network's {} outputs need {}",
                    target_width_, network_.outputs(), width));
  }
  if (options.initial) FITD_RETURN_IF_ERROR(network_.CheckWeights(*options.initial));
  FITD_ASSIGN_OR_RETURN(memory_, PlanMemory::Create(network_, optimizer_,
                                                    {.rows = batch_size_,
                                                     .target_width = target_width_,
                                                     .threads = team_.size(),
                                                     .members = members_}));
  std::fill_n(memory_->row_weights, batch_size_, 1.0f);
  for (const Network::WeightPlace& place : network_.weights()) {
    if (place.spec->trainable) member_size_ += Arena::RoomFor(place.spec->size());
  }
  const KernelArithmetic arithmetic;
  if (options.initial) {
    Restore(*options.initial);
  } else {
    std::vector<float> values;
    for (const Network::WeightPlace& place : network_.weights()) {
      values.resize(static_cast<size_t>(place.spec->size()));
      network_.Initialize(place, step_.seed, values);
      for (int m = 0; m < members_in(place); ++m)
        CopyTo(SliceOfWeight(place, weight(place), m), values.data());
    }
    if (const std::optional<int> adapted = network_.adapted_layer()) {
      moments_.emplace(network_.layer(*adapted).output_shape().back());
    }
  }
  newest_ = &Compiled(Mode::kTrain, batch_size_);
  Compiled(Mode::kEvaluate, batch_size_);
  return absl::OkStatus();
}

void NetworkPlan::AdaptRows(int64_t rows) {
  const Program& program = Run(Mode::kAdapt, rows);
  const Layer& layer = network_.layer(*network_.adapted_layer());
  moments_->AddRows(program.outputs, rows * (layer.inputs() / layer.output_shape().back()));
}

void NetworkPlan::FinishAdaptation() {
  const int adapted = *network_.adapted_layer();
  const size_t features = static_cast<size_t>(network_.layer(adapted).output_shape().back());
  moments_->Get({layer_memory(adapted).weights[0], features},
                {layer_memory(adapted).weights[1], features});
  moments_.reset();
}

void NetworkPlan::Step(int64_t rows, std::span<const float> learning_rates) {
  std::copy(learning_rates.begin(), learning_rates.end(), learning_rates_.begin());
  newest_ = &Run(Mode::kTrain, rows);
  ++step_.iteration;
}

double NetworkPlan::loss(int member) const {
  double total = 0;
  for (int64_t r = 0; r < newest_->rows; ++r) total += memory_->row_loss[r * members_ + member];
  double penalties = 0;
  for (int i = 0; i < network_.size(); ++i) {
    penalties +=
        Value(layer(i, member).activity_penalty(), activity_sums_[static_cast<size_t>(i)], member);
  }
  penalties /= static_cast<double>(newest_->rows);
  for (size_t i = 0; i < weight_sums_.size(); ++i) {
    penalties += Value(network(member).weights()[i].spec->penalty, weight_sums_[i], member);
  }
  return total / static_cast<double>(newest_->rows) + penalties * inverse_.loss_unit();
}

Slice NetworkPlan::SliceOfWeight(const Network::WeightPlace& place, float* values,
                                 int member) const {
  const int64_t cols = place.spec->shape.back();
  return SliceOf(values, place.spec->size() / cols, cols, members_in(place), member);
}

std::optional<NonFinite> NetworkPlan::FindNonFinite(int member) const {
  const auto finite = [&](int layer, float* outputs) {
    return AllFinite(SliceOf(outputs, newest_->rows, network_.layer(layer).outputs(),
                             members_in(layer), member));
  };
  for (int i = 0; i < network_.size(); ++i) {
    if (!finite(i, newest_->layer_outputs[static_cast<size_t>(i)])) {
      return NonFinite{.layer = network_.layer_name(i), .tensor = "output"};
    }
  }
  if (!finite(network_.size() - 1, newest_->outputs) || !std::isfinite(loss(member))) {
    return NonFinite{.layer = "", .tensor = "loss"};
  }
  const auto find = [&](const std::string& prefix, auto&& tensor) -> std::optional<NonFinite> {
    for (const Network::WeightPlace& place : network_.weights()) {
      float* values = tensor(place);
      if (values != nullptr && !AllFinite(SliceOfWeight(place, values, member))) {
        return NonFinite{.layer = network_.layer_name(place.layer),
                         .tensor = prefix + place.spec->name};
      }
    }
    return std::nullopt;
  };
  if (newest_->mode == Mode::kTrain) {
    if (auto found = find("gradient of ", [&](const auto& place) { return gradient(place); }))
      return found;
  }
  return find("", [&](const auto& place) { return weight(place); });
}

bool NetworkPlan::weights_finite(int member) const {
  return std::all_of(network_.weights().begin(), network_.weights().end(),
                     [&](const Network::WeightPlace& place) {
                       return AllFinite(SliceOfWeight(place, weight(place), member));
                     });
}

Weights NetworkPlan::Snapshot(int member) const {
  Weights weights;
  for (const Network::WeightPlace& place : network_.weights()) {
    weights.tensors.push_back(
        {.name = place.name,
         .shape = place.spec->shape,
         .trainable = place.spec->trainable,
         .values = std::vector<float>(static_cast<size_t>(place.spec->size()))});
    CopyFrom(SliceOfWeight(place, weight(place), member), weights.tensors.back().values.data());
  }
  return weights;
}

void NetworkPlan::Restore(const Weights& weights) {
  for (int m = 0; m < members_; ++m) Restore(weights, m);
}

void NetworkPlan::Restore(const Weights& weights, int member) {
  for (size_t i = 0; i < weights.tensors.size(); ++i) {
    const Network::WeightPlace& place = network_.weights()[i];
    CopyTo(SliceOfWeight(place, weight(place), member), weights.tensors[i].values.data());
  }
}

// Slots of a state lie as they do in a plan of one member, padding included.
template <typename Body>
void NetworkPlan::ForEachSlot(const Body& body) const {
  size_t index = 0;
  for (size_t i = 0; i < memory_->slots.size(); ++i) {
    if (memory_->slots[i] == nullptr) continue;
    int64_t offset = 0;
    for (const Network::WeightPlace& place : network_.weights()) {
      if (!place.spec->trainable) continue;
      body(index, place, memory_->slots[i] + (weight(place) - memory_->trained_weights), offset);
      offset += Arena::RoomFor(place.spec->size());
    }
    ++index;
  }
}

PlanState NetworkPlan::State(int member) const {
  PlanState state{.weights = Snapshot(member), .slots = {}, .iterations = step_.iteration};
  for (const std::optional<float>& start : optimizer_.slots) {
    if (start) state.slots.emplace_back(static_cast<size_t>(member_size_), *start);
  }
  ForEachSlot([&](size_t slot, const Network::WeightPlace& place, float* values, int64_t offset) {
    CopyFrom(SliceOfWeight(place, values, member), state.slots[slot].data() + offset);
  });
  return state;
}

bool NetworkPlan::Fits(const PlanState& state) const {
  const auto slots = std::count_if(optimizer_.slots.begin(), optimizer_.slots.end(),
                                   [](const auto& start) { return start.has_value(); });
  return std::ssize(state.slots) == slots &&
         std::all_of(state.slots.begin(), state.slots.end(), [&](const std::vector<float>& slot) {
           return std::ssize(slot) == member_size_;
         });
}

absl::Status NetworkPlan::Resume(std::span<const PlanState> states) {
  for (const PlanState& state : states) {
    FITD_RETURN_IF_ERROR(network_.CheckWeights(state.weights));
    if (!Fits(state)) {
      return InvalidArgument("the optimizer's state is that of another optimizer or network");
    }
  }
  for (int m = 0; m < members_; ++m) {
    const PlanState& state = states[static_cast<size_t>(m)];
    Restore(state.weights, m);
    ForEachSlot([&](size_t slot, const Network::WeightPlace& place, float* values, int64_t offset) {
      CopyTo(SliceOfWeight(place, values, m), state.slots[slot].data() + offset);
    });
  }
  step_.iteration = states.front().iterations;
  moments_.reset();  // The weights hold what was learnt from the inputs.
  return absl::OkStatus();
}

const Program& NetworkPlan::Run(Mode mode, int64_t rows) {
  const Program& program = Compiled(mode, rows);
  team_.Run(program.ops);
  batch_ = {};
  return program;
}

const Program& NetworkPlan::Compiled(Mode mode, int64_t rows) {
  const auto found = programs_.find({mode, rows});
  if (found != programs_.end()) return found->second;
  return programs_.emplace(std::pair(mode, rows), Compile(mode, rows)).first->second;
}

Program NetworkPlan::Compile(Mode mode, int64_t rows) {
  Program program = {.mode = mode, .rows = rows, .ops = {}, .layer_outputs = {}};
  if (mode == Mode::kAdapt) {
    EmitForward(*network_.adapted_layer(), program);
    return program;
  }
  std::vector<LayerBuffers> buffers = EmitForward(network_.size(), program);
  if (!inverse_.empty()) {
    inverse_.EmitForward(rows * members_, program.outputs, memory_->outputs, program.ops);
    program.outputs = memory_->outputs;
  }
  if (members_ > 1) {
    program.ops.Add(&Unstack, {.rows = rows,
                               .cols = network_.outputs(),
                               .members = members_,
                               .from = program.outputs,
                               .to = memory_->member_outputs,
                               .to_member = batch_size_ * network_.outputs()});
  }
  const bool training = mode == Mode::kTrain && network_.first_learner() < network_.size();
  EmitLoss(program, training ? memory_->layer_gradients[0] : nullptr, program.ops);
  EmitPenalties(program, program.ops);
  if (training) {
    EmitBackward(rows, buffers, program.ops);
    EmitUpdate(program.ops);
  }
  return program;
}

LayerBuffers NetworkPlan::MakeBuffers(int index, int64_t rows, bool training) const {
  const LayerMemory& memory = layer_memory(index);
  LayerBuffers buffers;
  buffers.rows = rows;
  if (network_.layer(index).learns() || !network_.layer(index).row_wise()) {
    buffers.members = members_in(index);
    buffers.shares_x = index == network_.first_learner();
  } else {
    buffers.rows *= members_in(index);  // A row is a row to it.
  }
  buffers.dropout_rates = Each([&](int m) { return layer(index, m).dropout_rate(); });
  buffers.training = training;
  buffers.y = memory.y;
  buffers.kept =
      network_.layer(index).kept_size(buffers.rows, training) > 0 ? memory.kept : nullptr;
  buffers.weights = memory.weights;
  buffers.gradients = memory.gradients;
  buffers.scratch = memory_->scratch;
  buffers.step = &step_;
  return buffers;
}

// Through the first `layers` layers. Gives each one's buffers; program.outputs is what the last
// gives.
std::vector<LayerBuffers> NetworkPlan::EmitForward(int layers, Program& program) {
  const bool training = program.mode == Mode::kTrain;
  std::vector<LayerBuffers> all_buffers;
  // A layer that rescales the inputs does so while they are gathered.
  int first = 0;
  while (first < layers && network_.layer(first).passes_through(training)) ++first;
  const std::optional<Rescale> rescale =
      first < layers ? network_.layer(first).rescale() : std::nullopt;
  float* x = memory_->inputs;
  program.ops.Add(&LoadRows, {.batch = &batch_,
                              .rows = program.rows,
                              .cols = network_.inputs(),
                              .inputs = memory_->inputs,
                              .rescale = rescale.value_or(Rescale()),
                              .x = rescale ? layer_memory(first).y : memory_->inputs});
  for (int i = 0; i < layers; ++i) {
    LayerBuffers buffers = MakeBuffers(i, program.rows, training);
    buffers.x = x;
    if (!network_.layer(i).passes_through(training)) {
      if (i != first || !rescale) network_.layer(i).EmitForward(buffers, program.ops);
      x = buffers.y;
    }
    program.layer_outputs.push_back(x);
    all_buffers.push_back(buffers);
  }
  program.outputs = x;
  return all_buffers;
}

void NetworkPlan::EmitLoss(const Program& program, float* gradient, OpList& ops) {
  const float* targets = memory_->targets;
  if (loss_.expand_targets) {
    ops.Add(&OneHot, {.rows = program.rows,
                      .classes = network_.outputs(),
                      .labels = memory_->targets,
                      .targets = memory_->one_hot});
    targets = memory_->one_hot;
  }
  const float* weights = memory_->row_weights;
  if (members_ > 1) {
    const auto repeat = [&](int64_t cols, const float*& x, float* y) {
      ops.Add(&Repeat, {.rows = program.rows, .members = members_, .cols = cols, .x = x, .y = y});
      x = y;
    };
    repeat(loss_.expand_targets ? network_.outputs() : target_width_, targets,
           memory_->member_targets);
    repeat(1, weights, memory_->member_weights);
  }
  ops.Add(loss_.kernel, {.rows = program.rows * members_,
                         .outputs = network_.outputs(),
                         .predictions = program.outputs,
                         .targets = targets,
                         .weights = weights,
                         .row_loss = memory_->row_loss,
                         .gradient = gradient,
                         .parameter = loss_.parameter,
                         .members = members_});
}

void NetworkPlan::EmitPenalties(const Program& program, OpList& ops) {
  for (int i = 0; i < network_.size(); ++i) {
    const Penalty penalty = network_.layer(i).activity_penalty();
    if (penalty.empty()) continue;
    const size_t index = static_cast<size_t>(i);
    const Block block = {program.rows, members_in(i), network_.layer(i).outputs()};
    ops.Add(kernels_.sums,
            SumsFor(penalty, block, program.layer_outputs[index], activity_sums_[index]));
  }
  for (size_t i = 0; i < weight_sums_.size(); ++i) {
    const Network::WeightPlace& place = network_.weights()[i];
    const Penalty& penalty = place.spec->penalty;
    if (penalty.empty()) continue;
    ops.Add(kernels_.sums, SumsFor(penalty, block_of(place), weight(place), weight_sums_[i]));
  }
}

// From the loss's gradient in layer_gradients[0] down to the lowest layer that learns.
void NetworkPlan::EmitBackward(int64_t rows, std::span<LayerBuffers> all_buffers, OpList& ops) {
  auto [dy, spare] = memory_->layer_gradients;
  const int last = network_.size() - 1;
  if (!inverse_.empty()) inverse_.EmitBackward(rows * members_, dy, ops);
  for (int i = last; i >= network_.first_learner(); --i) {
    const Layer& layer = network_.layer(i);
    if (layer.passes_through(true)) continue;
    LayerBuffers& buffers = all_buffers[static_cast<size_t>(i)];
    if (!layer.activity_penalty().empty()) {
      EmitPenaltyGradient(
          {rows, members_, layer.outputs()}, buffers.y, dy, static_cast<float>(rows),
          [&](int m) { return network(m).layer(i).activity_penalty(); }, ops);
    }
    buffers.dy = dy;
    buffers.dy_skips_softmax = i == last && loss_.gradient_skips_softmax;
    if (i > network_.first_learner()) buffers.dx = layer.backward_in_place() ? dy : spare;
    layer.EmitBackward(buffers, ops);
    if (buffers.dx == spare) std::swap(dy, spare);
  }
}

template <typename PenaltyOf>
void NetworkPlan::EmitPenaltyGradient(const Block& block, const float* x, float* gradient,
                                      float divisor, PenaltyOf penalty_of, OpList& ops) const {
  ops.Add(kernels_.regularizer_gradient,
          {.block = block,
           .weights = x,
           .gradients = gradient,
           .l1 = Each([&](int m) { return penalty_of(m).l1 / divisor; }),
           .l2 = Each([&](int m) { return penalty_of(m).l2 / divisor; })});
}

void NetworkPlan::EmitUpdate(OpList& ops) {
  for (size_t i = 0; i < network_.weights().size(); ++i) {
    const Network::WeightPlace& place = network_.weights()[i];
    if (place.spec->penalty.empty()) continue;
    EmitPenaltyGradient(
        block_of(place), weight(place), gradient(place), 1,
        [&](int m) { return network(m).weights()[i].spec->penalty; }, ops);
  }
  EmitClips(ops);
  std::vector<Optimizer> optimizers;
  for (const v1::OptimizerSpec& spec : optimizer_specs_) optimizers.push_back(MakeOptimizer(spec));
  const auto each = [&](float Optimizer::* number) {
    return Each([&](int m) { return optimizers[static_cast<size_t>(m)].*number; });
  };
  OptimizerArgs args = {.block = Values(memory_->trained_size),
                        .weights = memory_->trained_weights,
                        .gradients = memory_->trained_gradients,
                        .slot0 = memory_->slots[0],
                        .slot1 = memory_->slots[1],
                        .slot2 = memory_->slots[2],
                        .step = &step_,
                        .a = each(&Optimizer::a),
                        .b = each(&Optimizer::b),
                        .c = each(&Optimizer::c),
                        .d = each(&Optimizer::d)};
  if (members_ == 1) return ops.Add(optimizer_.kernel, args);
  for (const Network::WeightPlace& place : network_.weights()) {
    if (!place.spec->trainable) continue;
    const int64_t offset = weight(place) - memory_->trained_weights;
    const auto at_offset = [&](float* slot) { return slot != nullptr ? slot + offset : nullptr; };
    args.block = block_of(place);
    args.weights = weight(place);
    args.gradients = gradient(place);
    args.slot0 = at_offset(memory_->slots[0]);
    args.slot1 = at_offset(memory_->slots[1]);
    args.slot2 = at_offset(memory_->slots[2]);
    ops.Add(optimizer_.kernel, args);
  }
}

void NetworkPlan::EmitClips(OpList& ops) {
  const v1::OptimizerSpec& first = optimizer_specs_.front();
  const bool by_norm = first.has_clipnorm() || first.has_global_clipnorm();
  for (size_t i = 0; by_norm && i < gradient_sums_.size(); ++i) {
    const Network::WeightPlace& place = network_.weights()[i];
    if (!place.spec->trainable) continue;
    ops.Add(kernels_.sums, {.block = block_of(place),
                            .x = gradient(place),
                            .squares = gradient_sums_[i].of,
                            .absolutes = nullptr});
  }
  if (first.has_global_clipnorm()) {
    ops.Add(&AddUp, {.members = members_,
                     .count = gradient_sums_.size(),
                     .sums = gradient_sums_.data(),
                     .total = &all_gradient_sums_});
  }
  const PerMember limits = Each([&](int m) {
    const v1::OptimizerSpec& spec = optimizer_spec(m);
    if (spec.has_clipnorm()) return spec.clipnorm();
    return spec.has_global_clipnorm() ? spec.global_clipnorm() : spec.clipvalue();
  });
  for (size_t i = 0; i < gradient_sums_.size(); ++i) {
    const Network::WeightPlace& place = network_.weights()[i];
    if (!place.spec->trainable) continue;
    if (by_norm) {
      ops.Add(kernels_.clip_norm, {.block = block_of(place),
                                   .gradients = gradient(place),
                                   .limits = limits,
                                   .squares = first.has_global_clipnorm() ? all_gradient_sums_.of
                                                                          : gradient_sums_[i].of});
    } else if (first.has_clipvalue()) {
      ops.Add(kernels_.clip_value,
              {.block = block_of(place), .gradients = gradient(place), .limits = limits});
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrainingPlan>> TrainingPlan::Create(const Options& options) {
  Network network(options.model);
  FITD_ASSIGN_OR_RETURN(
      TargetInverse inverse,
      TargetInverse::Create(options.target, network.outputs(), options.training.loss()));
  auto plan = std::make_unique<NetworkPlan>(options, std::move(network), std::move(inverse));
  FITD_RETURN_IF_ERROR(plan->Prepare(options));
  return plan;
}

}  // namespace fitd
