"""Effects of a program on its process, and of other code in that process on the program."""
import fcntl
import json
import os
import pathlib
import resource
import signal
import subprocess
import time

from .system import as_from_a_terminal, exit_of, wait_until

F_SETPIPE_SZ = 1031
DEEP = ".".join(["a"] * 50_000) + " = 1\n"


# --- 12: TOML


def toml(system):
    plain = system.file("deep.toml", "log_level = 'info'\n" + DEEP)
    worker = system.file("worker.toml", "[worker]\n" + DEEP)
    cases = [
        ("broker, configuration", plain, ["gate-broker", "--config", plain], 2),
        ("broker, store", worker, ["gate-broker", "--auth", "plain", "--credentials", worker], 2),
        ("worker, configuration", worker, ["gate-test-rough-worker", "--config", worker], 2),
        ("worker, credentials", worker, ["gate-test-rough-worker", "--credentials", worker], 2),
        ("command, credentials", worker, ["gate", "--credentials", worker, "ping"], None),
        ("command, passwd", worker, ["gate", "passwd", "--stdin", worker, "alice"], None),
    ]
    for what, file, command, code in cases:
        done = subprocess.run([system.program(command[0]), *command[1:]], input="secret\n", capture_output=True,
                              text=True, timeout=30)
        named = f"{file}:2: " in done.stderr
        right = named and done.returncode > 0 and code in (None, done.returncode)
        system.line(f"12: a key of 50,000 parts, {what}", f"exit {done.returncode}, file and line {named}",
                    "refused by file and line", right)

    store = system.file("store.toml", "[principals.alice]\nroles = []\n")
    broker = system.broker("--auth", "plain", "--credentials", store)
    system.file("store.toml", "[principals.alice]\n" + DEEP)
    broker.signal(signal.SIGHUP)
    line = broker.log_with("store.toml:2: ")
    broker.signal(signal.SIGTERM)
    code = exit_of(broker)
    system.line("12: the store of a running broker", f"'{line[-60:]}', exit {code}", "told, the old one stays, exit 0",
                code == 0)


# --- 11: exceptions

KINDS = ["null", "bytes", "int", "pointer", "struct", "destructor", "memory", "long", "status", "nested"]


def ended_well(done):
    """True if a failed call gets its error, and its connection stays."""
    return done.returncode == 1 and "worker_lost" not in done.stderr and "unavailable" not in done.stderr


def exceptions(system):
    broker = system.broker()
    worker = system.worker(broker, "gate-test-rough-worker", service="rough")
    good = bad = 0
    wrong = []
    calls = [(m, argument, stream) for kind in KINDS for m, argument, stream in (
        ("plain", f'"{kind}"', False), ("here", f'"{kind}"', False), ("later", f'"{kind}"', False),
        ("items", f'"{kind}"', True), ("later_items", f'"{kind}"', True)) if (kind, m) not in {
            ("destructor", "later"), ("destructor", "items"), ("destructor", "later_items")}]
    for number in "1", "2", "3":
        calls += [("argument", number, False), ("later_argument", number, False), ("argument_items", number, True)]
    calls += [("result", None, False)] + [("end_thread", None, False)] * 10
    for method, argument, stream in calls:
        words = ["call", *(["--stream"] if stream else []), f"rough.{method}", *([argument] if argument else [])]
        done = system.gate(broker, "--timeout", "20s", *words, text=False)
        done.stderr = done.stderr.decode(errors="replace")
        # A destructor of an argument that throws after the result was sent is no failure of the call.
        if ended_well(done) or (argument == "1" and done.returncode == 0):
            good += 1
        else:
            bad += 1
            wrong.append(f"{method}({argument}): {done.returncode} {done.stderr.strip()[:80]}")
    still = system.gate(broker, "call", "rough.pid").stdout.strip() == str(worker.pid)
    system.line("11: exceptions of every kind and place", f"{good} calls failed as told, {bad} did not {wrong[:3]}",
                "all; the worker is the same", bad == 0 and still)
    for place, code in (("start", 1), ("stop", 1), ("constructor", 2)):
        other = system.start(system.program("gate-test-rough-worker"), "--broker", broker.backend, "--print-ready",
                             place)
        if place == "stop":
            other.line_with("READY")
            other.signal(signal.SIGTERM)
        ended = exit_of(other)
        said = (other.log().splitlines() or [""])[-1]
        system.line(f"11: an exception in {place}", f"exit {ended}: {said[-60:]}", f"exit {code}", ended == code)


