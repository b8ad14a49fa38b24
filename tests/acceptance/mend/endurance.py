"""Events that a process must survive, and its messages if it cannot."""
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

from .bounds import envelope
from .system import exit_of, wait_until

MIB = 1 << 20


# --- a peer that floods, pings, and resets its connection


def zmtp_frame(body):
    return (b"\2" + struct.pack(">Q", len(body)) if len(body) > 255 else bytes([0, len(body)])) + body


def zmtp_command(name, body):
    text = bytes([len(name)]) + name + body
    return bytes([4, len(text)]) + text


def zmtp_property(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def flood_and_reset(address):
    """Sends for a second as fast as it can. Each message is work for the broker, so libzmq pauses reading."""
    magic = int.from_bytes(b"gate/2\r\n", "little")
    hello = envelope(1, magic, versions=struct.pack("<HH", 1, 1), role=b"\1", name=b"x")
    batch = b"".join(envelope(3, 10 + i, 0, b"\x90", service=b"gate", method=b"services") for i in range(60))
    flood = (zmtp_frame(batch) + zmtp_command(b"PING", b"\0\0")) * 1000
    host, port = address.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port))) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.settimeout(1)
        try:
            peer.sendall((b"\xff" + bytes(7) + b"\x01\x7f\x03\0NULL").ljust(64, b"\0"))
            peer.recv(64, socket.MSG_WAITALL)
            peer.sendall(zmtp_command(b"READY", zmtp_property(b"Socket-Type", b"DEALER")
                                      + zmtp_property(b"Identity", b"")))
            peer.sendall(zmtp_frame(hello))
            while True:
                peer.sendall(flood)
        except OSError:
            pass


def resets(system):
    broker = system.broker()
    rounds = 0
    while rounds < 5 and broker.running():
        peers = [threading.Thread(target=flood_and_reset, args=(broker.frontend,)) for _ in range(6)]
        for peer in peers:
            peer.start()
        for peer in peers:
            peer.join()
        rounds += 1
    answered = broker.running() and system.gate(broker, "ping").returncode == 0
    last = (broker.log().splitlines() or [""])[-1]
    system.line("30 peers flood, ping and reset", f"{rounds} rounds; {'answers' if answered else last[:80]}",
                "the broker answers", answered)


# --- memory


def allow(process, more):
    """From now on the process can get only that many more bytes of memory."""
    pages = int(pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[0])
    bytes_max = pages * resource.getpagesize() + more
    resource.prlimit(process.pid, resource.RLIMIT_AS, (bytes_max, bytes_max))


def flood(system, broker, *words):
    done = subprocess.run([system.program("gate-test-odd-client"), "flood", broker.frontend, *map(str, words)],
                          capture_output=True, text=True, timeout=120)
    return done.returncode, [line for line in done.stdout.splitlines() if ": " in line]


def shortage(system):
    for what in "broker", "worker":
        broker = system.broker()
        worker = system.worker(broker, service="test_worker")
        victim, name = (broker, "gate-broker") if what == "broker" else (worker, "gate-test-worker")
        allow(victim, 0)
        code, _ = flood(system, broker, 3000, 200, "test_worker.echo")
        ended = exit_of(victim, 10)
        last = (victim.log().splitlines() or [""])[-1]
        system.line(f"13: a {what} that gets no memory, 3,000 calls", f"exit {ended}: {last}",
                    f"exit 1: {name}: out of memory; the client ends", ended == 1 and code == 0
                    and last == f"{name}: out of memory")

    broker = system.broker(config="service_grace = '2s'\n")
    allow(broker, 5 * MIB)
    code, lines = flood(system, broker, 100, MIB, "nobody.take")
    right = code == 0 and broker.running() and bool(lines) and all(
        line.startswith(("busy, the broker has no memory", "unavailable, service 'nobody' has no worker"))
        for line in lines)
    system.line("13: a broker with 5 MiB left, 100 calls of 1 MiB", "; ".join(lines), "busy; none is cut", right)

    broker = system.broker()
    system.worker(broker, service="test_worker")
    done = subprocess.run([system.program("gate-test-odd-client"), "flood", broker.frontend, "3000", "200",
                           "test_worker.echo"], capture_output=True, text=True, timeout=120,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (200_000_000, 200_000_000)))
    system.line("13: a client with little memory", f"exit {done.returncode}: {done.stdout.strip()[-80:]}",
                "no signal", done.returncode in (0, 1) and "terminate" not in done.stderr)


