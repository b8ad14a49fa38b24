"""Runs the commands of a document with the programs of a build, in a folder of its own, and compares what they print.

A block is a session, or a list of commands. In a session commands stand behind "$ ", and their output below them. "..."
in the output stands for any text, and runs of spaces count as one. The commands run as they are, with these exceptions:

    addresses      a broker listens on ports that the system chooses, which replace 5555 and 5556
    names          a scenario may replace a text by another (place); "the broker's public key" is replaced by the
                   output of gate keygen for a key without a user
    programs       a broker or a worker runs in the background until the scenario ends; its start is awaited
    cat FILE       with text below it writes that file, as a person does with an editor: "..." in a value keeps the
                   present text of the file
"""
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import time
import tomllib

PATIENCE = 60  # seconds; on an idle machine one is enough


class Failed(Exception):
    pass


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failed(f"{what} did not come within {PATIENCE} s")
        time.sleep(0.01)
    return value


def steps(body):
    """The pairs (command, output) of a block. In a list of commands the output is None."""
    is_session = any(row.startswith("$ ") for row in body.split("\n"))
    found, continued = [], False
    for row in body.rstrip("\n").split("\n"):
        if continued:
            found[-1][0] += "\n" + row
        elif is_session and row.startswith("$ "):
            found.append([row[2:], ""])
        elif is_session:
            if not found:
                raise Failed(f"a session begins with a command, not with: {row}")
            found[-1][1] += row + "\n"
            continue
        elif row.strip() and not row.lstrip().startswith("#"):
            found.append([row, None])
        else:
            continue
        continued = row.endswith("\\")
    return found


def says(printed, expected):
    """True if the output is the one that the document shows."""
    def squeezed(text):
        return "\n".join(" ".join(row.split()) for row in text.strip().split("\n"))

    pattern = ".*".join(re.escape(part) for part in squeezed(expected).split("..."))
    return re.fullmatch(pattern, squeezed(printed), re.S) is not None


def tables(text):
    """The tables of a TOML file as (header, text), in order. The first has the header ""."""
    found = [["", ""]]
    for row in text.split("\n"):
        if row.startswith("["):
            found.append([row.split("#")[0].strip(), ""])
        found[-1][1] += row + "\n"
    return found


def as_edited(shown, before):
    """The text of a TOML file after a person has written the shown tables into it. A value "..." stays as it was. In a
    list of two values it stands for the newest, which is the last."""
    merged = dict(tables(before))
    for header, text in tables(shown):
        where = tomllib.loads(before)
        for name in filter(None, re.sub(r"[\[\]]", "", header).split(".")):
            where = where.get(name, {})

        def value_of(m, where=where):
            if m.group(1) not in where:
                raise Failed(f"the document leaves out a value that the file does not have: {m.group()}")
            value = where[m.group(1)]
            return f'{m.group(1)} = "{value[-1] if isinstance(value, list) else value}"'

        text = re.sub(r'^([\w-]+) = "\.\.\."', value_of, text, flags=re.M)
        if header or text.strip():
            merged[header] = text
    return "".join(text.rstrip("\n") + "\n" for text in merged.values()).lstrip("\n")


