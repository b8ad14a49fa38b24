"""The compilers' messages about wrong programs, and values that travel."""
import re
import shutil
import subprocess
import sys

FLAGS = ("--flag=-DMSGPACK_DEFAULT_API_VERSION=3", "--flag=-DMSGPACK_NO_BOOST")


def include_folders(root):
    """The folders of the public headers, as arguments for check.py."""
    found = subprocess.run(["git", "ls-files", "*/include/gate/*.hpp"], cwd=root, capture_output=True, text=True,
                           check=True).stdout.split()
    folders = {path[:path.index("/gate/")] for path in found}
    return [word for folder in sorted(folders) for word in ("--include", folder)]


def judge(system, name):
    """Compiles the programs of one file of tests/compile. Returns their number, and the number of complaints."""
    compilers = [c for c in ("g++", "clang++-16") if shutil.which(c)]
    words = [w for c in compilers for w in ("--compiler", c)]
    done = subprocess.run(
        [sys.executable, "-B", "tests/compile/check.py", f"tests/compile/{name}.cc", *words,
         *include_folders(system.root), *FLAGS, "--work", str(system.folder / name)], cwd=system.root,
        capture_output=True, text=True, timeout=1500)
    said = re.search(r"(\d+) programs, (\d+) complaints", done.stdout)
    return f"{said[2]} of {said[1]}" if said else done.stderr[-60:], done.returncode == 0


def awaits(system):
    figure, ok = judge(system, "broken_await")
    system.line("2: awaits that g++ 12 breaks, and the sentence that refuses them", f"{figure} wrong", "0", ok)
    lint = [sys.executable, "-B", "tests/lint/await_forms.py"]
    bad = system.file("bad.cpp", "task<void> f() {\n  co_await put(order{1});\n}\n")
    good = system.file("good.cpp", "task<void> f() {\n  order o{1};\n  co_await put(o);\n}\n")
    codes = [subprocess.run([*lint, str(f)], cwd=system.root, capture_output=True).returncode
             for f in (good, bad, system.folder / "absent.cpp")]
    system.line("2: the lint on users' files: good, bad, absent", codes, "[0, 1, 2]", codes == [0, 1, 2])


def errors(system):
    for name, what in (("wrong_worker", "workers"), ("wrong_client", "callers")):
        figure, ok = judge(system, name)
        system.line(f"26: wrong {what}, a sentence of ours first, 40 lines", f"{figure} wrong", "0", ok)


def values(system):
    tests = {
        "10: 40 values of each type through Python's msgpack": "what Python's msgpack reads and writes again*",
        "10: times at the ends of their range": "times and durations at the ends of their range*",
        "10: numbers are taken exactly or refused": "a number is taken exactly or refused",
        "27: what does not fit is named by its path": "what does not fit inside a value is named by its path",
        "27: unknown and missing fields, when strict": "a field that is unknown or missing*",
        "29: nested 128 deep": "a value nested 128 deep*",
    }
    for line, test in tests.items():
        done = subprocess.run([system.program("gate_unit_wire"), test], capture_output=True, text=True, timeout=300)
        last = (done.stdout.strip().splitlines() or ["nothing printed"])[-1]
        system.line(line, last[:58], "passed", done.returncode == 0 and "passed" in last)


POINTS = {
    "awaits": ("What g++ 12 would break does not compile, and says why", awaits),
    "errors": ("Compiler errors begin with a sentence of ours", errors),
    "values": ("Values arrive as they were, or are refused by name", values),
}