# --- SIGHUP


def ignore_hangup():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def nohup(system):
    broker = system.broker(preexec=ignore_hangup)
    worker = system.worker(broker, "gate-test-rough-worker", service="rough", preexec=ignore_hangup)
    for name, process in (("broker", broker), ("worker", worker)):
        process.signal(signal.SIGHUP)
        answered = system.gate(broker, "call", "rough.pid").returncode == 0
        system.line(f"7: SIGHUP to a {name} under nohup", "ignored" if "SIGHUP" not in process.log() else "handled",
                    "ignored, and it goes on", answered and process.running() and "SIGHUP" not in process.log())
    text = system.gate(broker, "-o", "json", "call", "rough.piped").stdout
    mask = next(int(line.split(":")[1], 16) for line in text.replace("\\n", "\n").replace("\\t", " ").split("\n")
                if line.lstrip('"').startswith("SigIgn"))
    system.line("7: what its method starts", f"SigIgn {mask & 0x7FFFFFFF:x}", "SIGHUP is ignored", mask & 1 == 1)


def reread(system):
    store = system.file("users.toml", "")
    keys = {name: system.folder / f"{name}.key" for name in ("broker", "new", "worker", "worker-new")}

    def keygen(name, *more):
        return subprocess.run([system.program("gate"), "keygen", keys[name], *more], capture_output=True, text=True,
                              check=True).stdout

    server_key = next(word.strip('"') for word in keygen("broker").split() if len(word.strip('"')) == 40)
    keygen("worker", "--store", store, "--user", "w")
    store.write_text(store.read_text() + 'roles = ["r"]\n[roles.r]\noffer = ["*"]\ncall = ["*"]\noperate = true\n')
    mine = system.file("w.toml", f"key = \"worker.key\"\nserver_key = '{server_key}'\n")
    broker = system.broker("--auth", "curve", "--curve-key", keys["broker"], "--credentials", store)
    worker = system.start(system.program("gate-test-rough-worker"), "--broker", broker.backend, "--credentials", mine)
    worker.log_with("serving")
    worker.signal(signal.SIGHUP)
    line = worker.log_with("read again: these credentials are used at the next connection")
    system.line("8: SIGHUP, a worker's credentials", line[30:110], "read again, and said so", True)
    keygen("new")
    keys["broker"].write_bytes(keys["new"].read_bytes())
    broker.signal(signal.SIGHUP)
    line = broker.log_with("has changed")
    system.line("8: SIGHUP, the broker's own key has changed", line[30:130], "a restart is needed, and said so",
                "until it is started again" in line and broker.running())


# --- messages for people


def draining(system):
    broker = system.broker(config="drain_timeout = '60s'\n")
    worker = system.worker(broker, service="test_worker")
    call = system.start(system.program("gate"), "--broker", broker.frontend, "--timeout", "60s",
                        "call", "test_worker.sleep", "60000")
    wait_until(lambda: any(line.startswith("test_worker ") and " 1/" in line
                           for line in system.gate(broker, "services").stdout.splitlines()),
               what="that the worker has its call")
    client = system.start(system.program("gate-test-odd-client"), "patient", broker.frontend)
    client.line_with("before: ok")
    broker.signal(signal.SIGTERM)
    broker.log_with("draining")
    done = system.gate(broker, "ping")
    system.line("25: the command, of a broker that drains", f"exit {done.returncode}: {done.stderr.strip()}",
                "is draining; not: is it running", "draining" in done.stderr and "running" not in done.stderr
                and done.returncode == 3)
    line = worker.log_with("draining")
    system.line("25: the worker, of a broker that drains", line[30:110], "is draining", "is draining" in line)
    line = client.line_with("after: ")
    system.line("25: the client, of a broker that drains", line, "is draining", "draining" in line
                and "running" not in line)
    call.end()


def reasons(system):
    broker = system.broker()
    worker = system.worker(broker, service="test_worker")
    broker.end()
    texts = ["is gone", "nobody answers there"]
    found = [worker.log_with(text) for text in texts]
    time.sleep(3)  # the attempts in this time log nothing new
    told = [line for line in worker.log().splitlines() if "no connection to the broker" in line]
    system.line("5: a worker tells each new reason for which it has no connection",
                f"{len(told)} lines: {found[0][-60:]}; {found[1][-60:]}", "each reason, once", len(told) == 2)


