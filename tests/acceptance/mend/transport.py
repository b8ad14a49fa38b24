"""Connections: their number, cost and addresses, and the messages if they cannot be made."""
import re
import resource
import signal
import socket
import subprocess
import threading
import time

from .system import wait_until

CLIENTS = 1000
TURNED = 150  # connections to a broker that has descriptors for a few


def limited(count):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def allow(process, count):
    hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (min(count, hard), hard))


def crowd(system, broker, count, how):
    process = system.start(system.program("gate-test-crowd"), broker.frontend, count, how, stdin=subprocess.PIPE)
    words = process.line_with("CONNECTED", 120).split()
    return process, int(words[1]), int(words[2])


def thousand(system):
    broker = system.broker()
    for how in ("loop", "threads"):
        one, _, few = crowd(system, broker, 10, how)
        one.end()
        process, answered, descriptors = crowd(system, broker, CLIENTS, how)
        each = (descriptors - few) / (CLIENTS - 10)
        system.line(f"5: {CLIENTS} clients in one process, {how}: answered", answered, CLIENTS, answered == CLIENTS)
        system.line(f"5: descriptors of a client with its connection, {how}", f"{each:.3f}", "<= 2", each <= 2)
        process.end()


def descriptors_away(system):
    broker = system.broker()
    worker = system.worker(broker, "gate-test-worker", "--service", "test")
    client, _, _ = crowd(system, broker, 3, "threads")
    for process in (worker, client):
        allow(process, 3)  # no more than are open now
    broker.signal(signal.SIGKILL)
    broker.wait()
    again = system.broker(frontend=broker.frontend, backend=broker.backend)
    worker.log_with("trying again")
    on = worker.running() and client.running()
    system.line("5: no descriptor while a broker restarts: worker and clients go on", on, True, on)
    for process in (worker, client):
        allow(process, 1024)
    wait_until(lambda: " 0/" in system.gate(again, "workers", "test").stdout, what="the worker")
    client.child.stdin.write(b"\n")
    client.child.stdin.flush()
    called = int(client.line_with("CALLED").split()[1])
    system.line("5: calls answered when there are descriptors again", called, 3, called == 3)


def strangers(broker, count):
    """Connections that send nothing."""
    held = []
    for _ in range(count):
        if broker.frontend.startswith("ipc://"):
            one, target = socket.socket(socket.AF_UNIX), broker.frontend.removeprefix("ipc://")
        else:
            host, port = broker.frontend.removeprefix("tcp://").rsplit(":", 1)
            one, target = socket.socket(), (host, int(port))
        one.settimeout(2)
        try:
            one.connect(target)
        except OSError:
            pass
        held.append(one)
    return held


def descriptors_out(system):
    for front in ("tcp://127.0.0.1:*", f"ipc://{system.folder}/front"):
        kind = front[:3]
        broker = system.broker(frontend=front, preexec=limited(64))
        peers = int(re.search(r"peers_max is (\d+)", broker.log_with("peers_max is")).group(1))
        system.line(f"19: peers_max in force, told by the log, {kind}", peers, "1 to 63", 0 < peers < 64)
        before, begun = broker.cpu_seconds(), time.monotonic()
        held = strangers(broker, TURNED)
        wait_until(lambda: time.monotonic() - begun >= 3, what="the end of three seconds")
        used, lines = broker.cpu_seconds() - before, len(broker.log().splitlines())
        system.line(f"19: 64 descriptors, {TURNED} connections by {kind}: CPU seconds in 3 s", f"{used:.2f}", "< 0.5",
                    broker.running() and used < 0.5)
        system.line(f"19: lines logged, {kind}", lines, "< 40", lines < 40)
        for one in held:
            one.close()
        wait_until(lambda: system.gate(broker, "ping").returncode == 0, what="a ping after they left")


def told_busy(system):
    broker = system.broker(preexec=limited(64))
    peers = int(re.search(r"peers_max is (\d+)", broker.log_with("peers_max is")).group(1))
    process, _, _ = crowd(system, broker, peers, "loop")
    late = system.gate(broker, "ping", "--timeout", "2s")
    said = "no room for another peer" in late.stderr
    system.line("19: who comes above peers_max is told", late.stderr.strip()[-110:], "no room for another peer", said)
    process.end()
    wait_until(lambda: system.gate(broker, "ping").returncode == 0, what="a ping after they left")


def ipv6(system):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        return system.skip("9: IPv6", str(error))
    six = system.broker(frontend="tcp://[::1]:*", backend="tcp://[::1]:*")
    system.worker(six, "gate-test-worker", "--service", "test")
    done = system.gate(six, "call", "test.echo", "7")
    system.line("9: broker, worker and command at [::1]: a call", done.stdout.strip() or done.stderr.strip()[-80:], 7,
                done.stdout.strip() == "7")
    four = system.broker()
    four.frontend = four.frontend.replace("127.0.0.1", "localhost")
    done = system.gate(four, "ping")
    system.line("9: localhost, and the broker at 127.0.0.1 alone: exit", done.returncode, 0, done.returncode == 0)
    both = system.broker("--insecure", frontend="tcp://[::]:*")
    port = both.frontend.rsplit(":", 1)[1]
    for host in ("[::1]", "127.0.0.1", "localhost"):
        both.frontend = f"tcp://{host}:{port}"
        done = system.gate(both, "ping")
        system.line(f"9: {host}, and the broker at [::]: exit", done.returncode, 0, done.returncode == 0)


def reasons(system):
    broker = system.broker()
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    nobody = "nobody answers there"
    cases = {
        "a host that does not resolve": ("tcp://no-such-host.invalid:1", "'no-such-host.invalid'"),
        "nobody listens": (f"tcp://127.0.0.1:{closed.getsockname()[1]}", nobody),
        "a path that is too long": ("ipc:///" + "x" * 200, "longer than the 107 bytes"),
        "no socket at a path": (f"ipc://{system.folder}/none", "there is no socket at that path"),
        "an address of a link without its interface": ("tcp://[fe80::1]:1", "needs the interface"),
    }
    for what, (address, text) in cases.items():
        broker.frontend = address
        said = system.gate(broker, "ping", "--timeout", "1s").stderr.strip()
        misleading = text.startswith("'") and "is it running" in said
        system.line(f"25: {what}", said[-90:], text, text in said and not misleading)


def draining(system):
    broker = system.broker()
    worker = system.worker(broker, "gate-test-worker", "--service", "test")
    threading.Thread(target=system.gate, args=(broker, "call", "test.sleep", "20000"), daemon=True).start()

    def busy():
        return " 1/" in system.gate(broker, "workers", "test").stdout

    wait_until(busy, what="the call that is in hand")
    broker.signal(signal.SIGTERM)
    broker.log_with("draining")
    told = worker.log_with("is draining")
    system.line("25: a worker tells that the broker drains", told[-80:], "is draining", True)
    said = system.gate(broker, "call", "test.echo", "1", "--timeout", "2s").stderr.strip()
    system.line("25: the command tells that the broker drains", said[-110:], "is draining",
                "is draining" in said and "running" not in said)


POINTS = {
    "thousand_clients": ("a thousand clients in a process", thousand),
    "descriptors_away": ("no descriptor while a broker restarts", descriptors_away),
    "descriptors_out": ("a broker without descriptors rests", descriptors_out),
    "told_busy": ("who finds no room is told", told_busy),
    "ipv6": ("IPv6 and IPv4, numbers and names", ipv6),
    "reasons": ("why a connection cannot be made", reasons),
    "draining": ("a broker that drains", draining),
}
