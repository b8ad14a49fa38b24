"""Rates and CPU time of calls, in ratio to those of other systems, all measured in turns in one run over TCP."""
import json
import os
import pathlib
import subprocess
import sys

ROUNDS = 5
SECONDS_MAX = 1800
PEERS = ("gate", "limit-zmq", "limit-zmq-batch", "redis", "nats")
BATCHING, BARE, REDIS, NATS = "limit-zmq-batch", "limit-zmq", "redis", "nats"
LATENCY, RATE, ITEMS, CPU = "p50_us", "calls_per_s", "items_per_s", "cpu_us_per_call"

# What, workload, figure, the other system, the bar, and whether less is better.
BARS = (
    ("W1: one call after the other, p50", "W1", LATENCY, BATCHING, 1.10, True),
    ("W2: 100 in flight", "W2", RATE, BATCHING, 0.65, False),
    ("W2: 100 in flight", "W2", RATE, BARE, 1.6, False),
    ("W3: 1000 in flight", "W3", RATE, REDIS, 1.0, False),
    ("W3: 1000 in flight", "W3", RATE, BATCHING, 0.30, False),
    ("W3: 1000 in flight", "W3", RATE, NATS, 3, False),
    ("W4: 64 KiB, 16 in flight", "W4", RATE, BATCHING, 0.75, False),
    ("W5: items of a stream", "W5", ITEMS, BATCHING, 0.35, False),
    ("W5: items of a stream", "W5", ITEMS, REDIS, 1.5, False),
    ("W7: 64 clients, 8 in flight each", "W7", RATE, BATCHING, 0.65, False),
    ("CPU of a call at W3, all processes", "W3", CPU, BATCHING, 3.3, True),
    ("CPU of a call at W3, all processes", "W3", CPU, REDIS, 0.9, True),
)


def own_description(root, programs):
    """The text of the project's description of itself for the suite, with the programs of this build."""
    described = json.loads((root / "bench" / "gate-peer.json").read_text())
    for peer in described["peers"]:
        for role in ("broker", "worker", "client"):
            peer[role][0] = str(programs / pathlib.PurePosixPath(peer[role][0]).name)
    return json.dumps(described)


def medians(figures):
    return {name: known.get("median") for name, known in figures.items() if isinstance(known, dict)}


def measure(system, suite):
    """{peer: {workload: {figure: median}}}. A peer that the suite cannot run on this machine is left out."""
    result = system.folder / "result.json"
    ourselves = system.file("gate-peer.json", own_description(system.root, system.programs))
    workloads = ",".join(dict.fromkeys(workload for _, workload, *_ in BARS))
    done = subprocess.run(
        [sys.executable, "run.py", "--no-build", "--peers-file", str(ourselves), "--peers",
         ",".join(PEERS), "--workloads", workloads, "--transports", "tcp", "--rounds", str(ROUNDS), "--max-seconds",
         str(SECONDS_MAX), "--json", str(result)],
        cwd=suite, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX + 60, check=False)
    if not result.exists():
        raise ValueError(done.stdout[-500:])
    summary = json.loads(result.read_text())["summary"]
    return {peer.split("@")[0]: {workload: medians(figures) for workload, figures in workloads.items()}
            for peer, workloads in summary.items()}


def compare(system):
    suite = os.environ.get("GATE_PEER_SUITE")
    measured = measure(system, suite) if suite else {}
    for what, workload, figure, peer, bar, less in BARS:
        what = f"{what}, to {peer}"
        shown = f"{'<=' if less else '>='} {bar} x"
        if not suite:
            system.skip(what, "GATE_PEER_SUITE is not set")
            continue
        ours, theirs = (measured.get(name, {}).get(workload, {}).get(figure) for name in ("gate", peer))
        if not theirs:
            system.skip(what, f"{peer} does not run here")
            continue
        if not ours:
            system.line(what, "not measured", shown, False)
            continue
        ratio = ours / theirs
        system.line(what, f"{ratio:.2f} x ({ours:.4g} to {theirs:.4g} {figure}, median of {ROUNDS})", shown,
                    ratio <= bar if less else ratio >= bar)


POINTS = {"peers": ("Rates and CPU time in ratio to other systems, over TCP (needs GATE_PEER_SUITE)", compare)}