def mechanisms(system):
    store = system.file("users.toml", "[principals.a]\nroles = []\n")
    subprocess.run([system.program("gate"), "passwd", "--stdin", store, "a"], input="secret\n", text=True, check=True,
                   capture_output=True)
    key = system.folder / "broker.key"
    subprocess.run([system.program("gate"), "keygen", key], check=True, capture_output=True)
    plain = system.file("plain.toml", 'user = "a"\npassword = "secret"\n')
    brokers = {"none": system.broker(), "plain": system.broker("--auth", "plain", "--credentials", store),
               "curve": system.broker("--auth", "curve", "--curve-key", key, "--credentials", store)}
    cases = [("none", "plain", [], "credentials"), ("none", "curve", [], "CURVE"),
             ("plain", "curve", ["--credentials", plain], "CURVE"), ("plain", "none", ["--credentials", plain],
              "no credentials")]
    for mine, theirs, flags, wanted in cases:
        done = system.gate(brokers[theirs], *flags, "--timeout", "5s", "ping")
        text = done.stderr.strip()
        right = done.returncode != 0 and wanted.lower() in text.lower() and "running" not in text
        system.line(f"25: {mine} to a broker with {theirs}", f"exit {done.returncode}: {text[:150]}",
                    f"names {wanted}; not: is it running", right)


def checks(system):
    key, store = system.folder / "broker.key", system.file("users.toml", "[principals.a]\nroles = []\n")
    subprocess.run([system.program("gate"), "keygen", key], check=True, capture_output=True)
    opened = system.file("open.key", key.read_bytes(), mode=0o644)
    opened.chmod(0o644)
    guarded = ["--auth", "curve", "--credentials", store]
    anywhere = ["--frontend", "tcp://127.0.0.1:*", "--backend", "tcp://127.0.0.1:*"]
    cases = {
        "a path that is too long": ["--frontend", "ipc:///tmp/" + "x" * 120],
        "a port that is none": ["--frontend", "tcp://127.0.0.1:99999"],
        "an address of another machine": ["--insecure", "--frontend", "tcp://192.0.2.7:5000"],
        "a name for an address": ["--insecure", "--frontend", "tcp://example.invalid:5000"],
        "one address within the other": ["--insecure", "--frontend", "tcp://127.0.0.1:45673", "--backend",
                                         "tcp://*:45673"],
        "a folder that is missing": ["--frontend", f"ipc://{system.folder}/none/x"],
        "a file in the way": ["--frontend", f"ipc://{store}"],
        "an unknown key": ["--config", system.file("unknown.toml", "bogus = 1\n")],
        "a configuration that is missing": ["--config", system.folder / "none.toml"],
        "a key that is missing": [*guarded, *anywhere, "--curve-key", system.folder / "none.key"],
        "a key that others can read": [*guarded, *anywhere, "--curve-key", opened],
        "an audit log in no folder": [*anywhere, "--config", system.file(
            "audit.toml", f'audit_log = "{system.folder}/none/audit.log"\n')],
        "an audit log that is a folder": [*anywhere, "--config", system.file(
            "audit2.toml", f'audit_log = "{system.folder}"\n')],
    }
    missed = []
    for what, flags in cases.items():
        words = [str(word) for word in (system.program("gate-broker"), *flags)]
        checked = subprocess.run([*words, "--check-config"], capture_output=True, text=True, timeout=20)
        started = exit_of(system.start(*words), 10)
        if checked.returncode != 2 or started != 2:
            missed.append(f"{what}: check {checked.returncode}, start {started}")
    system.line("25: --check-config finds all that a start would", f"{len(cases) - len(missed)} of {len(cases)} "
                + "; ".join(missed), "each exits with 2, both ways", not missed)


POINTS = {
    "checks": ("--check-config finds all that a start would", checks),
    "resets": ("a peer that floods and resets its connection does not end the broker", resets),
    "shortage": ("without memory: busy, or out of memory and exit 1", shortage),
    "nohup": ("an ignored SIGHUP stays ignored, for what a method starts as well", nohup),
    "reread": ("SIGHUP reads credentials again, and says what only a restart changes", reread),
    "draining-hints": ("a broker that drains is told as that", draining),
    "new-reasons": ("a worker tells each new reason for which it has no connection", reasons),
    "mechanisms": ("a wrong mechanism is told as that", mechanisms),
}
