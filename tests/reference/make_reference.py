"""Makes the files in values/ with Keras. Run by make_reference.sh, once per floating-point type.

Each case states a spec in fitd's JSON, builds the Keras object of the same name and options from it, and records what
that object gives. What a spec leaves out is left to Keras's defaults, so that defaults are compared too.
"""

import csv
import json
import pathlib
import sys

import jax
import keras
import numpy as np

FLOATX = sys.argv[1]
OUTPUT = pathlib.Path(sys.argv[2])
DATA = pathlib.Path(__file__).parent.parent / "data"
SOURCE = f"keras {keras.__version__}, jax {jax.__version__}, {FLOATX}"
keras.config.set_floatx(FLOATX)
if FLOATX == "float64":
    # With JAX, Keras rounds doubles down to float32 in some operations; here it may not.
    from keras.src.backend.common import dtypes

    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


# --- fitd's JSON -----------------------------------------------------------------------------------------------------


class Number(float):
    """A float with the text that stands for it in the file."""

    def __new__(cls, value, text):
        number = super().__new__(cls, value)
        number.text = text
        return number

    def __repr__(self):
        return self.text


def result(value):
    return Number(value, "%.9g" % value)


def array(values, given=False):
    """Inputs are written so that they are exact in float32, results with nine digits."""
    values = np.asarray(values)
    if given:
        numbers = [Number(v, np.format_float_positional(v, trim="-")) for v in values.astype(np.float32).flat]
    else:
        numbers = [result(v) for v in values.flat]
    return {"shape": list(values.shape), "values": numbers}


def named_arrays(variables, values, given=False):
    # Keras's path begins with the model's name: "sequential/dense/kernel".
    return [{"name": v.path.split("/", 1)[1], "array": array(a, given)} for v, a in zip(variables, values)]


def metric_values(logs):
    return [{"name": name, "value": result(value)} for name, value in logs.items()]


