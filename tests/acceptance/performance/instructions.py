"""Instructions that a call costs each process, counted by callgrind: the difference of two runs of different length."""
import re
import shutil

from .bench import Bench

FEW, MANY = 2000, 8000
BARS = {"client": 2000, "broker": 2300, "worker": 2300}


def counted(system, who, calls):
    """All instructions of one process, with libzmq's thread, in a run of so many calls, 100 in flight."""
    name = f"{who}-{calls}"
    output = system.folder / name
    under = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={output}")
    bench = Bench(system, name, under if who == "broker" else (), under if who == "worker" else ())
    bench.client("--workload", "W3", "--inflight", 100, "--size", 64, "--warmup", 0, "--warmup-calls", 100,
                 "--duration", 200, "--calls", calls, under=under if who == "client" else ())
    bench.end()
    return int(re.search(r"^(?:summary|totals): (\d+)", output.read_text(), re.M).group(1))


def instructions(system):
    for who, bar in BARS.items():
        what = f"instructions a call, {who}"
        if not shutil.which("valgrind"):
            system.skip(what, "valgrind is not installed")
            continue
        a_call = (counted(system, who, MANY) - counted(system, who, FEW)) / (MANY - FEW)
        system.line(what, f"{a_call:.0f}, whole process, 100 in flight, 64 bytes", f"<= {bar}", a_call <= bar)


POINTS = {"instructions": ("What a call costs client, broker and worker (needs valgrind)", instructions)}
