"""The plan that comes with the package, for whoever names no other."""

from pathlib import Path

#: The compact model for the CPU engine; ``tools/ship_plan.py`` builds it from ``models/``.
PLAN = Path(__file__).with_name("plans") / "cinc17-compact.plan"
