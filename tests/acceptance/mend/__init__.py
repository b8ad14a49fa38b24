"""The points of `scripts/acceptance mend`. Each subject has a module, named in MODULES."""
import importlib
import pathlib

MODULES = sorted(f.stem for f in pathlib.Path(__file__).parent.glob("*.py") if f.stem not in ("__init__", "system"))


def points():
    """{name: (about, function of a System)} of all modules."""
    found = {}
    for module in MODULES:
        for name, point in importlib.import_module(f"{__name__}.{module}").POINTS.items():
            if name in found:
                raise RuntimeError(f"{module}.py: a point {name} exists already")
            found[name] = point
    return found
