"""Slow links, long streams and frozen peers: which peers count as dead, and the messages about it."""
import json
import signal
import time
import types

from .system import wait_until

PYTHON = "/usr/bin/python3"  # it has Debian's zmq and msgpack
ARGUMENT = 900_000  # bytes

READER = """
import sys, time
sys.path.insert(0, sys.argv[1])
import zmq, client
socket = zmq.Context.instance().socket(zmq.DEALER)
socket.linger = 0
socket.connect(sys.argv[2])
count, pause = 0, float(sys.argv[4])
print("begins", flush=True)
for item in client.call(socket, "calculator", "primes", int(sys.argv[3])):
    count += 1
    until = time.perf_counter() + pause
    while time.perf_counter() < until:
        pass
print("items", count, flush=True)
"""

MAJORDOMO = """
import sys, zmq
socket = zmq.Context.instance().socket(zmq.REQ)
socket.linger = 0
socket.connect(sys.argv[1])
for n in range(int(sys.argv[2])):
    socket.send_multipart([b"MDPC01", b"test", b"x" * int(sys.argv[3])])
    if not socket.poll(20_000):
        sys.exit("no answer")
    assert len(socket.recv_multipart()[2]) == int(sys.argv[3])
print("done", flush=True)
"""


def through(system, target, bytes_per_second, delay=0.0):
    relay = system.start(PYTHON, system.root / "tests/support/slow_relay.py", target, bytes_per_second, delay)
    return relay, relay.line_with("tcp://")


def a_worker(system, broker, *flags, via=None):
    place = types.SimpleNamespace(frontend=broker.frontend, backend=via or broker.backend)
    process = system.start(system.program("gate-test-worker"), "--broker", place.backend, "--service", "test", *flags)
    wait_until(lambda: system.workers_of(broker, "test") > 0, what="a worker of test")
    return process


def stats(system, broker):
    done = system.gate(broker, "-o", "json", "call", "gate.stats")
    return json.loads(done.stdout)


def found(tree, name):
    """The number with that name, anywhere in the report."""
    if isinstance(tree, dict):
        if isinstance(tree.get(name), int):
            return tree[name]
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            number = found(part, name)
            if number is not None:
                return number
    return None


def long_stream(system):
    broker = system.broker()
    system.worker(broker, "calculator-worker")
    reader = system.start(PYTHON, "-c", READER, system.root / "examples/python", broker.frontend, 700_000, 0.0001)
    last = reader.line_with("items", 90)
    system.line("1: items of a stream that a gate-rpc client reads, 0.1 ms for each", last.split()[1], "56543",
                last == "items 56543")


def one_way(system, side, what, rate):
    """Begins one call over a slow link. Returns a function that waits for its result."""
    broker = system.broker()
    front, back = broker.frontend, broker.backend
    if side in ("client", "both"):
        front = through(system, front, rate)[1]
    if side in ("worker", "both"):
        back = through(system, back, rate)[1]
    a_worker(system, broker, via=back)
    text = system.file(f"text-{side}-{what}-{rate}", "x" * ARGUMENT)
    words = ("test.note", "-") if what == "arguments" else ("test.big", ARGUMENT)
    began = time.monotonic()
    call = system.start(system.program("gate"), "--broker", front, "--timeout", "60s", "call", *words,
                        stdin=open(text, "rb"))

    def end():
        status = call.wait(60)
        silent = found(stats(system, broker), "silent_peers")
        took = time.monotonic() - began
        fine = status == 0 and silent == 0 and "stalled" not in broker.log()
        figure = f"{took:.1f} s" if fine else (call.log() or broker.log())[-200:]
        system.line(f"1: 900 kB of {what}, {rate // 1000} kB/s on the side of {side}", figure, "answered", fine)

    return end


def slow_link(system):
    cases = [(side, what) for side in ("client", "worker") for what in ("arguments", "result")]
    for end in [one_way(system, *case, 200_000) for case in cases]:
        end()


def very_slow_link(system):
    for end in [one_way(system, "both", "arguments", 100_000), one_way(system, "worker", "result", 50_000)]:
        end()


def frozen(system):
    broker = system.broker()
    worker = a_worker(system, broker)
    call = system.start(system.program("gate"), "--broker", broker.frontend, "--timeout", "60s", "call",
                        "test.sleep_plain", 30_000)
    wait_until(lambda: "1/" in system.gate(broker, "workers", "test").stdout, what="the call at its worker")
    worker.signal(signal.SIGSTOP)
    began = time.monotonic()
    status = call.wait()
    took = time.monotonic() - began
    system.line("1: a worker is stopped under a call: its end", f"{took:.1f} s", "3 to 4.5 s",
                status != 0 and 2.7 <= took <= 4.5)
    line = broker.log_with("cut worker")
    named = all(word in line for word in ('"test"', "anonymous", "127.0.0.1:", "1 calls that it held"))
    system.line("24: the line about it names service, principal, address, losses", line.split("warning ")[-1][:150],
                "all four", named)
    system.line("24: it is counted", found(stats(system, broker), "silent_peers"), "1",
                found(stats(system, broker), "silent_peers") == 1)


