"""The documents: their code blocks, and the programs that the guide quotes."""
import re
import subprocess
import sys
import time

PROGRAMS = {
    "calls": "each kind of call of the guide, against a worker in one process",
    "outside": "threads, futures, callbacks, an epoll program, a loop that watches an epoll descriptor",
    "asio": "a program around asio::io_context",
}
IN_PROCESS_MAX_MS = 100


def run(system, *words, seconds=120):
    return subprocess.run([str(word) for word in words], cwd=system.root, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)


def last_line(done):
    return (done.stdout.strip().splitlines() or ["nothing printed"])[-1]


def verdicts(system):
    """Runs the lint, and checks that it finds a block without a verdict."""
    done = run(system, sys.executable, "-B", "tests/lint/code_blocks.py")
    number = re.search(r"code blocks: (\d+) looked at: (\d+) found", done.stdout)
    system.line("28: code blocks without a verdict", f"{number[2]} of {number[1]}" if number else last_line(done), "0",
                done.returncode == 0)
    tested = run(system, sys.executable, "-B", "tests/lint/lint_self_test.py")
    system.line("28: planted blocks that the lint has to refuse", last_line(tested), "each", tested.returncode == 0)
    quoted = run(system, sys.executable, "-B", "scripts/readme-snippets", "--check")
    system.line("28: blocks that differ from the compiled file", last_line(quoted), "0 wrong", quoted.returncode == 0)


def sessions(system):
    """Runs the commands of README and docs/ with real processes."""
    runner = system.root / "tests" / "docs" / "blocks.py"
    for scenario in run(system, sys.executable, "-B", runner, "--list").stdout.split():
        if scenario == "five-minutes":
            continue  # it installs the whole build; the test docs.five-minutes does that
        done = run(system, sys.executable, "-B", runner, scenario, "--programs", system.programs)
        if done.returncode == 77:
            system.skip(f"28: {scenario}", "no Python with zmq and msgpack")
        else:
            system.line(f"28: {scenario}", last_line(done)[:58], "as the documents say", done.returncode == 0)


def guide(system):
    for name, what in PROGRAMS.items():
        if not system.program(f"guide-{name}").exists():
            system.skip(f"guide: {what}", "Asio is not installed")
            continue
        done = run(system, system.program(f"guide-{name}"))
        system.line(f"guide: {what}", f"exit {done.returncode}", "exit 0", done.returncode == 0)
    took = []
    for _ in range(5):
        begun = time.monotonic()
        done = run(system, system.program("guide-in_process"))
        took.append((time.monotonic() - begun) * 1000 if done.returncode == 0 else float("inf"))
    median = sorted(took)[2]
    system.line("guide: the test of a worker in one process", f"{median:.0f} ms (median of 5, the process too)",
                f"{IN_PROCESS_MAX_MS} ms", median <= IN_PROCESS_MAX_MS)


POINTS = {
    "document_blocks": ("each code block of the documents has a verdict", verdicts),
    "document_sessions": ("what the documents say to type works", sessions),
    "user_guide": ("what the user's guide shows works", guide),
}
