"""The bound for all bytes that wait for peers; failed logins that hold up nobody else; forms of MDP/0.2."""
import json
import os
import struct
import subprocess
import threading
import time

import msgpack
import zmq

from .system import Failed, wait_until

MIB = 1 << 20
BOUNDED = 'out_queue_total_bytes_max = "128MiB"\nout_queue_age_max = "60s"\n'


# --- peers, frame by frame ------------------------------------------------------------------------------------------

def envelope(kind, call=0, flags=0, payload=b"", **fields):
    """An envelope of gate/2 (docs/protocol.md, section 2)."""
    tags = {"service": 1, "method": 2, "credit": 15, "versions": 21, "role": 23, "name": 24, "capacity": 25}
    packed = b"".join(struct.pack("<BH", tags[name], len(value)) + value for name, value in fields.items())
    body = struct.pack("<BBHQ", kind, flags, len(packed), call) + packed + payload
    return struct.pack("<I", len(body)) + body


def dealer(address, receives=None, user=None, password=None, sends=None):
    """A DEALER with its own context. Its kernel buffers `receives` bytes while it does not read. At most `sends`
    messages wait in its process."""
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.linger = 0
    socket.rcvtimeo = 20_000
    if receives:
        socket.rcvbuf = receives
        socket.rcvhwm = 1
    if sends:
        socket.sndhwm = sends
    if user:
        socket.plain_username, socket.plain_password = user.encode(), password.encode()
    socket.connect(address)
    return socket


def close(sockets):
    for socket in sockets:
        context = socket.context
        socket.close(0)
        context.term()


