"""The points of `scripts/acceptance performance`: rates against other systems, and what a call costs."""
from . import instructions, methods, peers

POINTS = {**peers.POINTS, **methods.POINTS, **instructions.POINTS}


def points():
    """{name: (about, function of a System)}."""
    return POINTS