class Session:
    def __init__(self, programs, folder):
        self.programs, self.folder = pathlib.Path(programs).resolve(), pathlib.Path(folder)
        self.places = []  # (text, its replacement)
        self.running = []  # (words, process, log), the newest last
        self.printed = {}  # the output of each command
        self.workers = set()  # programs that are workers although their names do not end with that word
        self.frontend = self.backend = None
        self.password = "a password to try"  # the answer if a program asks for a password
        home = self.folder / "home"
        home.mkdir()
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("GATE_")}
        self.environment |= {"PATH": f"{self.programs}:{os.environ['PATH']}", "HOME": str(home)}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for _, process, _ in self.running:
            process.kill()
            process.wait()

    def place(self, text, instead):
        """From now on replaces that text in commands and files by the other one."""
        self.places = [(t, i) for t, i in self.places if t != text] + [(text, str(instead))]

    def placed(self, text):
        for name, instead in self.places:
            text = text.replace(name, instead)
        return text

    def path(self, name):
        return pathlib.Path(self.folder, self.placed(name))

    def write(self, name, text, mode=0o600):
        path = self.path(name)
        path.write_text(self.placed(text))
        path.chmod(mode)
        return path

    # One block.

    def run_block(self, body):
        for command, expected in steps(body):
            self.step(command, expected)

    def step(self, command, expected=None):
        command, bare = self.placed(command), command
        words = shlex.split(command.replace("\\\n", " "), comments=True)
        if words[0].startswith("~/"):
            words[0] = self.environment["HOME"] + words[0][1:]
        if words[0] == "cat" and expected:
            name = bare.split("#")[0].split()[1]
            before = self.path(name).read_text() if self.path(name).exists() else ""
            self.write(name, as_edited(expected, before))
            return
        program = pathlib.Path(words[0]).name
        if words[-1] == "&" or self.is_broker(program) and "--check-config" not in words or self.is_worker(program):
            self.start([w for w in words if w != "&"])
        else:
            self.run(bare, command, words, expected)

    def run(self, name, command, words, expected):
        if words[:2] == ["gate", "passwd"] and "--stdin" not in words:
            code, printed = self.on_terminal(words, self.password + "\n")
            expected = None  # the output on a terminal is for people
        else:
            done = subprocess.run(["sh", "-c", command], cwd=self.folder, env=self.environment, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=600)
            code, printed = done.returncode, done.stdout
        self.printed[name] = printed
        if words[:2] == ["gate", "keygen"] and "--store" not in words:
            self.place("the broker's public key", printed.strip())
        told = expected is not None and re.match(r"[\w-]+: ", expected)  # the document shows an error
        if (code != 0) != bool(told):
            raise Failed(f"$ {command}\n{printed}exit status {code}")
        if expected and not says(printed, self.placed(expected)):
            raise Failed(f"$ {command}\n{printed}is not what the document shows:\n{expected}")

    def on_terminal(self, words, answer):
        """Runs a program that asks on the terminal. Answers each question with that text."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe(words[0], words, self.environment)
        seen, asked, end = b"", 0, time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                more = os.read(terminal, 4096)
            except OSError:  # the program has ended
                break
            if not more:
                break
            seen += more
            while seen.count(b": ") > asked:
                asked += 1
                os.write(terminal, answer.encode())
        else:
            os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode(errors="replace")

    # Brokers and workers.

    def start(self, words):
        program = pathlib.Path(words[0]).name
        if self.is_broker(program):
            words = self.with_addresses(words)
        elif self.is_worker(program):
            words += ["--print-ready"]
            if "--broker" not in words:
                words += ["--broker", self.backend]
        number = len(self.running)
        out, log = self.folder / f"{number}.out", self.folder / f"{number}.log"
        with open(out, "wb") as stdout, open(log, "wb") as stderr:
            found = shutil.which(words[0], path=self.environment["PATH"]) or words[0]
            process = subprocess.Popen([self.folder / found, *words[1:]], cwd=self.folder, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        self.running.append((words, process, log))

        def line(begin):
            rows = [r for r in out.read_text().split("\n")[:-1] if r.startswith(begin)]
            if not rows and process.poll() is not None:
                raise Failed(f"$ {shlex.join(words)}\n{log.read_text()}exit status {process.returncode}")
            return rows and rows[-1]

        if self.is_broker(program):
            listening = wait_until(lambda: line("listening"), "a broker that listens")
            self.listens(dict(word.split("=", 1) for word in listening.split()[1:3]))
        elif self.is_worker(program):
            wait_until(lambda: line("READY"), f"{program}, registered")
        return process

    def is_broker(self, program):
        return program.endswith("-broker")

    def is_worker(self, program):
        return program.endswith("-worker") or program in self.workers

    def with_addresses(self, words):
        """A broker's command with ports that the system chooses, or with its former ports."""
        for role, port in (("--frontend", "5555"), ("--backend", "5556")):
            now = (self.frontend, self.backend)[port == "5556"]
            if role not in words:
                words += [role, now or "tcp://127.0.0.1:*"]
        return [re.sub(r"(tcp://[^:]+):555[56]\b", r"\1:*", word) for word in words]

    def listens(self, at):
        for role, port in (("frontend", "5555"), ("backend", "5556")):
            number = re.search(r":(\d+)", at[role]).group(1)
            for host in ("127.0.0.1", "broker"):
                self.place(f"tcp://{host}:{port}", f"tcp://127.0.0.1:{number}")
            self.place(f"tcp://0.0.0.0:{port}", f"tcp://0.0.0.0:{number}")  # for a start on the same port later
            setattr(self, role, f"tcp://127.0.0.1:{number}")
        self.environment["GATE_BROKER"] = self.frontend

    def process_of(self, program):
        """The newest process of that program."""
        return next(p for words, p, _ in reversed(self.running) if pathlib.Path(words[0]).name == program)

    def reload(self):
        """Makes the broker read its store again now. By itself it would do so a second later."""
        process, log = next((p, log) for words, p, log in reversed(self.running) if "gate-broker" in words[0])

        def times():
            return log.read_text().count("credential store is in force")

        before = times()
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: times() > before, "the store, read again")

    def stop(self, program, signal_number=signal.SIGTERM):
        process = self.process_of(program)
        process.send_signal(signal_number)
        return process.wait(PATIENCE)