# --- 4: the log


def full_pipe():
    """The two ends of a full pipe: the one to write to, and the one to read from."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    return reading, writing


def seconds_to_end(process, *signals):
    began = time.monotonic()
    for number in signals:
        process.signal(number)
    code = exit_of(process)
    return time.monotonic() - began, code


def log(system):
    for what, closed in (("a full pipe", False), ("a reader that left", True)):
        ends = [full_pipe(), full_pipe()]
        broker = system.broker("--log-level", "trace", stderr=ends[0][1])
        worker = system.worker(broker, "gate-test-rough-worker", "--log-level", "trace", service="rough",
                               stderr=ends[1][1])
        for reading, writing in ends:
            os.close(writing)
            if closed:
                os.close(reading)
        answers = [system.gate(broker, "call", "rough.pid").returncode for _ in range(5)]
        others = [system.start(system.program("gate-test-rough-worker"), "--broker", broker.backend) for _ in range(3)]
        for other in others:
            other.log_with("serving")
            other.end()
        seconds = [seconds_to_end(p, signal.SIGTERM) for p in (worker, broker)]
        system.line(f"4: the log goes into {what}",
                    f"{answers.count(0)} of 5 calls; worker, broker end in "
                    + ", ".join(f"{s:.2f} s ({code})" for s, code in seconds),
                    "5 of 5; 1 s each, exit 0", answers == [0] * 5 and all(s < 1 and c == 0 for s, c in seconds))
        for reading, _ in [] if closed else ends:
            os.close(reading)

    reading, writing = full_pipe()
    for what in "a full pipe", "a pipe without a reader":
        began = time.monotonic()
        done = subprocess.run([system.program("gate"), "--broker", "tcp://127.0.0.1:1", "--timeout", "200ms", "ping"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writing, timeout=30)
        took = time.monotonic() - began
        system.line(f"4: the command complains into {what}", f"exit {done.returncode} in {took:.2f} s",
                    "3 s, no signal", done.returncode > 0 and took < 3)
        if what == "a full pipe":
            os.close(reading)
    os.close(writing)


def examples(system):
    """The example clients have no signal handlers, and write to stdout and stderr themselves."""
    for what, closed in (("a full pipe", False), ("a pipe without a reader", True)):
        reading, writing = full_pipe()
        if closed:
            os.close(reading)
        client = system.start(system.program("calculator-client"), "tcp://127.0.0.1:1", stderr=writing)
        os.close(writing)
        if not closed:
            wait_until(lambda: "pipe_write" in pathlib.Path(f"/proc/{client.pid}/wchan").read_text(),
                       what="that the client waits for its reader")
            seconds, code = seconds_to_end(client, signal.SIGTERM)
            os.close(reading)
        else:
            began = time.monotonic()
            code = exit_of(client)
            seconds = time.monotonic() - began - 5  # it tries to connect for 5 s before it complains
        wanted = -signal.SIGPIPE if closed else -signal.SIGTERM
        system.line(f"4: an example complains into {what}", f"ended after {seconds:.2f} s ({code})",
                    "within a second, by SIGPIPE" if closed else "within a second, by SIGTERM",
                    seconds < 1 and code == wanted)


# --- 7, 8: signals


def blocked_and_ignored(status):
    """The signals in each line of a process's status. Without 32 and up: glibc's posix_spawn() ignores two of them."""
    lines = (line.split() for line in status.splitlines() if line.startswith(("SigBlk", "SigIgn")))
    return {name: f"{int(mask, 16) & 0x7FFFFFFF:x}" for name, mask in lines}


def signals(system):
    broker = system.broker()
    system.worker(broker, "gate-test-rough-worker", service="rough")
    wanted = blocked_and_ignored(subprocess.run(["cat", "/proc/self/status"], stdout=subprocess.PIPE, text=True,
                                                preexec_fn=as_from_a_terminal).stdout)
    for method in "piped", "later_piped", "spawned":
        text = json.loads(system.gate(broker, "-o", "json", "call", f"rough.{method}").stdout)
        found = blocked_and_ignored(text)
        system.line(f"7: a program that a method starts, {method}", str(found),
                    "as the worker was started", found == wanted)


def hangup(system):
    broker = system.broker()
    worker = system.worker(broker, "gate-test-rough-worker", service="rough")
    for name, process in (("broker", broker), ("worker", worker)):
        process.signal(signal.SIGHUP)
        line = process.log_with("SIGHUP")
        process.signal(signal.SIGHUP)
        done = system.gate(broker, "call", "rough.pid")
        system.line(f"8: SIGHUP, {name}", line[30:100], "a line, and it goes on",
                    process.running() and done.returncode == 0)
    told = system.broker(config="log_level = 'warn'\n")
    config = next(iter(system.folder.glob("broker-*.toml")))
    config.write_text("log_level = 'debug'\n")
    told.signal(signal.SIGHUP)
    line = told.log_with("read again")
    system.line("8: SIGHUP, a level of the log that changed", line[30:100], "in force", told.running())


# --- 14, 15, 6: a client of its own


def lines_of(system, *words, seconds=60):
    done = subprocess.run([system.program("gate-test-odd-client"), *map(str, words)], capture_output=True, text=True,
                          timeout=seconds)
    return done.returncode, [line for line in done.stdout.splitlines() if ": " in line]


def truncated(system):
    broker = system.broker()
    _, lines = lines_of(system, "truncated", broker.frontend, broker.backend)
    system.line("14: chunks whose end says no total", lines[0] if lines else "nothing", "data_loss",
                bool(lines) and "data_loss" in lines[0])


def durations(system):
    broker = system.broker()
    system.worker(broker, "gate-test-rough-worker", service="rough")
    code, lines = lines_of(system, "durations", broker.frontend)
    right = code == 0 and len(lines) == 5 and all(line.endswith(": ok") for line in lines)
    system.line("15: durations of max() and min()", "; ".join(lines), "all ok", right)


def fork(system):
    broker = system.broker()
    system.worker(broker, "gate-test-rough-worker", service="rough")
    system.worker(broker)
    for how in "fork", "fork-static":
        code, lines = lines_of(system, how, broker.frontend)
        said = dict(line.split(": ", 1) for line in lines)
        right = code == 0 and all(said.get(what) == "ok" for what in (
            "before", "child, all within 1 s", "child, its own", "child left by exit", "behind"))
        right = right and all("before fork()" in said.get(what, "") for what in (
            "child, inherited", "child, inherited stream", "child, inherited HugeData"))
        system.line(f"6: {how}", "; ".join(lines), "inherited: at once, why; its own: ok; exit", right)


# --- 13: memory


def memory(system):
    def little():
        resource.setrlimit(resource.RLIMIT_AS, (300_000_000, 300_000_000))

    broker = system.broker(config="drain_timeout = '0s'\nservice_grace = '10s'\n", preexec=little)
    code, lines = lines_of(system, "flood", broker.frontend, 400, 1 << 20, "nobody.take", seconds=120)
    alive = broker.running()
    ended = None if alive else broker.wait()
    said = broker.log().splitlines()[-1:] or [""]
    right = code == 0 and "assertion" not in broker.log() and (
        any(line.startswith("busy") for line in lines) if alive else ended == 1 and "out of memory" in said[0])
    system.line("13: 400 requests of 1 MiB, 300 MB of memory",
                f"{'; '.join(lines)}; broker {'runs' if alive else f'exit {ended}: {said[0][-60:]}'}",
                "busy, or out of memory and exit 1", right)


POINTS = {
    "toml": ("TOML files that nest too deeply are refused by file and line", toml),
    "exceptions": ("no exception of a user's code ends a process in another way than documented", exceptions),
    "log": ("a log that nobody reads neither stops nor kills a program", log),
    "examples": ("an example that waits for its reader ends at SIGTERM, and one without a reader ends", examples),
    "signals": ("programs that a method starts have the signals of the worker's own start", signals),
    "hangup": ("SIGHUP reads again what there is, and never kills", hangup),
    "truncated": ("an end without a total is no end of a huge answer", truncated),
    "durations": ("durations of any size saturate", durations),
    "fork": ("a child of fork() can make a client, and is not held up by its parent's", fork),
    "memory": ("without memory calls end as busy, or the broker says why and exits", memory),
}
