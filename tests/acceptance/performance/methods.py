"""A plain method, which runs in the worker's pool, against a coroutine, which runs on its loop."""
import statistics

from .bench import Bench

ROUNDS = 5
BAR = 0.6


def plain_methods(system):
    bench = Bench(system, "methods")
    rates = {"W3": [], "W8": []}
    for _ in range(ROUNDS):
        for workload, of in rates.items():
            measured = bench.client("--workload", workload, "--inflight", 1000, "--size", 64, "--duration", 1.5)
            of.append(measured["calls"] / measured["seconds"])
    coroutine, plain = (statistics.median(of) for of in rates.values())
    system.line("calls of a plain method, to calls of a coroutine",
                f"{plain / coroutine:.2f} x ({plain / 1000:.0f} to {coroutine / 1000:.0f} k/s, median of {ROUNDS})",
                f">= {BAR} x", plain >= BAR * coroutine)


POINTS = {"plain-methods": ("Calls of a plain method, 1000 in flight, over ipc", plain_methods)}
