"""What a user's program costs to compile, with the precompiled header that the package offers and without it."""
import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).parent
FLAGS = ("-std=c++20", "-O0", "-DMSGPACK_NO_BOOST", "-DMSGPACK_DEFAULT_API_VERSION=3")
ROUNDS = 3
SECONDS_MAX = 4.5
PRECOMPILED_SECONDS_MAX = 2.5


def include_folders(root):
    found = subprocess.run(["git", "ls-files", "*/include/gate/*.hpp"], cwd=root, capture_output=True, text=True,
                           check=True).stdout.split()
    return [f"-I{root / path[:path.index('/gate/')]}" for path in found]


def processor_seconds(*command):
    """User and system time of one command."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = child.stdout.read().decode()
    _, status, used = os.wait4(child.pid, 0)
    child.stdout.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise ValueError(f"{command[-1]} did not compile: {said[:200]}")
    return used.ru_utime + used.ru_stime


def precompiled_headers(root, part):
    """What gate_precompile() of the package precompiles for that part."""
    text = (root / "cmake" / "gate-precompile.cmake").read_text()
    headers = [f"gate/{part}.hpp"] + (["gate/run_worker.hpp"] if part == "worker" else [])
    return headers + re.findall(r" <([a-z_]+)>", text[text.index("PRIVATE ${headers}"):].splitlines()[0])


def measure(system, part):
    source = HERE / f"forty_{part}.cc"
    flags = [*FLAGS, *dict.fromkeys(include_folders(system.root))]
    output = str(system.folder / "object.o")
    plain = min(processor_seconds("g++", *flags, "-c", "-o", output, str(source)) for _ in range(ROUNDS))
    header = system.file("precompiled.hpp",
                         "".join(f"#include <{name}>\n" for name in precompiled_headers(system.root, part)))
    processor_seconds("g++", *flags, "-x", "c++-header", "-o", f"{header}.gch", str(header))
    with_it = min(processor_seconds("g++", *flags, "-Winvalid-pch", "-Werror", "-include", str(header), "-c", "-o",
                                    output, str(source)) for _ in range(ROUNDS))
    what = f"a {part} of forty lines, -O0, processor time"
    system.line(what, f"{plain:.1f} s, the least of {ROUNDS}", f"{SECONDS_MAX} s", plain <= SECONDS_MAX)
    system.line("the same with gate_precompile()", f"{with_it:.1f} s, the least of {ROUNDS}",
                f"{PRECOMPILED_SECONDS_MAX} s", with_it <= PRECOMPILED_SECONDS_MAX)


def programs(system):
    for part in ("client", "worker"):
        measure(system, part)


POINTS = {"compile-time": ("What a user's program costs to compile", programs)}
