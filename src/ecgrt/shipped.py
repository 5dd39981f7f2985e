"""The plan that comes with the package, for whoever names no other."""

import os.path

#: The compact model for the CPU engine; ``tools/ship_plan.py`` builds it from ``models/``. Text and
#: no ``Path``, for pathlib takes as long to import as the plan to load.
PLAN = os.path.join(os.path.dirname(__file__), "plans", "cinc17-compact.plan")
