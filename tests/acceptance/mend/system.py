"""The brokers, workers and commands of one point, as real processes that end with it, and its lines of the report."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

ANY = "tcp://127.0.0.1:*"
PATIENCE = 20  # seconds; on an idle machine milliseconds are enough


class Failed(Exception):
    """The point cannot be checked. The text becomes a line with the verdict `short`."""


def wait_until(condition, seconds=PATIENCE, what="what was awaited"):
    """Calls condition() every 10 ms and returns its first true value. Raises Failed after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise Failed(f"{what} did not come within {seconds} s")
        time.sleep(0.01)


def as_from_a_terminal():
    """Sets SIGHUP and SIGINT to the default. nohup and a start in the background make programs ignore them."""
    for number in signal.SIGHUP, signal.SIGINT:
        signal.signal(number, signal.SIG_DFL)


class Process:
    """A program with its output in files, so that it never waits for a reader. stdin: bytes, a file, or None."""

    def __init__(self, folder, command, stdin=None, env=None, cwd=None, preexec=None, stderr=None):
        number = len(list(folder.iterdir()))
        self.command = [str(word) for word in command]
        self.before = preexec
        self.out, self.err = folder / f"{number}.out", folder / f"{number}.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.child = subprocess.Popen(
                self.command, stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=stderr or err, cwd=cwd,
                env={**os.environ, **(env or {})}, preexec_fn=self._begin)

    def _begin(self):
        as_from_a_terminal()
        if self.before:
            self.before()

    @property
    def pid(self):
        return self.child.pid

    def output(self):
        return self.out.read_text(errors="replace")

    def log(self):
        return self.err.read_text(errors="replace")

    def line_with(self, text, seconds=PATIENCE):
        """The first whole line of its output that contains the text."""
        def found():
            for line in self.output().splitlines(keepends=True):
                if text in line and line.endswith("\n"):
                    return line.rstrip("\n")
            if self.child.poll() is not None:
                raise Failed(f"{self.command[0]} ended with {self.child.returncode}: {self.log()[-300:]}")
            return None
        return wait_until(found, seconds, f"'{text}' of {pathlib.Path(self.command[0]).name}")

    def log_with(self, text, seconds=PATIENCE):
        """The first line of its log that contains the text."""
        return wait_until(lambda: next((line for line in self.log().splitlines() if text in line), None), seconds,
                          f"'{text}' in the log of {pathlib.Path(self.command[0]).name}")

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, seconds=PATIENCE):
        """Its exit status. For a signal it is negative, as in subprocess."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.command[0]} did not end within {seconds} s") from None

    def running(self):
        return self.child.poll() is None

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        return int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def peak_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def end(self):
        if self.running():
            self.signal(signal.SIGCONT)
            self.child.kill()
        self.child.wait()


def exit_of(process, seconds=20):
    try:
        return process.wait(seconds)
    except Failed:
        return "still there"


class Broker(Process):
    """A listening gate-broker. `frontend` and `backend` are its addresses."""

    frontend = backend = None

    def listen(self):
        words = dict(word.split("=", 1) for word in self.line_with("listening ").split()[1:3])
        self.frontend, self.backend = words["frontend"], words["backend"]
        return self


class System:
    """The processes and files of one point. Everything that it starts ends with it."""

    def __init__(self, table, programs, root):
        self.table, self.programs, self.root = table, pathlib.Path(programs), pathlib.Path(root)
        self.started = []

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gate-mend-"))
        self.outputs = self.folder / "output"
        self.outputs.mkdir()
        return self

    def __exit__(self, *_):
        for process in self.started:
            process.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Lines.

    def line(self, what, figure, bar, ok):
        self.table.line(what, str(figure), str(bar), "ok" if ok else "short")

    def skip(self, what, why):
        self.table.line(what, why, "-", "skipped")

    # Files and processes.

    def program(self, name):
        return self.programs / name

    def file(self, name, content, mode=0o600):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=mode)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def start(self, *command, of=Process, **more):
        process = of(self.outputs, command, **more)
        self.started.append(process)
        return process

    def broker(self, *flags, frontend=ANY, backend=ANY, config=None, **more):
        """Starts a broker and waits until it listens. `config` is the text of its configuration file."""
        if config is not None:
            flags = ("--config", self.file(f"broker-{len(self.started)}.toml", config), *flags)
        return self.start(self.program("gate-broker"), "--frontend", frontend, "--backend", backend, *flags, of=Broker,
                          **more).listen()

    def worker(self, broker, program="gate-test-worker", *flags, service=None, **more):
        """Starts a worker and waits until the broker lists one more worker of its service."""
        if service is None:
            words = list(map(str, flags))
            named = words[words.index("--service") + 1] if "--service" in words else None
            service = named or program.removeprefix("gate-").removesuffix("-worker").replace("-", "_")
            service = "test_worker" if service == "test" and named is None else service
        before = self.workers_of(broker, service)
        process = self.start(self.program(program), "--broker", broker.backend, *flags, **more)
        wait_until(lambda: self.workers_of(broker, service) > before, what=f"a worker of {service}")
        return process

    def workers_of(self, broker, service):
        done = self.gate(broker, "-o", "json", "workers", service)
        return len(json.loads(done.stdout)) if done.returncode == 0 else 0

    def gate(self, broker, *words, stdin=None, seconds=60, text=True, **more):
        """Runs the command `gate` to its end. `stdin`: bytes or text."""
        return subprocess.run([str(self.program("gate")), "--broker", broker.frontend, *map(str, words)], input=stdin,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=text, timeout=seconds, **more)
