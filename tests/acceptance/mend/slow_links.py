"""Traffic over slow and long links: the time that a small call or item waits, and peers that leave in the middle."""
import signal
import time

from .liveness import PYTHON, a_worker, found, stats, through
from .system import wait_until

SLOW = 200_000  # bytes a second
FAR = 0.15  # seconds in each direction: a round trip of 300 ms
MIB = 1 << 20

# FORM of gate-test-client: bytes, name.
HALF = {
    "upload": (1_200_000, "1.2 MB of HugeData to the worker"),
    "huge": (1_200_000, "1.2 MB of HugeData to the client"),
    "arguments": (900_000, "a call with 900 kB of arguments"),
    "results": (900_000, "a call with 900 kB of result"),
    "own_items": (1_200_000, "a caller's stream of items of 300 kB"),
    "items": (1_200_000, "a worker's stream of items of 300 kB"),
}

MAJORDOMO_CLIENT = """
import sys, time, zmq
socket = zmq.Context.instance().socket(zmq.REQ)
socket.linger = 0
socket.connect(sys.argv[1])
for n in range(int(sys.argv[3])):
    socket.send_multipart([b"MDPC01", sys.argv[2].encode(), b"x" * int(sys.argv[4])])
    if not socket.poll(60_000):
        sys.exit("no answer")
    answer = socket.recv_multipart()
    if answer[:2] != [b"MDPC01", sys.argv[2].encode()] or answer[2] != b"x" * int(sys.argv[4]):
        sys.exit("another answer: %d frames" % len(answer))
print("done", flush=True)
"""

# Its heartbeats are those of the ZeroMQ guide: one every 2.5 s. The broker counts as dead after three missing ones.
MAJORDOMO_WORKER = """
import sys, time, zmq
socket = zmq.Context.instance().socket(zmq.DEALER)
socket.linger = 0
socket.connect(sys.argv[1])
def say(command, *frames):
    socket.send_multipart([b"", b"MDPW01", command, *frames])
say(b"\\1", b"echo")
beat, heard = time.monotonic() + 2.5, time.monotonic()
while True:
    if socket.poll(100):
        heard = time.monotonic()
        _, tag, command, *rest = socket.recv_multipart()
        assert tag == b"MDPW01"
        if command == b"\\2":
            client, _, *body = rest
            say(b"\\3", client, b"", *body)
        elif command == b"\\5":
            sys.exit("told to go")
    if time.monotonic() - heard > 7.5:
        sys.exit("the broker is silent")
    if time.monotonic() > beat:
        beat += 2.5
        say(b"\\4")
"""


def both_ways(system, side, rate, delay=0.0):
    """A broker with a worker of `test`, and an address for a client. The slow relay is on that side."""
    broker = system.broker()
    front, back = broker.frontend, broker.backend
    if side == "client":
        front = through(system, front, rate, delay)[1]
    else:
        back = through(system, back, rate, delay)[1]
    a_worker(system, broker, via=back)
    return broker, front


def worst_of(system, front, form, size, *words):
    """The milliseconds of the slowest small call or item meanwhile, and whether all results were right."""
    client = system.start(system.program("gate-test-client"), front, size, "beside", form, *words)
    worst = int(client.line_with("WORST", 120).split()[1])
    return worst, client.wait() == 0


def items_beside(system):
    forms = {"own_items": (4_500_000, "a caller's stream of items of 300 kB"),
             "upload": (6_000_000, "6 MB of HugeData to the worker"),
             "four_arguments": (1_800_000, "four calls with 900 kB of arguments at once"),
             "items": (4_500_000, "a worker's stream of items of 300 kB")}
    for side in ("client", "worker"):
        front = both_ways(system, side, 1_000_000)[1]
        for form, (size, name) in forms.items():
            worst, right = worst_of(system, front, form, size, "items")
            system.line(f"1: the slowest small item there and back beside {name}, 1 MB/s on the side of the {side}",
                        f"{worst} ms", "700 ms", worst <= 700 and right)


def beside_slow(system, delay, bar):
    way = f"200 kB/s{' and 300 ms' if delay else ''}"
    for side in ("client", "worker"):
        broker, front = both_ways(system, side, SLOW, delay)
        for form, (size, name) in HALF.items():
            began = time.monotonic()
            worst, right = worst_of(system, front, form, size)
            took = time.monotonic() - began
            most = size / SLOW * 1.5 + 4  # small calls share the link; at first the limit grows by round trips
            system.line(f"1: the slowest small call beside {name}, {way} on the side of the {side}", f"{worst} ms",
                        f"{bar} ms", worst <= bar)
            system.line(f"1: all of it arrives, {way}", f"{took:.1f} s", f"{most:.0f} s", right and took <= most)
        silent = found(stats(system, broker), "silent_peers")
        system.line(f"1: peers that were cut meanwhile, {way} on the side of the {side}", silent, "0",
                    silent == 0 and "cut" not in broker.log())


