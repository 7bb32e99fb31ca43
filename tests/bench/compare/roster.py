"""Who takes part, and the configurations among which a sweep chooses; without one the first of each."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    name: str
    kind: str  # module:class
    variants: dict[str, dict[str, Any]] = field(default_factory=lambda: {"": {}})
    environment: dict[str, str] = field(default_factory=dict)
    anew: bool = False  # Each run begins at the initial weights, else where the last one ended.


FITD = "fitd"
_TENSORFLOW = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
_JAX = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
_STEPS_PER_EXECUTION: dict[str, int | str] = {
    "an epoch per execution": "epoch", "32 steps per execution": 32, "a step per execution": 1}

ROSTER = (
    Entry(FITD, "compare.fitd:FitdService", anew=True),
    Entry("fitd's engine", "compare.fitd:FitdEngine", anew=True),
    Entry("JAX, epoch scan", "compare.jax_scan:JaxScan", environment=_JAX, variants={
        f"{'uint8' if pixels else 'float32'} rows, unroll {unroll}": {"pixels": pixels, "unroll": unroll}
        for pixels in (True, False) for unroll in (1, 5)
    }),
    Entry("PyTorch, eager", "compare.torch_steps:TorchEager", variants={
        "fused Adam": {"fused": True},
        "fused Adam, one thread": {"fused": True, "threads": 1},
        "foreach Adam": {"foreach": True},
    }),
    Entry("PyTorch, compiled", "compare.torch_steps:TorchCompiled", variants={
        "default": {},
        "one thread": {"threads": 1},
        "C++ wrapper": {"cpp_wrapper": True},
        "max-autotune": {"max_autotune": True},
    }),
    Entry("Keras on TensorFlow, default", "compare.keras_fit:KerasFit", environment=_TENSORFLOW),
    Entry("Keras on TensorFlow", "compare.keras_fit:KerasFit", environment=_TENSORFLOW, variants={
        f"{'jit' if jit else 'no jit'}, {label}": {
            "jit": jit, "steps_per_execution": steps, "batches": True, "logits": True}
        for jit in (True, False) for label, steps in _STEPS_PER_EXECUTION.items()
    }),
    Entry("Keras on JAX", "compare.keras_fit:KerasFit", environment=_JAX, variants={
        label: {"jit": True, "steps_per_execution": steps, "logits": True}
        for label, steps in _STEPS_PER_EXECUTION.items()
    }),
    Entry("scikit-learn", "compare.sklearn_mlp:SklearnMlp"),
)
