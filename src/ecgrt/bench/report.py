"""What the benchmark measured, as tables and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from .machine import Machine
from .roofline import Roofline
from .rows import Cold, Latency, Throughput, table


@dataclass(frozen=True, kw_only=True)
class ModelReport:
    """The figures of one model; ``backends`` says on what ecgrt ran each of its plans."""

    model: str
    backends: dict[str, str]
    latency: tuple[Latency, ...]
    throughput: tuple[Throughput, ...]
    cold: tuple[Cold, ...]
    roofline: tuple[Roofline, ...]

    def to_text(self) -> str:
        """Return its tables."""
        backends = ", ".join(f"{engine} on {name}" for engine, name in self.backends.items())
        bound = ["What binds: multiplications a second of one thread", table(self.roofline)]
        return "\n".join(
            [
                f"== {self.model} ({backends})\n",
                "One record, all engines of all models in turn",
                table(self.latency),
                "A batch, each engine in its fastest way",
                table(self.throughput),
                "A new process: import, load, one record",
                table(self.cold),
                *(bound if self.roofline else []),
            ]
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """All figures; `notes` says what is not in the tables and why."""

    machine: Machine
    models: tuple[ModelReport, ...]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """Return everything as a JSON object."""
        return json.dumps(asdict(self), indent=2)

    def to_text(self) -> str:
        """Return the tables."""
        models = (model.to_text() for model in self.models)
        return "\n".join([self.machine.to_text(), *models, *self.notes])