def majordomo_far(system):
    for side in ("client", "worker", "both"):
        broker = system.broker()
        front, back = broker.frontend, broker.backend
        if side in ("client", "both"):
            front = through(system, front, SLOW, FAR)[1]
        if side in ("worker", "both"):
            back = through(system, back, SLOW, FAR)[1]
        worker = system.start(PYTHON, "-c", MAJORDOMO_WORKER, back)
        wait_until(lambda: system.workers_of(broker, "echo") > 0, what="a worker of echo")
        client = system.start(PYTHON, "-c", MAJORDOMO_CLIENT, front, "echo", 1, 900_000)
        began = time.monotonic()
        status = client.wait(90)
        fine = status == 0 and worker.running() and "cut" not in broker.log()
        figure = f"{time.monotonic() - began:.1f} s" if fine else (client.log() + worker.log() + broker.log())[-200:]
        system.line(f"1: a Majordomo call of 900 kB there and back, 200 kB/s and 300 ms on the side of {side}",
                    figure, "answered", fine)


def deaf(system):
    broker = system.broker()
    a_worker(system, broker)
    peer = system.start(PYTHON, system.root / "tests/support/gate2_peer.py", "deaf", broker.frontend, "big", 900_000)
    peer.line_with("BEGUN")
    began = time.monotonic()
    line = broker.log_with("cut client", 30)
    took = time.monotonic() - began
    system.line("1: a client takes all bytes and never says that it read them: found", f"{took:.1f} s",
                "10 to 12 s (out_queue_age_max)", 9.5 <= took <= 12)
    named = all(word in line for word in ("anonymous", "127.0.0.1:", "out_queue_age_max", "bytes that waited"))
    system.line("24: the line about it names principal, address, reason and losses", line.split("warning ")[-1][:150],
                "all", named)
    report = stats(system, broker)
    numbers = [found(report, name) for name in ("too_slow", "too_slow_age", "silent_peers")]
    system.line("24: too_slow, too_slow_age, silent_peers", numbers, "[1, 1, 0]", numbers == [1, 1, 0])


def between_pieces(system):
    broker = system.broker()
    a_worker(system, broker)
    before = broker.resident_bytes()
    connections = found(stats(system, broker), "connections")
    peer = system.start(PYTHON, system.root / "tests/support/gate2_peer.py", "half", broker.frontend, 20, 12 * MIB)
    peer.line_with("BEGUN")
    wait_until(lambda: broker.resident_bytes() > before + 150 * MIB, what="what the pieces need")
    most = broker.resident_bytes()
    peer.signal(signal.SIGKILL)
    began = time.monotonic()
    wait_until(lambda: broker.resident_bytes() < before + 32 * MIB, what="the memory of what came in pieces")
    took = time.monotonic() - began
    kept = (broker.resident_bytes() - before) // MIB
    system.line("1: 20 clients leave between two pieces of 12 MiB each: the broker's memory",
                f"+{(most - before) // MIB} MiB, after {took:.1f} s +{kept} MiB", "at most +32 MiB after 5 s",
                took <= 5)
    now = found(stats(system, broker), "connections")
    system.line("1: connections then", now, connections, now == connections)
    for leaves in ("broker", "worker"):
        broker = system.broker()
        relay, front = through(system, broker.frontend, SLOW)
        back_relay, back = through(system, broker.backend, SLOW)
        worker = a_worker(system, broker, via=back if leaves == "worker" else broker.backend)
        call = system.start(system.program("gate"), "--broker", front if leaves == "broker" else broker.frontend,
                            "--timeout", "30s", "call", "test.big", 900_000)
        received = (lambda: found(stats(system, broker), "bytes_sent")) if leaves == "broker" else (
            lambda: found(stats(system, broker), "bytes_received"))
        first = received()
        wait_until(lambda: received() > first + 200_000, what="some of the result")
        (broker if leaves == "broker" else worker).signal(signal.SIGKILL)
        began = time.monotonic()
        status = call.wait(30)
        told = call.log().strip().splitlines()
        fine = status == 1 and len(told) == 1 and ("may have been executed" in told[0]) and call.output() == ""
        system.line(f"1: the {leaves} is killed between two pieces of a result: the call's end",
                    f"{time.monotonic() - began:.1f} s, {told[-1][:90] if told else status}",
                    "once, with a reason", fine)


POINTS = {
    "small_item_beside": ("a small item of one stream beside large ones over a link of 1 MB/s", items_beside),
    "beside_200_kb": ("transfers, streams and small calls beside them over a link of 200 kB/s",
                      lambda s: beside_slow(s, 0, 500)),
    "beside_200_kb_far": ("the same over 200 kB/s and a round trip of 300 ms", lambda s: beside_slow(s, FAR, 1000)),
    "majordomo_far": ("Majordomo clients and workers over 200 kB/s and a round trip of 300 ms", majordomo_far),
    "deaf_reader": ("a peer that takes everything and never says that it read it is cut", deaf),
    "between_pieces": ("clients, workers and brokers that leave between two pieces of a message", between_pieces),
}
