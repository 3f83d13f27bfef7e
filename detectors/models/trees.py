"""River's half-space trees without the rest of River.

`import river.anomaly` brings in scipy.stats and more for its other models: 2 to 5 seconds in every process that needs one class. So the
package is entered by the side door: its `__init__` and that of `river.tree` are left out while the one module is imported.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from typing import Any

_PACKAGES = ("river.anomaly", "river.tree")


def half_space_trees(**parameters: Any) -> Any:
    """A new river.anomaly.HalfSpaceTrees."""
    return _loaded().HalfSpaceTrees(**parameters)


def _loaded() -> Any:
    module = sys.modules.get("river.anomaly.hst") or sys.modules.get("vigil.hst")
    if module is None:
        module = sys.modules["vigil.hst"] = _by_the_side_door()
    return module


def _by_the_side_door() -> Any:
    if any(name in sys.modules for name in _PACKAGES):
        return importlib.import_module("river.anomaly.hst")
    for name in _PACKAGES:
        spec = find_spec(name)
        assert spec is not None
        sys.modules[name] = module_from_spec(spec)
    try:
        return importlib.import_module("river.anomaly.hst")
    finally:
        # Whoever imports River later gets all of it.
        for name in [n for n in sys.modules if n.startswith(_PACKAGES)]:
            del sys.modules[name]
