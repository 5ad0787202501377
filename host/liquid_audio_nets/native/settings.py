"""Policy and thresholds of a running model, as attributes.  Times are in seconds, as on a board."""

from __future__ import annotations

from .._core import ffi, lib
from ..lnn.errors import LnnError
from ..lnn.layout import ENUMS

COMPLEXITY = list(ENUMS["complexity"])
LARGEST_S = 4000  # in us it fills 32 bits
# attribute -> (field of lnn_policy_t, factor)
FIELDS = {
    "min_timestep": ("min_timestep_us", 1e6),
    "max_timestep": ("max_timestep_us", 1e6),
    "hold": ("hold_us", 1e6),
    "energy_threshold": ("energy_threshold", 1),
    "gate_close_ratio": ("gate_close_ratio", 1),
    "attack_threshold": ("attack_threshold", 1),
    "release_threshold": ("release_threshold", 1),
    "release_growth": ("release_growth", 1),
    "background_rise_per_s": ("background_rise_per_s", 1),
}


class Thresholds:
    """Posterior at which a label is detected, by name or index; 0 = never.  lnn.thresholds["yes"] = 0.8"""

    def __init__(self, lnn):
        self._lnn = lnn

    def _index(self, label: str | int) -> int:
        labels = self._lnn.labels
        index = labels.index(label) if label in labels else label
        if not isinstance(index, int) or not 0 <= index < len(labels):
            raise KeyError(f"no label {label!r}; labels: {', '.join(labels)}")
        return index

    def __getitem__(self, label: str | int) -> float:
        return lib.lnn_get_threshold(self._lnn.model, self._index(label))

    def __setitem__(self, label: str | int, threshold: float) -> None:
        code = lib.lnn_set_threshold(self._lnn.model, self._index(label), threshold)
        if code != lib.LNN_OK:
            raise LnnError.from_code(code, f"threshold {threshold}, 0 to 1")

    def __len__(self) -> int:
        return len(self._lnn.labels)

    def __iter__(self):
        return (self[i] for i in range(len(self)))


class Settings:
    """The policy of a model.  Every attribute may be written while it runs; LnnError POLICY keeps the old one."""

    @property
    def policy(self) -> dict:
        """All fields by attribute name."""
        return {name: getattr(self, name) for name in (*FIELDS, "complexity")}

    def set_adaptive_config(self, **fields) -> None:
        """Several fields at once: min_timestep=, max_timestep= (s), energy_threshold=, complexity="energy", ...

        Raises TypeError for an unknown field, LnnError POLICY for an impossible policy.
        """
        policy = ffi.new("lnn_policy_t *", lib.lnn_get_policy(self.model)[0])
        for name, value in fields.items():
            if name == "complexity":
                if value not in COMPLEXITY:
                    raise LnnError("POLICY", f"complexity {value!r}, known: {', '.join(COMPLEXITY)}")
                policy.complexity = COMPLEXITY.index(value)
            elif name in FIELDS:
                field, factor = FIELDS[name]
                is_time = factor != 1
                if not (0 <= value <= LARGEST_S if is_time else abs(value) < 1e9):
                    raise LnnError("POLICY", f"{name} {value}")
                setattr(policy, field, round(value * factor) if is_time else value)
            else:
                raise TypeError(f"no policy field {name!r}; fields: {', '.join((*FIELDS, 'complexity'))}")
        code = lib.lnn_set_policy(self.model, policy)
        if code != lib.LNN_OK:
            raise LnnError.from_code(code, ", ".join(f"{k}={v}" for k, v in fields.items()))

    @property
    def tick_samples(self) -> int:
        """Samples of the smallest timestep, at whose ends the energy is looked at."""
        return lib.lnn_get_policy(self.model).min_timestep_us * self.sample_rate // 1_000_000

    @property
    def complexity(self) -> str:
        return COMPLEXITY[lib.lnn_get_policy(self.model).complexity]

    @complexity.setter
    def complexity(self, value: str) -> None:
        self.set_adaptive_config(complexity=value)

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(self)


def _attribute(name: str) -> property:
    field, factor = FIELDS[name]

    def get(self):
        return getattr(lib.lnn_get_policy(self.model), field) / factor

    def set(self, value):
        self.set_adaptive_config(**{name: value})

    return property(get, set, doc=f"{field} of SPEC.md" + (", in s" if factor != 1 else ""))


for _name in FIELDS:
    setattr(Settings, _name, _attribute(_name))