class Streamer:
    """A gate/2 client that asks for a stream with the largest credit."""

    def __init__(self, broker, name, items, raw):
        self.socket = dealer(broker.frontend, receives=64 << 10)
        magic = int.from_bytes(b"gate/2\r\n", "little")
        hello = envelope(1, magic, versions=struct.pack("<HH", 1, 1), role=b"\1", name=name.encode())
        self.socket.send(hello)
        everything = struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF)
        wants_stream = 4
        self.socket.send(envelope(3, 7, wants_stream, msgpack.packb([items, raw]), service=b"test",
                                  method=b"big_items", credit=everything))
        self.received, self.ended = 0, False

    def read(self, seconds, bytes_a_second):
        """Reads slowly until the time is over or the stream ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.ended:
            if not self.socket.poll(100):
                continue
            frames = self.socket.recv_multipart()
            size = sum(map(len, frames))
            self.received += size
            self.ended = self._has(frames[0], {5, 6})
            time.sleep(size / bytes_a_second)
        return self

    @staticmethod
    def _has(batch, kinds):
        at = 0
        while at < len(batch):
            size, kind = struct.unpack_from("<IB", batch, at)
            if kind in kinds:
                return True
            at += 4 + size
        return False


def statistics(system, broker, *words):
    done = system.gate(broker, *words, "-o", "json", "call", "gate.stats")
    if done.returncode != 0:
        raise Failed(f"gate.stats: {done.stderr.strip()[-200:]}")
    return json.loads(done.stdout)


def test_worker(system, broker):
    system.start(system.program("gate-test-worker"), "--broker", broker.backend, "--service", "test")
    wait_until(lambda: system.gate(broker, "call", "test.add", "1", "2").returncode == 0, what="the worker of test")


# --- 18 -------------------------------------------------------------------------------------------------------------

def watched(process, what):
    """Runs `what`. Returns the largest memory of the process meanwhile, and the result of `what`."""
    most, over = [process.resident_bytes()], threading.Event()

    def look():
        while not over.wait(0.02):
            most[0] = max(most[0], process.resident_bytes())
    thread = threading.Thread(target=look)
    thread.start()
    try:
        result = what()
    finally:
        over.set()
        thread.join()
    return most[0], result


def flood(system, broker, attackers, honest=None):
    """That many clients ask for 60 MB each with the largest credit and never read. Returns the result of `honest`."""
    peers = [Streamer(broker, f"attacker-{i}", 600, 100_000) for i in range(attackers)]
    try:
        if honest:
            return honest()

        def settled():
            now = statistics(system, broker)
            return now["transport"]["owed_too_much"] > 0 and now["now"]["in_flight"] <= 1
        wait_until(settled, 60, "the end of the streams")
        return None
    finally:
        close(p.socket for p in peers)


def out_queues(system):
    total = 128 * MIB
    broker = system.broker(config=BOUNDED)
    test_worker(system, broker)
    before = broker.resident_bytes()
    most, _ = watched(broker, lambda: flood(system, broker, 60))
    counted = statistics(system, broker)
    system.line("18: 60 clients that ask for 60 MB each and do not read: the broker's memory rises by",
                f"{(most - before) // MIB} MiB", "192 MiB, of which 128 may wait", most - before <= total * 3 // 2)
    system.line("18: counted", f"{counted['transport']['owed_too_much']} cut", "1 or more",
                counted["transport"]["owed_too_much"] > 0)
    line = broker.log_with("out_queue_total_bytes_max")
    system.line("18: logged with who and why", line[-120:], 'client "attacker-N" at 127.0.0.1',
                'client "attacker-' in line and "127.0.0.1" in line)
    try:
        wait_until(lambda: broker.resident_bytes() - before <= 32 * MIB, 10, "the memory")
    except Failed:
        pass
    after = broker.resident_bytes() - before
    system.line("18: when they have left, it is above what it was before by", f"{after // MIB} MiB", "32 MiB",
                after <= 32 * MIB)


def honest_reader(system):
    broker = system.broker(config=BOUNDED)
    test_worker(system, broker)
    reader = Streamer(broker, "honest", 200, 100_000)
    try:
        flood(system, broker, 30, lambda: reader.read(60, 5_000_000))
    finally:
        close([reader.socket])
    system.line("18: one that reads 5 MB/s of a stream of 20 MB among them", f"{reader.received // 1_000_000} MB, the "
                f"end {'came' if reader.ended else 'did not come'}", "all of it", reader.ended and
                reader.received >= 20_000_000)


# --- 20 -------------------------------------------------------------------------------------------------------------

def guarded(system, *users):
    """A broker for logins of these users. The password of each is its name backwards."""
    text = "[roles.all]\ncall = ['*']\noffer = ['*']\noperate = true\n"
    store = system.file("users.toml", text + "".join(f"[principals.{u}]\nroles = ['all']\n" for u in users))
    for user in users:
        subprocess.run([str(system.program("gate")), "passwd", str(store), user, "--stdin"], input=user[::-1] + "\n",
                       text=True, check=True, capture_output=True, timeout=60)
    return system.broker(config=f'auth = "plain"\ncredentials = "{store}"\nlogin_pause = "20s"\n')


def calls(system, broker, user, password=None, patience="5s"):
    """True if that user can log in over a connection of its own."""
    env = {**os.environ, "GATE_USER": user, "GATE_PASSWORD": user[::-1] if password is None else password}
    return system.gate(broker, "--timeout", patience, "call", "gate.ping", env=env).returncode


def bad_logins(system):
    broker = guarded(system, "alice", "bob", "carol", "wendy")
    wrong = system.file("wrong.toml", "user = 'wendy'\npassword = 'wrong'\n")
    ends = []
    for _ in range(8):
        worker = system.start(system.program("gate-test-worker"), "--broker", broker.backend, "--credentials", wrong)
        try:
            ends.append(worker.wait(1))
        except Failed:  # put off: the client tries again by itself
            worker.end()
            ends.append("waits")
    system.line("20: a worker with a wrong password, started 8 times, ends with", ends, "5, five times, then waits",
                ends[:5] == [5] * 5 and set(ends[5:]) == {"waits"})
    others = [calls(system, broker, "alice") for _ in range(3)] + [calls(system, broker, "bob")]
    system.line("20: others from that address come in at once", f"{others.count(0)} of {len(others)}", "all",
                set(others) == {0})
    same = calls(system, broker, "wendy")
    system.line("20: so does that user with the right password", same, 0, same == 0)
    for i in range(6):
        calls(system, broker, "bob", f"guess {i}", "1s")
    again = calls(system, broker, "bob")
    system.line("20: at whom others guess, and who was known before, comes in", again, 0, again == 0)
    for i in range(6):
        calls(system, broker, "carol", f"guess {i}", "1s")
    guessed = calls(system, broker, "carol")
    system.line("20: who was not has to wait, since a guess may be right", guessed, "3, unavailable", guessed == 3)
    lines = [line for line in broker.log().splitlines() if "wendy" in line and "login" in line]
    system.line("20: logged", f"{len(lines)} line", "1 a minute for that user", len(lines) == 1)


def flood_of_logins(system):
    broker = guarded(system, "alice", "bob")
    over, sent = threading.Event(), [0]

    def guess():
        while not over.is_set():
            sockets = []
            for _ in range(40):
                sent[0] += 1
                name = "bob" if sent[0] % 2 else f"nobody-{sent[0]}"
                sockets.append(dealer(broker.backend, user=name, password=f"guess-{sent[0]}"))
            over.wait(0.3)
            close(sockets)
    thread = threading.Thread(target=guess)
    thread.start()
    try:
        wait_until(lambda: sent[0] >= 120, what="the flood")
        first = calls(system, broker, "alice")
        rest = [calls(system, broker, "alice") for _ in range(4)]
    finally:
        over.set()
        thread.join()
    system.line("20: amid a flood of guesses one with the right password comes in the first time", first, 0, first == 0)
    system.line("20: and again", rest, "0, 4 times", rest == [0] * 4)


# --- 29 -------------------------------------------------------------------------------------------------------------

def forms_of_mdp(system):
    broker = system.broker()
    worker = dealer(broker.backend)
    worker.send_multipart([b"", b"MDPW02", b"\1", b"echo"])

    def serve(part):
        while True:
            got = worker.recv_multipart()
            if got[:3] == [b"", b"MDPW02", b"\2"]:
                break
        head = [b"", b"MDPW02"], [got[3], b""]
        worker.send_multipart([*head[0], b"\3", *head[1], part])
        worker.send_multipart([*head[0], b"\4", *head[1], *got[5:]])

    forms = {
        "RFC 18": ([b"MDPC02", b"\1", b"echo", b"hi"], [b"MDPC02", b"\2", b"echo", b"part"],
                   [b"MDPC02", b"\3", b"echo", b"hi"]),
        "behind an empty frame": ([b"", b"MDPC02", b"\1", b"echo", b"hi"], [b"", b"MDPC02", b"\2", b"echo", b"part"],
                                  [b"", b"MDPC02", b"\3", b"echo", b"hi"]),
        "with a worker's bytes": ([b"", b"MDPC02", b"\2", b"echo", b"hi"], [b"", b"MDPC02", b"\3", b"part"],
                                   [b"", b"MDPC02", b"\4", b"hi"]),
        "without a command": ([b"", b"MDPC02", b"echo", b"hi"], [b"", b"MDPC02", b"\2", b"echo", b"part"],
                              [b"", b"MDPC02", b"\3", b"echo", b"hi"]),
    }
    sockets, right = [worker], []
    try:
        for name, (request, *answers) in forms.items():
            client = dealer(broker.frontend)
            sockets.append(client)
            client.send_multipart(request)
            serve(b"part")
            if [client.recv_multipart(), client.recv_multipart()] == answers:
                right.append(name)
        workers = system.gate(broker, "-o", "json", "call", "gate.workers")
        seen = [w for w in json.loads(workers.stdout) if w["service"] == "echo"][0]
    finally:
        close(sockets)
    system.line("29: MDP/0.2 in four forms, each answered in its own", ", ".join(right), "all",
                len(right) == len(forms))
    told = {key: seen[key] for key in ("name", "dialect", "address")}
    system.line("29: its worker is told as", told, "echo#1, MDP/0.2, 127.0.0.1",
                told == {"name": "echo#1", "dialect": "MDP/0.2", "address": "127.0.0.1"})


# --- turns of reading -----------------------------------------------------------------------------------------------

def slowest_call(system, broker, seconds):
    """One client makes small calls one after the other. Returns the longest in milliseconds, and their number."""
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(broker.frontend)
    slowest, calls, end = 0, 0, time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            began, number = time.monotonic(), struct.pack("<QQ", 0, calls)
            socket.send_multipart([b"", b"MDPC01", b"test", number, *map(msgpack.packb, ("add", (calls, 1), {}))])
            if not socket.poll(20_000):
                raise Failed("a small call was not answered within 20 s")
            if msgpack.unpackb(socket.recv_multipart()[-1], strict_map_key=False)["result"] != calls + 1:
                raise Failed("a small call was answered wrongly")
            calls += 1
            slowest = max(slowest, 1000 * (time.monotonic() - began))
            time.sleep(0.01)
    finally:
        context.destroy(0)
    return slowest, calls


def dense_messages(system):
    broker = system.broker()
    test_worker(system, broker)
    alone, _ = slowest_call(system, broker, 3)
    one_way = envelope(3, 5, 2, service=b"nobody", method=b"m")
    hello = envelope(1, int.from_bytes(b"gate/2\r\n", "little"), versions=struct.pack("<HH", 1, 1), role=b"\1",
                     name=b"flooder")
    for size in 60 * MIB, 8 * MIB, MIB:
        message = one_way * (size // len(one_way))
        over, flooder = threading.Event(), dealer(broker.frontend, sends=2)
        flooder.send(hello)
        flooder.recv()

        def send():
            while not over.is_set():
                if flooder.poll(50, zmq.POLLOUT):
                    flooder.send(message)
        thread = threading.Thread(target=send)
        thread.start()
        try:
            beside, calls = slowest_call(system, broker, 6)
        finally:
            over.set()
            thread.join()
            close([flooder])
        most = max(200, 5 * alone)  # the flooder, the transport and the broker share the cores with the caller
        system.line(f"small calls beside messages of {size >> 20} MiB of one-way calls",
                    f"slowest {beside:.0f} ms of {calls}, alone {alone:.0f} ms", f"within {most:.0f} ms",
                    beside <= most)
    wait_until(lambda: statistics(system, broker)["now"]["unread_bytes"] == 0, 60, "the end of what was sent")
    mib = broker.resident_bytes() // MIB
    system.line("the broker's memory after it", f"{mib} MiB", "below 200 MiB", mib < 200)


def hello_of(role, name, payload=b"", **fields):
    magic = int.from_bytes(b"gate/2\r\n", "little")
    return envelope(1, magic, payload=payload, versions=struct.pack("<HH", 1, 1), role=bytes([role]), name=name,
                    **fields)


def worker_hello(method):
    """The hello of a worker of `crowded` with one method that no other worker has."""
    about = msgpack.packb({"methods": [{"name": method}]})
    return hello_of(2, b"joiner", about, service=b"crowded", capacity=struct.pack("<I", 1))


# 100,000 calls wait at a service, while workers with methods of their own come and go. Each of them changes the set of
# workers for some calls.
def hello_storms(system):
    broker = system.broker()
    test_worker(system, broker)
    first = dealer(broker.backend)
    first.send(worker_hello("m"))
    first.recv()
    client = dealer(broker.frontend)
    client.send(hello_of(1, b"flooder"))
    client.recv()
    for start in range(1, 100_001, 1000):
        client.send(b"".join(envelope(3, start + i, 0, b"\x90", service=b"crowded", method=b"m") for i in range(1000)))
    heartbeat, over = envelope(9), threading.Event()

    def stay():
        while not over.wait(0.5):
            first.send(heartbeat)
            client.send(heartbeat)

    def many_in_one(number, ended):
        while not ended.is_set():
            joiner = dealer(broker.backend)
            joiner.send(b"".join(worker_hello(f"new{number}.{i}") for i in range(100)))
            joiner.poll(1000)
            close([joiner])

    def one_each(number, ended):
        for i in range(1_000_000):
            if ended.is_set():
                return
            joiner = dealer(broker.backend)
            joiner.send(worker_hello(f"own{number}.{i}"))
            joiner.poll(200)
            close([joiner])

    keeper = threading.Thread(target=stay)
    keeper.start()
    try:
        wait_until(lambda: statistics(system, broker)["now"]["queued"] > 90_000, 30, "the calls that wait")
        for what, storm in (("a hundred hellos in each message", many_in_one), ("one hello a connection", one_each)):
            ended = threading.Event()
            threads = [threading.Thread(target=storm, args=(n, ended)) for n in range(4)]
            for thread in threads:
                thread.start()
            try:
                slowest, count = slowest_call(system, broker, 6)
            finally:
                ended.set()
                for thread in threads:
                    thread.join()
            system.line(f"small calls beside workers that come and go: {what}", f"slowest {slowest:.0f} ms of {count}",
                        "within 200 ms", slowest <= 200)
    finally:
        over.set()
        keeper.join()
        close([first, client])


POINTS = {
    "hello-storms": ("who says hello again and again holds up nobody else", hello_storms),
    "dense-messages": ("messages of millions of envelopes hold up nobody else", dense_messages),
    "out-queues": ("what waits for all peers together is bounded, and memory comes back", out_queues),
    "honest-reader": ("who reads outlives those who do not", honest_reader),
    "bad-logins": ("one bad login holds up nobody else", bad_logins),
    "login-flood": ("a flood of logins stops nobody else", flood_of_logins),
    "mdp-forms": ("MDP/0.2 as it is spoken", forms_of_mdp),
}
