"""The points of `scripts/acceptance rooms`: the shape of the tree, and what it costs to compile."""
from . import compile_time, tree

POINTS = {**tree.POINTS, **compile_time.POINTS}


def points():
    """{name: (about, function of a System)}."""
    return POINTS
