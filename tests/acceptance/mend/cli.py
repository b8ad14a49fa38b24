"""The command `gate`: its calls and its output."""
import json
import os
import subprocess
import threading
import time

from .system import wait_until

UPLOADS = {
    "quoted": b'"quoted"\n', "object": b'{"a": 1}', "number": b"5", "true": b"true", "empty": b"", "broken": b"[1, ",
    "nul": b"\0\0x\0", "binary": bytes(range(256)) * 40, "at": b"@x\n", "large": os.urandom(3_000_000),
}
HUGE_BYTES = 300_000_000
MEMORY_MAX = 64 << 20


def file_server(system):
    broker = system.broker()
    root = system.folder / "served"
    root.mkdir()
    system.worker(broker, "file-server-worker", root)
    return broker, root


def fifo(system, name, content):
    path = system.folder / name
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(content,), daemon=True).start()
    return path


def uploads(system):
    broker, root = file_server(system)
    wrong = []
    for name, content in UPLOADS.items():
        source = system.file(f"source-{name}", content)

        def check(how, *words, **more):
            target = f"{name}-{how}"
            done = system.gate(broker, "call", "file_server.upload", target, *words, text=False, **more)
            stored = root / target
            if done.returncode != 0 or not stored.exists() or stored.read_bytes() != content:
                wrong.append(target)

        check("pipe", "-", stdin=content)
        check("file", f"@{source}")
        check("named", f"content=@{source}")
        check("fifo", f"@{fifo(system, f'fifo-{name}', content)}")
        with open(source, "rb") as opened:
            done = subprocess.run([str(system.program("gate")), "--broker", broker.frontend, "call",
                                   "file_server.upload", f"{name}-stdin", "-"], stdin=opened, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=60)
        if done.returncode != 0 or (root / f"{name}-stdin").read_bytes() != content:
            wrong.append(f"{name}-stdin")
        saved = system.gate(broker, "call", "file_server.download", f"{name}-file", "--save", "-", text=False)
        if saved.returncode != 0 or saved.stdout != content:
            wrong.append(f"{name} saved to stdout")
    system.line("3: an upload stores the file's bytes, whatever they are", f"{len(wrong)} wrong {' '.join(wrong[:3])}",
                "0 wrong", not wrong)


