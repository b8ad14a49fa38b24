"""The worker for a call, the turns of clients, and slots whose answer never comes: docs/scheduling.md.

Its client needs zmq and msgpack. The system's Python has them, the user's Python may lack them. So each point runs in a
process of the system's Python.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import uuid

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
    import msgpack
    import zmq

from mend.bounds import guarded  # noqa: E402
from mend.system import Failed, System, wait_until  # noqa: E402

SLOW_MS = 200
CALLS = 60


class Client:
    """A client in the gate-rpc dialect with any number of calls in flight."""

    def __init__(self, broker, service="test", user=None):
        self.service, self.context = service.encode(), zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        if user is not None:
            self.socket.plain_username, self.socket.plain_password = user.encode(), user[::-1].encode()
        self.socket.linger = 0
        self.socket.sndhwm = self.socket.rcvhwm = 0
        self.socket.connect(broker.frontend)
        self.ended = {}  # request: (time, result or None, class of the exception or None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.destroy(0)

    def send(self, method, *args):
        request = uuid.uuid4().bytes
        self.socket.send_multipart([b"", b"MDPC01", self.service, request, *map(msgpack.packb, (method, args, {}))])
        return request

    def read(self, milliseconds):
        """Waits for a message, and returns all that come within that time."""
        while self.socket.poll(milliseconds):
            frames = self.socket.recv_multipart()
            reply = msgpack.unpackb(frames[-1], strict_map_key=False)
            thrown = reply["exception"]
            self.ended[frames[3]] = (time.monotonic(), reply["result"], thrown and thrown[0])
            milliseconds = 0

    def await_all(self, requests, seconds=30):
        end = time.monotonic() + seconds
        while not all(r in self.ended for r in requests):
            if time.monotonic() >= end:
                raise Failed(f"{sum(r not in self.ended for r in requests)} calls did not end within {seconds} s")
            self.read(100)
        return [self.ended[r] for r in requests]

    def call(self, method, *args, seconds=30):
        return self.await_all([self.send(method, *args)], seconds)[0]


def test_worker(system, broker, *flags, service="test"):
    return system.worker(broker, "gate-test-worker", "--service", service, *flags, service=service)


def late_worker(system):
    """60 calls of 200 ms each. A second worker starts half a second later."""
    for name, flags in (("", ("--threads", "2")), (", capacity 2", ("--capacity", "2", "--threads", "2"))):
        broker = system.broker()
        test_worker(system, broker, *flags)
        with Client(broker) as client:
            begun = time.monotonic()
            calls = [client.send("sleep_plain", SLOW_MS) for _ in range(CALLS)]
            client.read(450)
            time.sleep(max(0, begun + 0.4 - time.monotonic()))  # the second worker starts in any case
            test_worker(system, broker, *flags)
            joined = time.monotonic() - begun
            client.await_all(calls)
            took = time.monotonic() - begun
            # From then on twice as many threads do the rest.
            bar = joined + (CALLS * SLOW_MS / 2000 - joined) / 2 + 0.5
            system.line(f"22: {CALLS} calls of {SLOW_MS} ms, a second worker after {joined:.1f} s{name}",
                        f"{took:.2f} s", f"{bar:.1f} s, alone 6.0 s", took <= bar)


def behind_long_calls(system):
    """Short calls wait behind two long ones until another worker has threads."""
    broker = system.broker()
    test_worker(system, broker, "--threads", "2")
    with Client(broker) as client:
        client.await_all([client.send("add", 1, 2) for _ in range(300)])  # so short that the broker gives calls ahead
        long = [client.send("sleep_plain", 4000) for _ in range(2)]
        short = [client.send("add", 1, 2) for _ in range(500)]
        client.read(300)
        test_worker(system, broker, "--threads", "2")
        joined = time.monotonic()
        ends = [end for end, *_ in client.await_all(short)]
        waited = max(0.0, max(ends) - joined)
        moved = sum(end > joined for end in ends)
        system.line("22: 500 short calls behind two of 4 s, once another worker is idle", f"{waited * 1000:.0f} ms",
                    "500 ms", waited <= 0.5 and not any(r in client.ended for r in long))
        stats = msgpack_stats(system, broker)
        system.line("22: of them handed back", f"{stats['recalls']} of {moved}", "each exactly one result",
                    all(client.ended[r][1] == 3 for r in short))
        fresh = time.monotonic()
        client.call("add", 1, 2)
        took = time.monotonic() - fresh
        system.line("22: a short call while one worker of two has two free threads", f"{took * 1000:.0f} ms", "100 ms",
                    took <= 0.1)
        client.await_all(long)


def msgpack_stats(system, broker):
    with Client(broker, "gate") as asked:
        return asked.call("stats")[1]["calls"]


def coroutines(system):
    broker = system.broker()
    test_worker(system, broker, "--threads", "2")
    with Client(broker) as client:
        begun = time.monotonic()
        client.await_all([client.send("sleep", 1000) for _ in range(500)])
        took = time.monotonic() - begun
        system.line("22: 500 coroutines that sleep 1 s, at a worker of two threads", f"{took:.2f} s", "2 s", took <= 2)


def turns(system):
    """One client queues 2,000 calls. The single call of another client must get its turn."""
    broker = system.broker()
    test_worker(system, broker, "--threads", "2")
    with Client(broker) as flood, Client(broker) as single:
        single.call("add", 1, 2)
        flood.socket.poll(0)
        for _ in range(2000):
            flood.send("sleep_plain", 10)
        wait_until(lambda: queued_of(broker) > 1500, what="a queue of 1,500 calls")
        took = []
        for _ in range(5):
            begun = time.monotonic()
            single.call("sleep_plain", 10)
            took.append(time.monotonic() - begun)
        middle = statistics.median(took)
        system.line("23: another client's call behind 2,000 of 10 ms", f"{middle * 1000:.0f} ms", "100 ms",
                    middle <= 0.1)


def shares(system):
    """Ten connections of one principal flood a broker. Three connections without a login flood another one."""
    for name, users, flags in ((", in ten connections of one principal", ["alice"] * 10, ("--threads", "1")),
                               (", in three connections without a login", [None] * 3, ("--threads", "1"))):
        guard = guarded(system, "alice", "bob") if users[0] else system.broker()
        env = {"GATE_USER": "bob", "GATE_PASSWORD": "bob"[::-1]} if users[0] else {}
        os.environ.update(env)  # for the worker and for the command `gate`
        try:
            test_worker(system, guard, *flags)
        finally:
            for word in env:
                del os.environ[word]
        floods = [Client(guard, user=user) for user in users]
        with Client(guard, user=users[0] and "bob") as single:
            single.call("add", 1, 2)
            for i in range(2000):
                floods[i % len(floods)].send("sleep_plain", 10)
            wait_until(lambda: all(flood.socket.poll(0) for flood in floods[:1]), what="the first answer to a flood")
            took = []
            for _ in range(7):
                begun = time.monotonic()
                if single.call("sleep_plain", 1)[2] is not None:
                    raise Failed("the single call failed")
                took.append(time.monotonic() - begun)
            middle = statistics.median(took)
            system.line(f"23: a call behind 2,000 of 10 ms{name}, one thread", f"{middle * 1000:.0f} ms", "100 ms",
                        middle <= 0.1)
        for flood in floods:
            flood.__exit__()


def queued_of(broker, service="test"):
    with Client(broker, "gate") as asked:
        return next(s["queued"] for s in asked.call("services")[1] if s["name"] == service)


def room(system):
    """After a flood of one client only that client gets `busy`."""
    broker = system.broker(config="queue_max = 100\n")
    test_worker(system, broker, "--threads", "2")
    with Client(broker) as flood, Client(broker) as single:
        single.call("add", 1, 2)
        calls = [flood.send("sleep_plain", 100) for _ in range(400)]
        wait_until(lambda: queued_of(broker) >= 60, what="a queue that is nearly full")
        answers = [single.call("sleep_plain", 1) for _ in range(5)]
        refused = sum(thrown is not None for _, _, thrown in answers)
        system.line("23: calls of another client that are refused while one floods a queue of 100", refused, 0,
                    refused == 0)
        ends = flood.await_all(calls)
        busy = sum(thrown is not None for _, _, thrown in ends)
        system.line("23: calls of the flood that end as busy, of 400", busy, "some, each call once", busy > 0)


LOSING_WORKER = """
import sys, msgpack, zmq
socket = zmq.Context().socket(zmq.DEALER)
socket.connect(sys.argv[1])
socket.send_multipart([b"", b"MDPW01", b"\\1", b"losing:loses answers:2"])
while True:
    match socket.recv_multipart():
        case [_, _, b"\\2", client, _, request, method, *_] if msgpack.unpackb(method) != "lose":
            socket.send_multipart([b"", b"MDPW01", b"\\3", client, b"", request,
                                   msgpack.packb({"result": {}, "exception": None})])
        case [_, _, b"\\4", *_]:
            socket.send_multipart([b"", b"MDPW01", b"\\4"])