def frozen_behind_data(system):
    broker = system.broker()
    a_worker(system, broker)
    client = system.start(system.program("gate-test-client"), broker.frontend, "endless")
    client.line_with("BEGUN")
    client.signal(signal.SIGSTOP)
    began = time.monotonic()
    line = broker.log_with("cut client")
    took = time.monotonic() - began
    system.line("1: a client is stopped in the middle of a transfer: found", f"{took:.1f} s", "3 to 4.5 s",
                2.7 <= took <= 4.5 and "open call" in line)


def dead_link(system):
    broker = system.broker()
    relay, back = through(system, broker.backend, 200_000)
    a_worker(system, broker, via=back)
    call = system.start(system.program("gate"), "--broker", broker.frontend, "--timeout", "60s", "call", "test.big",
                        ARGUMENT * 3)
    wait_until(lambda: "1/" in system.gate(broker, "workers", "test").stdout, what="the call at its worker")
    relay.signal(signal.SIGUSR1)
    began = time.monotonic()
    status = call.wait()
    took = time.monotonic() - began
    system.line("1: a link stops passing anything under a result: its end", f"{took:.1f} s", "3 to 5 s",
                status != 0 and 2.7 <= took <= 5)


FORMS = {  # FORM of gate-test-client: bytes, name
    "huge": (6_000_000, "6 MB of HugeData to the client"),
    "upload": (6_000_000, "6 MB of HugeData to the worker"),
    "parallel": (2_000_000, "four times 2 MB of HugeData at once"),
    "arguments": (3_600_000, "calls with 900 kB of arguments"),
    "results": (3_600_000, "calls with 900 kB of result"),
    "four_results": (1_800_000, "four at once of them"),
    "many_arguments": (3_000_000, "300 calls with 10 kB of arguments at once"),
    "many_results": (3_000_000, "300 calls with 10 kB of result at once"),
    "items": (4_500_000, "a worker's stream of items of 300 kB"),
    "own_items": (4_500_000, "a caller's stream of items of 300 kB"),
}


def beside(system):
    for side in ("client", "worker"):
        broker = system.broker()
        front, back = broker.frontend, broker.backend
        if side == "client":
            front = through(system, front, 1_000_000)[1]
        else:
            back = through(system, back, 1_000_000)[1]
        a_worker(system, broker, via=back)
        for form, (size, name) in FORMS.items():
            client = system.start(system.program("gate-test-client"), front, size, "beside", form)
            worst = int(client.line_with("WORST", 60).split()[1])
            system.line(f"1: the slowest small call beside {name}, 1 MB/s on the side of the {side}",
                        f"{worst} ms", "500 ms", worst <= 500 and client.wait() == 0)


def bytes_sent(system):
    broker = system.broker()
    a_worker(system, broker)
    before = found(stats(system, broker), "bytes_sent")
    count, size = 2000, 10
    client = system.start(PYTHON, "-c", MAJORDOMO, broker.frontend, count, size)
    client.line_with("done", 60)
    each = (found(stats(system, broker), "bytes_sent") - before) / count
    # The client gets "", MDPC01, the service and the body. The worker gets an envelope, and heartbeats now and then.
    frames = 0 + 6 + 4 + size
    system.line("30: bytes sent for each call of a Majordomo client, 10 bytes in its reply", f"{each:.0f}",
                f"{frames} and the request to the worker: at most 100", frames <= each <= 100)


POINTS = {
    "long_stream": ("a gate-rpc client that reads a long stream slowly gets all of it", long_stream),
    "slow_link": ("calls of 900 kB over links of 200 kB/s, on either side", slow_link),
    "very_slow_link": ("the same over 50 and 100 kB/s", very_slow_link),
    "frozen_worker": ("a worker that is stopped under a call is found, named and counted", frozen),
    "frozen_behind_data": ("a client that is stopped with data on the way to it is found", frozen_behind_data),
    "dead_link": ("a link that passes nothing any more is found", dead_link),
    "small_call_beside": ("a small call beside a transfer over a link of 1 MB/s", beside),
    "bytes_sent": ("stats.bytes_sent for Majordomo peers", bytes_sent),
}