def write(name, **fields):
    lines = [f'"source": {json.dumps(SOURCE)}']
    for field, cases in fields.items():
        lines.append(f'"{field}": [\n' + ",\n".join(encode(case) for case in cases) + "\n]")
    (OUTPUT / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def encode(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{encode(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(encode(v) for v in value) + "]"
    if isinstance(value, Number):
        return value.text
    return json.dumps(value)


# --- From specs to Keras ---------------------------------------------------------------------------------------------


def only(spec):
    """{"adam": {...}} -> ("adam", {...})"""
    [(kind, options)] = spec.items()
    return kind, options


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def activation(spec):
    kind, options = only(spec)
    return lambda x: getattr(keras.activations, kind)(x, **options)


def regularizer(spec):
    if spec is None:
        return None
    kind, options = only(spec)
    return {"l1": keras.regularizers.L1, "l2": keras.regularizers.L2, "l1_l2": keras.regularizers.L1L2}[kind](**options)


def initializer(spec, seed):
    kind, options = only(spec)
    if kind not in ("zeros", "ones", "constant"):
        options = {**options, "seed": seed}
    return getattr(keras.initializers, camel(kind))(**options)


def layer(spec, seed):
    kind, options = only(spec)
    if kind == "dense":
        return keras.layers.Dense(
            options["units"],
            activation=activation(options["activation"]) if "activation" in options else None,
            use_bias=options.get("use_bias", True),
            kernel_initializer=initializer({"glorot_uniform": {}}, seed),
            # Not zeros, so that biases matter from the first step.
            bias_initializer=initializer({"random_uniform": {"minval": -0.2, "maxval": 0.2}}, seed + 1),
            kernel_regularizer=regularizer(options.get("kernel_regularizer")),
            bias_regularizer=regularizer(options.get("bias_regularizer")),
            activity_regularizer=regularizer(options.get("activity_regularizer")),
        )
    if kind == "activation":
        return keras.layers.Activation(activation(options))
    if kind == "normalization":
        # Keras wants one value or one per feature, as fitd does.
        options = {k: v[0] if len(v) == 1 else v for k, v in options.items()}
    return getattr(keras.layers, camel(kind))(**options)


def network(spec, x, seed):
    keras.backend.clear_session()
    model = keras.Sequential([keras.Input(spec["input_shape"])])
    for index, layer_spec in enumerate(spec["layers"]):
        model.add(layer(layer_spec, seed + 10 * index))
    # A layer sees what the layers before it make of the rows.
    rows = x
    for each in model.layers:
        if isinstance(each, keras.layers.Normalization) and each.input_mean is None:
            each.adapt(np.asarray(rows))
        rows = each(rows)
    return model


def round_to_float32(model):
    """Whatever the precision, trainings start from weights that float32 holds exactly."""
    model.set_weights([np.asarray(w, np.float32).astype(w.dtype) for w in model.get_weights()])


def fitd_weights(model):
    """Without Normalization's count, which fitd does not keep."""
    return [w for w in model.weights if not w.path.endswith("/count")]


def loss(spec):
    kind, options = only(spec)
    return getattr(keras.losses, camel(kind))(**options)


def learning_rate(spec):
    kind, options = only(spec)
    if kind == "constant":
        return options
    return getattr(keras.optimizers.schedules, camel(kind))(**options)


def optimizer(spec):
    spec = dict(spec)
    options = {k: spec.pop(k) for k in ("clipnorm", "global_clipnorm", "clipvalue") if k in spec}
    if "learning_rate" in spec:
        options["learning_rate"] = learning_rate(spec.pop("learning_rate"))
    kind, own = only(spec)
    names = {"sgd": "SGD", "adamw": "AdamW", "rmsprop": "RMSprop"}
    return getattr(keras.optimizers, names.get(kind, camel(kind)))(**options, **own)


def metric(spec, sparse):
    kind, options = only(spec)
    if kind == "accuracy":
        return "accuracy"
    names = {"auc": "AUC", "r2_score": "R2Score"}
    if kind == "top_k_categorical_accuracy" and sparse:
        # The name is the one that fitd gives.
        return keras.metrics.SparseTopKCategoricalAccuracy(**options, name=kind)
    if "threshold" in options and kind != "binary_accuracy":
        options = {**options, "thresholds": options["threshold"]}
        del options["threshold"]
    # fitd tells AUCs apart by their names in metrics, Keras would call them auc, auc_1, ... over the process.
    return getattr(keras.metrics, names.get(kind, camel(kind)))(**options, name=kind)


# --- Numbers to compute with -----------------------------------------------------------------------------------------


def numbers(seed, *shape, scale=1.0):
    """Multiples of 1/256, exact in float32."""
    return np.round(np.random.default_rng(seed).normal(size=shape) * scale * 256) / 256


def probabilities(seed, rows, classes):
    logits = np.random.default_rng(seed).normal(size=(rows, classes)) * 2
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.round(p * 256) / 256 + 1 / 512


def one_hot(labels, classes):
    return np.eye(classes)[np.asarray(labels).reshape(-1).astype(int)]


# --- Formulas, in double precision -----------------------------------------------------------------------------------

ACTIVATIONS = [
    {"linear": {}},
    {"relu": {}},
    {"leaky_relu": {}},
    {"leaky_relu": {"negative_slope": 0.01}},
    {"elu": {}},
    {"elu": {"alpha": 0.5}},
    {"selu": {}},
    {"gelu": {}},
    {"gelu": {"approximate": True}},
    {"silu": {}},
    {"softplus": {}},
    {"sigmoid": {}},
    {"tanh": {}},
    {"softmax": {}},
]


def make_activations():
    # Far and near values of both signs; no 0, where kinks leave the derivative open.
    x = np.concatenate(
        [[-80, -30, -12, -6, -3, -1, -0.5, -0.125, -1 / 256, 1 / 256, 0.125, 0.5, 1, 3, 6, 12, 30, 80],
         numbers(1, 30, scale=2)]
    ).reshape(8, 6)
    x[x == 0] = 0.25
    dy = numbers(2, *x.shape)
    cases = []
    for spec in ACTIVATIONS:
        y, pullback = jax.vjp(activation(spec), x.astype(FLOATX))
        [dx] = pullback(dy.astype(FLOATX))
        cases.append({"spec": spec, "x": array(x, True), "y": array(y), "dy": array(dy, True), "dx": array(dx)})
    return cases


def make_networks():
    l1, l2 = {"l1": {"l1": 0.03}}, {"l2": {"l2": 0.02}}
    cases = {
        "dense": ([5], [{"dense": {"units": 3}}]),
        "dense_without_bias": ([5], [{"dense": {"units": 3, "use_bias": False, "activation": {"tanh": {}}}}]),
        "dense_kernel_penalty": ([5], [{"dense": {"units": 3, "kernel_regularizer": {"l2": {}}}}]),
        "dense_bias_penalty": ([5], [{"dense": {"units": 3, "bias_regularizer": {"l1": {}}}}]),
        "dense_activity_penalty": (
            [5],
            [{"dense": {"units": 4, "activation": {"gelu": {}}, "activity_regularizer": {"l1_l2": {"l1": 0.1, "l2": 0.2}}}},
             {"dense": {"units": 2}}],
        ),
        "dense_all_penalties": (
            [5],
            [{"dense": {"units": 4, "activation": {"tanh": {}}, "kernel_regularizer": l1, "bias_regularizer": l2,
                        "activity_regularizer": l2}},
             {"dense": {"units": 3, "kernel_regularizer": {"l1_l2": {"l1": 0.01, "l2": 0.02}}, "activity_regularizer": l1}}],
        ),
        "flatten": ([3, 4], [{"flatten": {}}, {"dense": {"units": 2}}]),
        "rescaling": ([3], [{"rescaling": {"scale": 0.25}}, {"rescaling": {"scale": -2, "offset": 0.5}}]),
        "normalization_given": ([3], [{"normalization": {"mean": [1, 2, -0.5], "variance": [4, 0, 0.25]}}]),
        "normalization_given_one": ([2, 3], [{"normalization": {"mean": [0.5], "variance": [2]}}]),
        "normalization_adapted": ([4], [{"normalization": {}}, {"dense": {"units": 2}}]),
        "normalization_adapted_per_feature": ([3, 4], [{"normalization": {}}]),
        "normalization_after_a_layer": ([4], [{"rescaling": {"scale": 3, "offset": 1}}, {"normalization": {}},
                                              {"dense": {"units": 2}}]),
        "activation_layers": (
            [2, 4],
            [{"activation": {"softmax": {}}}, {"flatten": {}}, {"dense": {"units": 5}}, {"activation": {"silu": {}}}],
        ),
        "dropout_off": ([4], [{"dropout": {"rate": 0}}, {"dense": {"units": 2}}]),
        "deep": (
            [2, 6],
            [{"rescaling": {"scale": 0.5, "offset": -0.125}}, {"flatten": {}}]
            + [{"dense": {"units": 5, "activation": a}} for a in ACTIVATIONS],
        ),
    }
    made = []
    for index, (name, (shape, layers)) in enumerate(cases.items()):
        spec = {"input_shape": shape, "layers": layers}
        x = numbers(100 + index, 7, *shape).astype(FLOATX)
        model = network(spec, x, 1000 * index)
        round_to_float32(model)
        dy = numbers(200 + index, *model.compute_output_shape(x.shape)).astype(FLOATX)
        dy[0] = 0

        def objective(trainable, rows):
            outputs, _, penalties = model.stateless_call(
                trainable, [v.value for v in model.non_trainable_variables], rows, training=True, return_losses=True
            )
            penalty = sum(penalties) if penalties else 0.0
            return (outputs * dy).sum() + penalty, (outputs, penalty)

        trainable = [v.value for v in model.trainable_variables]
        (_, (outputs, penalty)), (gradients, dx) = jax.value_and_grad(objective, (0, 1), has_aux=True)(trainable, x)
        weights = fitd_weights(model)
        made.append(
            {"name": name, "model": spec, "weights": named_arrays(weights, [w.numpy() for w in weights], True),
             "x": array(x, True), "outputs": array(outputs), "dy": array(dy, True), "penalty": result(penalty),
             "dx": array(dx), "gradients": named_arrays(model.trainable_variables, gradients)}
        )
    return made


def make_losses():
    rows, classes = 6, 4
    labels = np.array([0, 3, 1, 1, 2, 0]).reshape(-1, 1)
    mixed = np.array([[0.5, 0.25, 0.25, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0.125] * 3 + [0.625], [0, 1, 0, 0], [0.25] * 4])
    binary = (numbers(11, rows, 3) > 0).astype(float)
    p = probabilities(12, rows, classes)
    p[5] = [0, 1, 0, 0]  # Beyond the clip.
    p_binary = np.clip(probabilities(13, rows, 3), 0.01, 0.99).astype(np.float32).astype(float)
    binary[0] = [0, 1, 0]
    p_binary[0] = [0, 1, 0.5]  # Beyond the clip, on the right side: 1 - 1e-7 is another number in float32.
    logits = numbers(14, rows, classes, scale=3)
    logits[4] = [40, -40, 0, 5]
    real, real_targets = numbers(15, rows, 3, scale=2), numbers(16, rows, 3)
    weights = np.array([1, 0.5, 2, 0, 3, 1.25])

    cases = []
    for spec, predictions, targets in [
        ({"mean_squared_error": {}}, real, real_targets),
        ({"mean_absolute_error": {}}, real, real_targets),
        ({"huber": {}}, real, real_targets),
        ({"huber": {"delta": 0.5}}, real, real_targets),
        ({"binary_crossentropy": {}}, p_binary, binary),
        ({"binary_crossentropy": {}}, p_binary[1:, :1], binary[1:, :1]),
        ({"binary_crossentropy": {"label_smoothing": 0.2}}, p_binary[1:], binary[1:]),
        ({"binary_crossentropy": {"from_logits": True}}, logits[:, :3], binary),
        ({"binary_crossentropy": {"from_logits": True, "label_smoothing": 0.1}}, logits[:, :3], binary),
        ({"categorical_crossentropy": {}}, p, one_hot(labels, classes)),
        ({"categorical_crossentropy": {}}, p, mixed),
        ({"categorical_crossentropy": {"label_smoothing": 0.1}}, p, one_hot(labels, classes)),
        ({"categorical_crossentropy": {"from_logits": True}}, logits, one_hot(labels, classes)),
        ({"categorical_crossentropy": {"from_logits": True, "label_smoothing": 0.3}}, logits, mixed),
        ({"sparse_categorical_crossentropy": {}}, p, labels),
        ({"sparse_categorical_crossentropy": {"from_logits": True}}, logits, labels),
    ]:
        for row_weights in (None, weights[: len(predictions)]):
            objective = lambda y: loss(spec)(targets.astype(FLOATX), y, sample_weight=row_weights)
            value, gradient = jax.value_and_grad(objective)(jax.numpy.asarray(predictions, FLOATX))
            case = {"spec": spec, "predictions": array(predictions, True), "targets": array(targets, True),
                    "value": result(value), "gradient": array(gradient)}
            if row_weights is not None:
                case["row_weights"] = array(row_weights, True)
            cases.append(case)
    return cases


def make_regularizers():
    # No 0: the derivative of |w| there is 1 in JAX, 0 in TensorFlow.
    w = numbers(21, 4, 3)
    assert w.all()
    cases = []
    for spec in [{"l1": {}}, {"l1": {"l1": 0.5}}, {"l2": {}}, {"l2": {"l2": 0.5}}, {"l1_l2": {}},
                 {"l1_l2": {"l1": 0.25, "l2": 0.125}}]:
        value, gradient = jax.value_and_grad(regularizer(spec))(w)
        cases.append({"spec": spec, "weights": array(w, True), "penalty": result(value), "gradient": array(gradient)})
    return cases


def make_initializers():
    cases = []
    for spec in [{"zeros": {}}, {"ones": {}}, {"constant": {}}, {"constant": {"value": 0.25}}, {"random_normal": {}},
                 {"random_normal": {"mean": 1, "stddev": 2}}, {"random_uniform": {}},
                 {"random_uniform": {"minval": 1, "maxval": 3}}, {"truncated_normal": {}},
                 {"truncated_normal": {"mean": -1, "stddev": 0.5}}, {"glorot_normal": {}}, {"glorot_uniform": {}},
                 {"he_normal": {}}, {"he_uniform": {}}, {"lecun_normal": {}}, {"lecun_uniform": {}}, {"orthogonal": {}},
                 {"orthogonal": {"gain": 2}}]:
        for shape in ([400, 150], [150, 400]):
            # Orthogonal matrices of 60,000 values are enough for all kinds: means differ by about 1 / 245 sigma.
            w = np.asarray(initializer(spec, 7)(shape))
            cases.append({"spec": spec, "shape": shape, "mean": result(w.mean()), "stddev": result(w.std()),
                          "min": result(w.min()), "max": result(w.max())})
    return cases


def make_metrics():
    rows, classes = 48, 5
    batches = [20, 20, 8]
    labels = np.random.default_rng(31).integers(classes, size=(rows, 1))
    p = np.random.default_rng(32).dirichlet(np.full(classes, 0.5), size=rows)
    p = np.asarray(0.5 * p + 0.5 * one_hot(labels, classes) * (np.arange(rows) % 3 == 0)[:, None], np.float32)
    binary = np.random.default_rng(33).integers(2, size=(rows, 1))
    # No prediction lies on one of the 200 thresholds.
    p_binary = np.asarray(np.clip(0.35 * binary + 0.65 * np.random.default_rng(34).random((rows, 1)), 0.001, 0.999), np.float32)
    several = np.random.default_rng(35).integers(2, size=(rows, 3))
    p_several = np.asarray(0.3 * several + 0.7 * np.random.default_rng(36).random((rows, 3)), np.float32)
    real_targets, real = numbers(37, rows, 2), numbers(38, rows, 2, scale=0.5)
    real = real + real_targets * [1, 0.5]
    logits = numbers(39, rows, 1, scale=2) + binary

    cases = []
    for spec, predictions, targets in [
        ({"accuracy": {}}, p, labels),
        ({"accuracy": {}}, p, one_hot(labels, classes)),
        ({"accuracy": {}}, p_binary, binary),
        ({"binary_accuracy": {}}, p_binary, binary),
        ({"binary_accuracy": {}}, p_several, several),
        ({"binary_accuracy": {"threshold": 0.75}}, p_binary, binary),
        ({"categorical_accuracy": {}}, p, one_hot(labels, classes)),
        ({"sparse_categorical_accuracy": {}}, p, labels),
        ({"top_k_categorical_accuracy": {"k": 1}}, p, labels),
        ({"top_k_categorical_accuracy": {"k": 2}}, p, labels),
        ({"top_k_categorical_accuracy": {"k": 3}}, p, one_hot(labels, classes)),
        ({"top_k_categorical_accuracy": {}}, p, labels),
        ({"precision": {}}, p_binary, binary),
        ({"precision": {"threshold": 0.7}}, p_several, several),
        ({"precision": {}}, p, labels),
        ({"precision": {"class_id": 2}}, p, labels),
        ({"precision": {"class_id": 1, "threshold": 0.25}}, p, one_hot(labels, classes)),
        ({"precision": {"threshold": 1}}, p_binary, binary),  # Nothing is positive.
        ({"recall": {}}, p_binary, binary),
        ({"recall": {"threshold": 0.7}}, p_several, several),
        ({"recall": {}}, p, labels),
        ({"recall": {"class_id": 2}}, p, labels),
        ({"recall": {"class_id": 1, "threshold": 0.25}}, p, one_hot(labels, classes)),
        ({"auc": {}}, p_binary, binary),
        ({"auc": {}}, p_several, several),
        ({"auc": {"num_thresholds": 11}}, p_binary, binary),
        ({"auc": {"num_thresholds": 2}}, p_binary, binary),
        ({"auc": {"from_logits": True}}, logits, binary),
        ({"auc": {}}, p, labels),
        ({"mean_squared_error": {}}, real, real_targets),
        ({"mean_absolute_error": {}}, real, real_targets),
        ({"root_mean_squared_error": {}}, real, real_targets),
        ({"r2_score": {}}, real, real_targets),
        ({"r2_score": {}}, real[:, :1], real_targets[:, :1]),
    ]:
        kind, _ = only(spec)
        sparse = targets is labels
        measured = metric(spec, sparse)
        if measured == "accuracy":
            name = "binary_accuracy" if predictions.shape[1] == 1 else "sparse_" * sparse + "categorical_accuracy"
            measured = metric({name: {}}, sparse)
        # Keras takes class indices only in its sparse metrics.
        y = one_hot(targets, classes) if sparse and kind in ("precision", "recall", "auc") else targets
        start = 0
        for size in batches:
            measured.update_state(y[start : start + size].astype(FLOATX), predictions[start : start + size].astype(FLOATX))
            start += size
        cases.append({"spec": spec, "batches": batches, "predictions": array(predictions, True),
                      "targets": array(targets, True), "value": result(measured.result())})
    return cases


def make_schedules():
    steps = [0, 1, 2, 3, 5, 9, 10, 11, 15, 19, 20, 21, 25, 30, 49, 50, 99, 100, 101, 1000]
    cases = []
    for spec in [
        {"constant": 0.125},
        {"exponential_decay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9}},
        {"exponential_decay": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True}},
        {"piecewise_constant_decay": {"boundaries": [10, 20, 50], "values": [0.5, 0.25, 0.1, 0.01]}},
        {"cosine_decay": {"initial_learning_rate": 0.1, "decay_steps": 50}},
        {"cosine_decay": {"initial_learning_rate": 0.1, "decay_steps": 50, "alpha": 0.1}},
        {"cosine_decay": {"initial_learning_rate": 0.01, "decay_steps": 30, "warmup_target": 0.2, "warmup_steps": 20}},
        {"cosine_decay": {"initial_learning_rate": 0.0, "decay_steps": 80, "alpha": 0.25, "warmup_target": 0.1,
                          "warmup_steps": 10}},
    ]:
        rate = learning_rate(spec)
        rates = [float(rate(step)) if callable(rate) else rate for step in steps]
        cases.append({"spec": spec, "steps": steps, "rates": [result(r) for r in rates]})
    return cases


# --- Callbacks, in a real fit whose metric is given ------------------------------------------------------------------


class Script(keras.callbacks.Callback):
    """Puts given values into the logs, and the epoch's number into the weights, before the callback under test."""

    def __init__(self, monitor, values):
        super().__init__()
        self.monitor, self.values, self.rates = monitor, values, []

    def on_epoch_end(self, epoch, logs=None):
        logs[self.monitor] = self.values[epoch]
        self.model.set_weights([np.full((1, 1), epoch + 1.0)])


class Rates(keras.callbacks.Callback):
    """Records the learning rate after the callback under test."""

    def __init__(self):
        super().__init__()
        self.rates = []

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate.numpy()))


def run_callback(callback, monitor, values, initial_rate=0.01):
    keras.backend.clear_session()
    model = keras.Sequential([keras.Input([1]), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer=keras.optimizers.SGD(initial_rate), loss="mse", metrics=["accuracy"])
    rates = Rates()
    x = np.ones((1, 1))
    history = model.fit(x, x, epochs=len(values), verbose=0, validation_data=(x, x),
                        callbacks=[Script(monitor, values), callback, rates])
    return len(history.epoch), int(model.get_weights()[0][0, 0]), rates.rates


def callback_options(spec):
    options = dict(spec)
    if "mode" in options:
        options["mode"] = {"MONITOR_MODE_MIN": "min", "MONITOR_MODE_MAX": "max"}[options["mode"]]
    return options


def make_early_stopping():
    falling = [1.0, 0.9, 0.8, 0.85, 0.84, 0.79, 0.8, 0.81, 0.82, 0.83, 0.5, 0.6]
    slow = [1.0, 0.995, 0.98, 0.97, 0.965, 0.96, 0.95, 0.94, 0.94, 0.94, 0.94, 0.94]
    rising = [0.1, 0.3, 0.3, 0.5, 0.45, 0.44, 0.51, 0.4, 0.4, 0.4, 0.4, 0.4]
    bad = [3.0, 2.5, 2.6, 2.4, 2.45, 2.3, 2.31, 2.32, 2.33, 2.34, 2.35, 2.36]
    cases = []
    for spec, values in [
        ({}, falling),
        ({}, [1.0, 1.0, 1.0]),
        ({"patience": 1}, falling),
        ({"patience": 2}, falling),
        ({"patience": 3}, falling),
        ({"patience": 4}, falling),
        ({"patience": 2, "restore_best_weights": False}, falling),
        ({"patience": 20}, falling),
        ({"patience": 2, "min_delta": 0.0625}, falling),
        ({"patience": 3, "min_delta": 0.015625}, slow),
        ({"patience": 3, "min_delta": 0.03125}, slow),
        ({"patience": 2, "monitor": "val_accuracy"}, rising),
        ({"patience": 3, "monitor": "val_accuracy", "min_delta": 0.125}, rising),
        ({"patience": 2, "monitor": "loss"}, slow),
        ({"patience": 2, "mode": "MONITOR_MODE_MAX"}, rising),
        ({"patience": 2, "monitor": "accuracy", "mode": "MONITOR_MODE_MIN"}, falling),
        ({"patience": 3, "baseline": 2.0}, bad),
        ({"patience": 3, "baseline": 2.75}, bad),
        ({"patience": 5, "baseline": 2.375}, bad),
        ({"baseline": 0.5}, falling),
        ({"patience": 2, "start_from_epoch": 4}, falling),
        ({"patience": 1, "start_from_epoch": 7}, falling),
        ({"patience": 2, "start_from_epoch": 30}, falling),
        ({"patience": 2, "start_from_epoch": 3, "baseline": 2.375}, bad),
    ]:
        # Restoring the best weights is fitd's default.
        options = {"restore_best_weights": True, **callback_options(spec)}
        monitor = options.get("monitor", "val_loss")
        epochs_run, restored, _ = run_callback(keras.callbacks.EarlyStopping(**options), monitor, values)
        cases.append({"spec": spec, "values": [result(v) for v in values], "epochs_run": epochs_run,
                      "restored_epoch": restored})
    return cases


def make_reduce_lr_on_plateau():
    flat = [1.0, 0.5] + [0.5] * 16
    small_steps = [1.0 - 0.03125 * i for i in range(6)] + [0.84, 0.84, 0.83, 0.83, 0.83, 0.5, 0.5, 0.5, 0.5]
    rising = [0.1, 0.5, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6]
    cases = []
    for spec, values in [
        ({}, flat),
        ({"patience": 0}, flat[:6]),
        ({"patience": 1}, flat),
        ({"patience": 3, "factor": 0.5}, flat),
        ({"patience": 2, "factor": 0.5, "cooldown": 3}, flat),
        ({"patience": 1, "factor": 0.5, "cooldown": 1}, flat),
        ({"patience": 2, "factor": 0.25, "min_lr": 0.001953125}, flat),
        ({"patience": 1, "factor": 0.5, "min_lr": 0.02}, flat[:5]),
        ({"patience": 2, "factor": 0.5, "min_delta": 0.0625}, small_steps),
        ({"patience": 2, "factor": 0.5, "min_delta": 0}, small_steps),
        ({"patience": 2, "factor": 0.5, "monitor": "val_accuracy"}, rising),
        ({"patience": 2, "factor": 0.5, "monitor": "loss", "mode": "MONITOR_MODE_MAX"}, rising),
    ]:
        options = callback_options(spec)
        monitor = options.get("monitor", "val_loss")
        initial = 0.015625
        _, _, rates = run_callback(keras.callbacks.ReduceLROnPlateau(**options), monitor, values, initial)
        cases.append({"spec": spec, "initial_learning_rate": initial, "values": [result(v) for v in values],
                      "rates": [result(r) for r in rates]})
    return cases


# --- Whole trainings -------------------------------------------------------------------------------------------------


def read_csv(name):
    with open(DATA / name, newline="") as file:
        return list(csv.reader(file))[1:]


def make_data():
    order = np.random.default_rng(41).permutation
    digits = np.array(read_csv("digits.csv"), float)[:310]
    iris = read_csv("iris.csv")
    names = sorted({row[4] for row in iris})
    iris = np.array([[*map(float, row[:4]), names.index(row[4])] for row in iris])[order(150)]
    diabetes = np.array(read_csv("diabetes.csv"), float)[order(442)[:220]]
    features = (diabetes[:, :10] - diabetes[:, :10].mean(0)) / diabetes[:, :10].std(0)
    features = np.round(features * 256) / 256
    target = np.round((diabetes[:, 10:] - 150) / 75 * 256) / 256
    weights = np.round(np.random.default_rng(42).random(220) * 8) / 4
    standardized = np.round((iris[:, :4] - iris[:, :4].mean(0)) / iris[:, :4].std(0) * 256) / 256
    data = {
        "digits": (digits[:, :64], digits[:, 64:], None),
        "iris": (iris[:, :4], iris[:, 4:], None),
        "iris_standardized": (standardized, iris[:, 4:], None),
        "iris_one_hot": (iris[:, :4], one_hot(iris[:, 4:], 3), None),
        "diabetes": (features, target, None),
        "diabetes_weighted": (features, target, weights),
        "diabetes_pairs": (features.reshape(-1, 2, 5), np.hstack([target, target * features[:, 2:3]]), None),
        "diabetes_high": (features, (target > 0).astype(float), None),
        "diabetes_high_weighted": (features, (target > 0).astype(float), weights),
    }
    return {k: tuple(v if v is None else np.asarray(v, np.float32) for v in d) for k, d in data.items()}


def data_cases(data):
    cases = []
    for name, (x, y, weights) in data.items():
        case = {"name": name, "x": array(x, True), "y": array(y, True)}
        if weights is not None:
            case["row_weights"] = array(weights, True)
        cases.append(case)
    return cases


def train(name, data_name, data, layers, training, seed=0):
    x, y, row_weights = (v if v is None else v.astype(FLOATX) for v in data[data_name])
    model_spec = {"input_shape": list(x.shape[1:]), "layers": layers}
    sparse = "sparse_categorical_crossentropy" in training["loss"]
    class_weight = {int(k): v for k, v in training.get("class_weight", {}).items()} or None
    batch_size = training["batch_size"]

    def compiled():
        model = network(model_spec, x, seed)
        round_to_float32(model)
        model.compile(
            optimizer=optimizer(training["optimizer"]) if "optimizer" in training else "rmsprop",
            loss=loss(training["loss"]),
            metrics=[metric(m, sparse) for m in training.get("metrics", [])],
        )
        return model

    # Once by steps, for their losses; once by fit, for what it reports.
    model = compiled()
    weights = fitd_weights(model)
    initial = named_arrays(weights, [w.numpy() for w in weights], True)
    step_losses = []
    for _ in range(training["epochs"]):
        for start in range(0, len(x), batch_size):
            rows = slice(start, start + batch_size)
            step_losses.append(
                model.train_on_batch(x[rows], y[rows], sample_weight=None if row_weights is None else row_weights[rows],
                                     class_weight=class_weight, return_dict=True)["loss"]
            )
    by_steps = model.get_weights()

    model = compiled()
    history = model.fit(x, y, batch_size=batch_size, epochs=training["epochs"], shuffle=False, verbose=0,
                        sample_weight=row_weights, class_weight=class_weight).history
    for a, b in zip(by_steps, model.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert len(step_losses) >= 60 and all(np.isfinite(step_losses)), name

    weights = fitd_weights(model)
    epochs = [{k: v[i] for k, v in history.items()} for i in range(training["epochs"])]
    evaluation = model.evaluate(x, y, batch_size=batch_size, verbose=0, sample_weight=row_weights, return_dict=True)
    print(f"{name}: loss {step_losses[0]:.4f} -> {step_losses[-1]:.4f}")
    return {
        "name": name, "floatx": FLOATX, "model": model_spec, "training": {**training, "shuffle": False},
        "data": data_name, "initial_weights": initial, "step_losses": [result(v) for v in step_losses],
        "epochs": [{"metrics": metric_values(e)} for e in epochs],
        "final_weights": named_arrays(weights, [w.numpy() for w in weights]),
        "evaluation": metric_values(evaluation),
        "predictions": array(model.predict(x[:8], verbose=0)),
    }


def dense(units, kind=None, **options):
    spec = {"units": units, **options}
    if kind:
        spec["activation"] = kind if isinstance(kind, dict) else {kind: {}}
    return {"dense": spec}


OPTIMIZERS = {
    "sgd": {"sgd": {}},
    "sgd_momentum": {"sgd": {"momentum": 0.9}, "learning_rate": {"constant": 0.02}},
    "sgd_nesterov": {"sgd": {"momentum": 0.8, "nesterov": True}, "learning_rate": {"constant": 0.02}},
    "sgd_nesterov_without_momentum": {"sgd": {"nesterov": True}, "learning_rate": {"constant": 0.05}},
    "sgd_clipnorm": {"sgd": {}, "learning_rate": {"constant": 0.1}, "clipnorm": 0.25},
    "sgd_global_clipnorm": {"sgd": {}, "learning_rate": {"constant": 0.1}, "global_clipnorm": 0.25},
    "sgd_clipvalue": {"sgd": {}, "learning_rate": {"constant": 0.1}, "clipvalue": 0.03125},
    "adam": {"adam": {}},
    "adam_options": {"adam": {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 0.001}, "learning_rate": {"constant": 0.01}},
    "adam_amsgrad": {"adam": {"amsgrad": True, "beta_2": 0.9}, "learning_rate": {"constant": 0.01}},
    "adam_clipnorm": {"adam": {}, "learning_rate": {"constant": 0.01}, "clipnorm": 0.125},
    "adamw": {"adamw": {}, "learning_rate": {"constant": 0.01}},
    "adamw_decay": {"adamw": {"weight_decay": 0.25, "beta_1": 0.7}, "learning_rate": {"constant": 0.01}},
    "adamw_amsgrad": {"adamw": {"weight_decay": 0.125, "amsgrad": True}, "learning_rate": {"constant": 0.02}},
    "rmsprop": {"rmsprop": {}},
    "rmsprop_options": {"rmsprop": {"rho": 0.8, "epsilon": 0.0001}, "learning_rate": {"constant": 0.005}},
    "rmsprop_momentum": {"rmsprop": {"momentum": 0.75}, "learning_rate": {"constant": 0.002}},
    "rmsprop_centered": {"rmsprop": {"centered": True}, "learning_rate": {"constant": 0.002}},
    "rmsprop_centered_momentum": {"rmsprop": {"centered": True, "momentum": 0.5, "rho": 0.75},
                                  "learning_rate": {"constant": 0.002}, "clipvalue": 0.25},
    "adagrad": {"adagrad": {}},
    "adagrad_options": {"adagrad": {"initial_accumulator_value": 0.001, "epsilon": 0.0001},
                        "learning_rate": {"constant": 0.05}},
    "exponential_decay": {"sgd": {"momentum": 0.5}, "learning_rate": {"exponential_decay": {
        "initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.75}}},
    "exponential_staircase": {"adam": {}, "learning_rate": {"exponential_decay": {
        "initial_learning_rate": 0.05, "decay_steps": 15, "decay_rate": 0.5, "staircase": True}}},
    "piecewise_constant": {"adamw": {}, "learning_rate": {"piecewise_constant_decay": {
        "boundaries": [10, 40], "values": [0.05, 0.02, 0.005]}}},
    "cosine": {"adagrad": {}, "learning_rate": {"cosine_decay": {
        "initial_learning_rate": 0.1, "decay_steps": 50, "alpha": 0.05}}},
    "cosine_warmup": {"adam": {}, "learning_rate": {"cosine_decay": {
        "initial_learning_rate": 0.001, "decay_steps": 40, "warmup_target": 0.05, "warmup_steps": 15}}},
}


def make_optimizers(data):
    """Every optimizer on one small network: 65 steps.

    Saturated units would have gradients so small that single precision leaves no digits of them, and Adam and its kin
    take steps of the full size in any direction they have.
    """
    return [
        train(name, "iris_standardized", data, [dense(6, "tanh"), dense(3, "softmax")],
              {"loss": {"sparse_categorical_crossentropy": {}}, "optimizer": spec, "epochs": 13, "batch_size": 30})
        for name, spec in OPTIMIZERS.items()
    ]


def make_trainings(data):
    return [
        train("digits", "digits", data,
              [{"rescaling": {"scale": 0.0625}}, dense(16, "relu"), dense(10, "softmax")],
              {"loss": {"sparse_categorical_crossentropy": {}}, "optimizer": {"adam": {}}, "epochs": 7, "batch_size": 32,
               "metrics": [{"accuracy": {}}, {"top_k_categorical_accuracy": {"k": 3}}]}),
        train("digits_normalized_logits", "digits", data,
              [{"normalization": {}}, dense(12, "leaky_relu"), dense(12, "silu"), dense(10)],
              {"loss": {"sparse_categorical_crossentropy": {"from_logits": True}},
               "optimizer": {"sgd": {"momentum": 0.9}, "clipnorm": 0.5, "learning_rate": {"constant": 0.02}},
               "epochs": 7, "batch_size": 32, "metrics": [{"accuracy": {}}]}),
        train("penalties", "diabetes", data,
              [dense(8, "tanh", kernel_regularizer={"l1_l2": {"l1": 0.001, "l2": 0.002}},
                     activity_regularizer={"l2": {"l2": 0.01}}),
               dense(6, "gelu", bias_regularizer={"l2": {"l2": 0.05}}, activity_regularizer={"l1": {"l1": 0.002}}),
               dense(5, "elu", kernel_regularizer={"l1": {"l1": 0.003}}),
               dense(1, kernel_regularizer={"l2": {}})],
              {"loss": {"mean_squared_error": {}},
               "optimizer": {"sgd": {"momentum": 0.9, "nesterov": True}, "learning_rate": {"cosine_decay": {
                   "initial_learning_rate": 0.001, "decay_steps": 60, "alpha": 0.125, "warmup_target": 0.02,
                   "warmup_steps": 8}}},
               "epochs": 9, "batch_size": 30,
               "metrics": [{"mean_absolute_error": {}}, {"root_mean_squared_error": {}}, {"r2_score": {}}]}),
        train("binary_weighted", "diabetes_high_weighted", data,
              [dense(8, "relu"), dense(4, "softplus"), dense(1, "sigmoid")],
              {"loss": {"binary_crossentropy": {"label_smoothing": 0.1}}, "optimizer": {"rmsprop": {}}, "epochs": 9,
               "batch_size": 32, "metrics": [{"accuracy": {}}, {"auc": {}}, {"precision": {}}, {"recall": {}}]}),
        train("binary_class_weight", "diabetes_high", data,
              [dense(8, "selu"), dense(1)],
              {"loss": {"binary_crossentropy": {"from_logits": True}},
               "optimizer": {"rmsprop": {"momentum": 0.5, "centered": True}}, "epochs": 9, "batch_size": 32,
               "class_weight": {"0": 0.5, "1": 2.0}, "metrics": [{"binary_accuracy": {}}]}),
        train("huber", "diabetes_weighted", data,
              [dense(10, "silu"), dense(5, "tanh"), dense(1)],
              {"loss": {"huber": {"delta": 0.5}},
               "optimizer": {"adamw": {"weight_decay": 0.05}, "global_clipnorm": 0.125,
                             "learning_rate": {"constant": 0.005}},
               "epochs": 10, "batch_size": 33, "metrics": [{"mean_absolute_error": {}}]}),
        train("mean_absolute_error", "diabetes_pairs", data,
              [{"flatten": {}}, dense(8, {"leaky_relu": {"negative_slope": 0.1}}), {"activation": {"elu": {"alpha": 0.5}}},
               dense(2, use_bias=False)],
              {"loss": {"mean_absolute_error": {}}, "optimizer": {"adam": {"amsgrad": True}}, "epochs": 9,
               "batch_size": 32, "metrics": [{"mean_squared_error": {}}, {"r2_score": {}}]}),
        train("label_smoothing", "iris_one_hot", data,
              [{"normalization": {}}, dense(7, {"gelu": {"approximate": True}}), dense(3, "softmax")],
              {"loss": {"categorical_crossentropy": {"label_smoothing": 0.1}},
               "optimizer": {"adagrad": {}, "learning_rate": {"constant": 0.1}}, "epochs": 13, "batch_size": 32,
               "metrics": [{"accuracy": {}}, {"precision": {"class_id": 1}}]}),
        train("class_weight", "iris", data,
              [dense(5, "sigmoid"), dense(3, "softmax")],
              {"loss": {"sparse_categorical_crossentropy": {}}, "epochs": 13, "batch_size": 32,
               "class_weight": {"0": 2.0, "2": 0.25}, "metrics": [{"accuracy": {}}]}),
    ]


OUTPUT.mkdir(exist_ok=True)
rows = make_data()
if FLOATX == "float64":
    write("activations.json", activations=make_activations())
    write("networks.json", networks=make_networks())
    write("losses.json", losses=make_losses())
    write("regularizers.json", regularizers=make_regularizers())
    write("initializers.json", initializers=make_initializers())
    write("metrics.json", metrics=make_metrics())
    write("schedules.json", schedules=make_schedules())
    write("optimizers.json", trainings=make_optimizers(rows))
    write("data.json", data=data_cases(rows))
else:
    write("callbacks.json", early_stopping=make_early_stopping(), reduce_lr_on_plateau=make_reduce_lr_on_plateau())
    write("trainings.json", trainings=make_trainings(rows))