"""


def lost_slots(system):
    """A Python worker of capacity 2 that never answers two calls."""
    broker = system.broker(config='idle_timeout = "300ms"\nslot_timeout = "1s"\ngaterpc_heartbeat_interval = "300ms"\n')
    script = system.file("losing.py", LOSING_WORKER)
    system.start("/usr/bin/python3", script, broker.backend)
    wait_until(lambda: system.workers_of(broker, "losing") == 1, what="the Python worker")
    with Client(broker, "losing") as client:
        lost = client.await_all([client.send("lose") for _ in range(2)])
        begun = time.monotonic()
        ends = []
        while time.monotonic() - begun < 10 and not (ends and ends[-1][2] is None):
            ends.append(client.call("keep"))
        took = time.monotonic() - begun
        system.line("21: a worker of capacity 2 that lost two answers serves again, slot_timeout 1 s", f"{took:.1f} s",
                    "3 s", took <= 3 and ends[-1][2] is None and all(thrown == "TimeoutError" for _, _, thrown in lost))
    shown = system.gate(broker, "workers").stdout
    told = "owes 2 answers" in shown and "slot_timeout" in broker.log()
    system.line("21: told by `gate workers`, and in the log", "both" if told else shown[-200:], "both", told)


SHOWN = {
    "late_worker": ("a worker that comes later takes its part of what waits", late_worker),
    "held_work": ("calls behind long ones go to an idle worker", behind_long_calls),
    "coroutines": ("coroutines are not bounded by threads", coroutines),
    "turns": ("clients take turns", turns),
    "shares": ("the connections of one principal share a turn", shares),
    "room": ("a flood makes itself busy, and nobody else", room),
    "lost_slots": ("slots of foreign workers come back", lost_slots),
}


class Lines:
    """A table that writes its lines for the parent process."""

    @staticmethod
    def line(*fields):
        print(json.dumps(fields), flush=True)


def apart(name):
    def run(system):
        done = subprocess.run(["/usr/bin/python3", __file__, str(system.programs), str(system.root), name],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
        for line in done.stdout.splitlines():
            system.table.line(*json.loads(line))
        if done.returncode != 0:
            raise Failed(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}")
    return run


POINTS = {name: (about, apart(name)) for name, (about, _) in SHOWN.items()}

if __name__ == "__main__":
    programs, root, point = sys.argv[1:]
    with System(Lines, programs, root) as system:
        try:
            SHOWN[point][1](system)
        except Failed as why:
            sys.exit(str(why))
