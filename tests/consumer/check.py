#!/usr/bin/env python3
"""Builds tests/consumer/project as a user would, and runs its worker and its client against a broker.

usage: check.py installed|subdirectory --source DIR --build DIR --work DIR [--cmake CMAKE] [--option NAME=VALUE]...

installed      installs the build into a prefix of its own, where the project finds the package
subdirectory   the project adds the source tree to its own build
"""
import argparse
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import threading

START_SECONDS = 60
LISTENING = re.compile(r"listening frontend=(\S+) backend=(\S+)")


def run(*command):
    result = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}\nexit status {result.returncode}")
    return result.stdout


class Process:
    """A child process whose output is read line by line. It never outlives the check."""

    def __init__(self, *command):
        self.name = pathlib.Path(command[0]).name
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.child = subprocess.Popen([str(c) for c in command], **pipes)
        self.output, self.lines = [], queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            self.output.append(line)
            self.lines.put(line)
        self.lines.put(None)

    def wait_for(self, pattern):
        while True:
            try:
                line = self.lines.get(timeout=START_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                sys.exit(f"{self.name} did not say {pattern.pattern}:\n{''.join(self.output)}")
            if match := pattern.search(line):
                return match

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.child.terminate()
        try:
            status = self.child.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            status = self.child.wait()
        if kind:
            print(f"--- {self.name}:\n{''.join(self.output)}")
        elif status:
            sys.exit(f"{self.name} ended with status {status} after SIGTERM:\n{''.join(self.output)}")


def build(arguments):
    """Returns the folder of the project's programs and the broker's program."""
    project = pathlib.Path(__file__).resolve().parent / "project"
    binary, prefix = arguments.work / "build", arguments.work / "prefix"
    if arguments.mode == "installed":
        shutil.rmtree(prefix, ignore_errors=True)
        run(arguments.cmake, "--install", arguments.build, "--prefix", prefix)
        where = [f"-DCMAKE_PREFIX_PATH={prefix}"]
        broker = prefix / "bin" / "gate-broker"
    else:
        where = [f"-DGATE_SOURCE={arguments.source}"]
        broker = binary / "gate" / "broker" / "gate-broker"
    shutil.rmtree(binary, ignore_errors=True)
    options = [f"-D{option}" for option in arguments.option]
    run(arguments.cmake, "-G", "Ninja", "-S", project, "-B", binary, *options, *where)
    targets = ["consumer_worker", "consumer_client", "consumer_broker"]
    if arguments.mode == "subdirectory":
        targets.append("gate_broker_program")
    run(arguments.cmake, "--build", binary, "--target", *targets)
    return binary, broker


def check_lint(arguments):
    """The installed lint checks files of another project."""
    if arguments.mode != "installed":
        return
    lint = arguments.work / "prefix" / "bin" / "gate-lint-awaits"
    folder = arguments.work / "linted"
    folder.mkdir(parents=True, exist_ok=True)
    good, bad = folder / "good.cpp", folder / "bad.cc"
    good.write_text("task<void> f() {\n  order o{1};\n  co_await put(o);\n}\n")
    bad.write_text("task<void> f() {\n  co_await put(order{1});\n}\n")
    absent = folder / "absent.cpp"
    for wanted, names in ((0, [good]), (1, [bad]), (1, [folder]), (2, [absent]), (2, []), (0, ["--help"])):
        result = subprocess.run([str(lint), *map(str, names)], capture_output=True, text=True)
        said = result.stdout + result.stderr
        if result.returncode != wanted or (wanted == 1 and f"{bad}:2: braces" not in said):
            sys.exit(f"gate-lint-awaits {names}: status {result.returncode}, not {wanted}:\n{said}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["installed", "subdirectory"])
    for name in ("--source", "--build", "--work"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--cmake", default="cmake")
    parser.add_argument("--option", action="append", default=[])
    arguments = parser.parse_args()

    binary, broker_program = build(arguments)
    check_lint(arguments)
    any_port = "tcp://127.0.0.1:*"
    with Process(broker_program, "--frontend", any_port, "--backend", any_port) as broker:
        frontend, backend = broker.wait_for(LISTENING).groups()
        # The client need not wait for the worker: a broker that has just started gives a service time to appear.
        with Process(binary / "consumer_worker", "--broker", backend):
            answer = run("timeout", START_SECONDS, binary / "consumer_client", frontend).strip()
    if answer != "5":
        sys.exit(f"2 + 3 is {answer!r} by this calculator")
    print(f"{arguments.mode}: built, called, answered {answer}; broker {run(binary / 'consumer_broker').strip()}")


if __name__ == "__main__":
    main()