def peak_bytes(process):
    """Its largest memory, measured until it ends. wait4() is of no use: its figure includes this program's memory."""
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as status:
                peak = max([peak] + [int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:")])
        except OSError:
            pass
        time.sleep(0.005)
    return peak


def memory(system):
    broker, root = file_server(system)
    source = system.folder / "huge"
    with open(source, "wb") as out:
        for _ in range(HUGE_BYTES // 1_000_000):
            out.write(os.urandom(1_000_000))
    for what, pipe in (("a file", False), ("a pipe", True)):
        words = [system.program("gate"), "--broker", broker.frontend, "call", "file_server.upload", f"huge-{pipe}"]
        if pipe:
            cat = subprocess.Popen(["cat", str(source)], stdout=subprocess.PIPE)
            command = subprocess.Popen([*map(str, words), "-"], stdin=cat.stdout, stdout=subprocess.DEVNULL)
            cat.stdout.close()
        else:
            command = subprocess.Popen([*map(str, words), f"@{source}"], stdout=subprocess.DEVNULL)
        peak = peak_bytes(command)
        status = command.wait()
        if pipe:
            cat.wait()
        same = subprocess.run(["cmp", "-s", str(source), str(root / f"huge-{pipe}")], timeout=60).returncode == 0
        system.line(f"3: 300 MB from {what}: peak of the command", f"{peak >> 20} MiB, status {status}",
                    f"{MEMORY_MAX >> 20} MiB, and the same bytes", status == 0 and same and peak <= MEMORY_MAX)


def refused(system):
    broker, root = file_server(system)
    cases = {
        "a file that is not there": ["x", "@/no/such/file"],
        "a folder": ["x", f"@{system.folder}"],
        "standard input twice": ["-", "-"],
        "{ that is no JSON": ["x", "{a"],
        "[ that is no JSON": ["x", "content=[1,"],
    }
    for what, words in cases.items():
        done = system.gate(broker, "call", "file_server.upload", *words, stdin="")
        left = list(root.iterdir())
        system.line(f"3: {what} is told before anything is sent", f"exit {done.returncode}, {len(left)} stored",
                    "exit 2, 0 stored", done.returncode == 2 and not left and bool(done.stderr))
    source = system.file("full", b"x" * 200_000)
    done = system.gate(broker, "call", "file_server.upload", "typed", source)
    system.line("3: a path without @ for a HugeData is pointed out", done.stderr.strip(), f"write @{source}",
                done.returncode == 0 and f"write @{source}" in done.stderr)
    system.gate(broker, "call", "file_server.upload", "full", f"@{source}")
    for target in ("/dev/full", "-"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([str(system.program("gate")), "--broker", broker.frontend, "call",
                                   "file_server.download", "full", "--save", target], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        told = "No space left on device" in done.stderr
        system.line(f"3: --save {target} on a full disk", f"exit {done.returncode}, told: {told}", "exit 1, told",
                    done.returncode == 1 and told)


def python_peers(system, script, *words):
    """A gate-rpc peer of tests/support. None without a Python that has zmq and msgpack."""
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import zmq, msgpack"], stderr=subprocess.DEVNULL).returncode != 0:
        return None
    return system.start(python, system.root / "tests" / "support" / script, *words)


def workers(system, broker, service):
    return json.loads(system.gate(broker, "workers", service, "-o", "json").stdout)


def listings(system):
    broker = system.broker()
    system.worker(broker, "gate-test-worker", "--service", "prod/billing", service="prod/billing")
    names = [worker["service"] for worker in workers(system, broker, "prod/billing")]
    system.line("16: a namespace is listed once", names, "['prod/billing']", names == ["prod/billing"])
    if not python_peers(system, "gaterpc_worker.py", broker.backend, "py"):
        system.skip("29: a worker of gate-rpc", "no Python with zmq and msgpack")
        return
    wait_until(lambda: workers(system, broker, "py"), what="the Python worker")
    row = system.gate(broker, "workers", "py").stdout.splitlines()[-1]
    system.line("29: a nameless worker has a name, dialect and address", " ".join(row.split()), "py NAME ... gate-rpc",
                row.split()[0] == "py" and row.split()[1] != "ready" and "gate-rpc" in row and "127.0.0.1" in row)
    shown = system.gate(broker, "describe", "py").stdout
    system.line("29: describe prints what has no annotation", "-> at an end" if "->" in shown else "add()", "add()",
                "add()" in shown and "->" not in shown)
    ours, python = (system.gate(broker, "call", f"{service}.count", 3) for service in ("prod/billing", "py"))
    words = "answers with a stream: call it with .stream<T>() (add --stream)"
    system.line("29: a stream without --stream", python.stderr.strip(), words,
                python.stderr.strip().endswith(words) and ours.stderr.strip().endswith(words))
    thrown = system.gate(broker, "call", "py.boom", "no").stderr.strip()
    system.line("29: an exception's class is said once", thrown, "once", thrown.count("ValueError") == 1)


def foreign_broker(system):
    addresses = [f"ipc://{system.folder}/{end}" for end in ("front", "back")]
    broker = python_peers(system, "gaterpc_broker.py", "--frontend", addresses[0], "--backend", addresses[1])
    if not broker:
        system.skip("29: under a gate-rpc broker", "no Python with zmq and msgpack")
        return
    root = system.folder / "served"
    root.mkdir()
    flags = ("--dialect", "gate-rpc", "--broker")
    system.start(system.program("file-server-worker"), *flags, addresses[1], root)

    def gate(*words):
        return subprocess.run([system.program("gate"), *flags, addresses[0], *words], capture_output=True, text=True,
                              timeout=60)

    def listed():
        return "file_server" in gate("services").stdout
    wait_until(listed, what="the worker under a gate-rpc broker")
    asked = ((["services"], "serves the files below"), (["describe", "file_server"], "stat(path: string)"),
             (["workers", "file_server"], "file_server"), (["ping"], "is up"))
    for words, expected in asked:
        done = gate(*words)
        system.line(f"29: gate {words[0]} --dialect gate-rpc", f"exit {done.returncode}", f"0, with '{expected}'",
                    done.returncode == 0 and expected in done.stdout)
    source = system.file("q.txt", b'"quoted"\n')
    client = [system.program("file-server-client"), "--broker", addresses[0], "--dialect", "gate-rpc"]
    done = subprocess.run([*client, "put", source], capture_output=True, text=True, timeout=60)
    same = (root / "q.txt").exists() and (root / "q.txt").read_bytes() == source.read_bytes()
    system.line("29: file-server-client --dialect gate-rpc", f"exit {done.returncode}, same bytes: {same}",
                "0, the same bytes", done.returncode == 0 and same)


# Programs that do not exist are skipped, as in a build without tests, or without Google Benchmark.
PROGRAMS = ["gate", "gate-broker", "hello-client", "hello-worker", "calculator-client", "calculator-worker",
            "log-search-client", "log-search-worker", "log-search-many-clients", "file-server-client",
            "file-server-worker", "pipeline-worker", "blocking-client", "custom-broker", "gate-bench-client",
            "gate-bench-worker", "gate-bench-huge", "gate-test-worker"]
SCRIPTS = ["scripts/acceptance", "scripts/fuzz", "scripts/install-dependencies", "scripts/lint", "scripts/quickstart",
           "scripts/readme-snippets", "scripts/test", "examples/python/client.py", "examples/python/worker.py"]


def helps(system):
    commands = [system.program(name) for name in PROGRAMS if system.program(name).exists()]
    commands += [system.root / script for script in SCRIPTS]
    wrong = []
    for command in commands:
        done = subprocess.run([str(command), "--help"], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0 or not done.stdout.strip():
            wrong.append(command.name)
    system.line("31: --help of each program exits 0", f"{len(commands)} asked, wrong: {wrong}", "none wrong", not wrong)
    gate = str(system.program("gate"))
    pairs = [subprocess.run([gate, *words], capture_output=True, text=True) for words in
             (["help", "call"], ["call", "--help"])]
    system.line("31: gate help call", f"exit {pairs[0].returncode}", "0, as gate call --help",
                pairs[0].returncode == 0 and sorted(pairs[0].stdout.split()) == sorted(pairs[1].stdout.split()))
    flags = subprocess.run([str(system.program("gate-test-worker")), "--help"], capture_output=True, text=True).stdout
    shown = next(line for line in flags.splitlines() if "--huge-bytes-max" in line)
    system.line("31: the default of --huge-bytes-max", shown.split()[1:3], "readable", "8EiB" in shown)
    missing = system.folder / "none" / "key"
    done = subprocess.run([gate, "keygen", str(missing)], capture_output=True, text=True)
    system.line("31: keygen into a missing folder", f"exit {done.returncode}: {done.stderr.strip()[:60]}",
                "2, and what to do", done.returncode == 2 and "no folder" in done.stderr and "mkdir" in done.stderr)


def endings(system):
    broker = system.broker()
    system.worker(broker, "calculator-worker")
    done = system.gate(broker, "call", "calculator.add_slowly", 1, 2, "1e300")
    system.line("31: add_slowly for 1e300 seconds", done.stderr.strip(), "refused", "invalid_argument" in done.stderr)
    worker = system.worker(broker, "gate-test-worker", "--service", "test")

    def call():
        return system.start(system.program("gate"), "--broker", broker.frontend, "call", "test.sleep", "60000",
                            "--timeout", "100s")
    lost = call()
    wait_until(lambda: any(w["in_flight"] for w in workers(system, broker, "test")), what="the call at the worker")
    worker.end()
    lost.wait()
    said = lost.log().strip()
    system.line("31: worker_lost says once that it may have run", said, "once",
                said.count("may have been executed") == 1 and "may or may not" not in said)
    system.worker(broker, "gate-test-worker", "--service", "test")
    cut = call()
    wait_until(lambda: any(w["in_flight"] for w in workers(system, broker, "test")), what="the call at the worker")
    broker.end()
    cut.wait()
    said = cut.log().strip()
    system.line("31: a lost connection's reason stands there once", said, "once", said.count("is gone") == 1)


POINTS = {
    "listings": ("what the command shows of workers of all dialects", listings),
    "foreign_broker": ("the command under a gate-rpc broker", foreign_broker),
    "helps": ("the help of each program, and small things of the command", helps),
    "endings": ("what is said when a worker or a broker is lost", endings),
    "uploads": ("what is uploaded is what is stored", uploads),
    "upload_memory": ("uploads in constant memory", memory),
    "upload_refused": ("what is no upload is refused before it begins", refused),
}
