"""The command: what it sends, and what it says."""
import os
import subprocess
import threading

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
        _, status, usage = os.wait4(command.pid, 0)
        if pipe:
            cat.wait()
        same = subprocess.run(["cmp", "-s", str(source), str(root / f"huge-{pipe}")], timeout=60).returncode == 0
        peak = usage.ru_maxrss * 1024
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
    system.gate(broker, "call", "file_server.upload", "full", f"@{source}")
    for target in ("/dev/full", "-"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([str(system.program("gate")), "--broker", broker.frontend, "call",
                                   "file_server.download", "full", "--save", target], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        told = "No space left on device" in done.stderr
        system.line(f"3: --save {target} on a full disk", f"exit {done.returncode}, told: {told}", "exit 1, told",
                    done.returncode == 1 and told)


POINTS = {
    "uploads": ("what is uploaded is what is stored", uploads),
    "upload_memory": ("uploads in constant memory", memory),
    "upload_refused": ("what is no upload is refused before it begins", refused),
}
