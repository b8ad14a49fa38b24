#!/usr/bin/env python3
"""Compiles wrong programs and checks the compiler's messages.

usage: check.py FILE --compiler CXX... [--include FOLDER]... --work DIR [--flag FLAG]... [--only FAULT]...

FILE holds lines such as `#elif FAULT == TYPO  // no method 'divde'`. It is compiled once for each FAULT, with the
library's headers as a user has them (-I). The compiler must refuse it: the first error must contain the words of the
comment, and the messages may have at most LINES_MAX lines. FAULT == F_NONE must compile. If the first comment of a file
says "refused there, and nowhere else", clang must accept every FAULT.
"""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

LINES_MAX = 40
FAULT = re.compile(r"FAULT == (F_[A-Z_0-9]+)(?: *// *(.*))?")


def faults(text):
    """{name: the words that the first error must contain}."""
    found = {}
    for line in text.splitlines():
        m = FAULT.search(line)
        if m and line.startswith("#") and m.group(2):
            found[m.group(1)] = m.group(2)
        elif m and line.startswith("#"):
            found.setdefault(m.group(1), "")
    return found


def is_clang(compiler):
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=60).stdout
    return "clang" in version


def breaks_awaits(compiler):
    """True for g++ before 13."""
    version = subprocess.run([compiler, "-dumpversion"], capture_output=True, text=True, timeout=60).stdout
    return not is_clang(compiler) and int(version.split(".")[0]) < 13


def compile_headers(compiler, flags, headers, work):
    """Precompiles the includes of the file. Returns the flags to use them."""
    folder = work / re.sub(r"\W", "_", compiler)
    folder.mkdir(parents=True, exist_ok=True)
    header = folder / "all.hpp"
    header.write_text(headers)
    clang = is_clang(compiler)
    made = folder / ("all.hpp.pch" if clang else "all.hpp.gch")
    subprocess.run([compiler, *flags, "-x", "c++-header", header, "-o", made], check=True, timeout=600)
    return ["-include-pch", made] if clang else ["-include", header]


def judge(name, words, refused, result):
    lines = result.stderr.splitlines()
    if not refused:
        return [] if result.returncode == 0 else [f"{name}: does not compile", *lines[:20]]
    if result.returncode == 0:
        return [f"{name}: compiles, though it must be refused with: {words}"]
    first = next((line for line in lines if re.search(r"\berror: ", line)), "")
    wrong = []
    if words not in first:
        wrong.append(f"{name}: the first error is not ours: {first}")
    if len(lines) > LINES_MAX:
        wrong.append(f"{name}: {len(lines)} lines, {LINES_MAX} are allowed")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--compiler", action="append", required=True)
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--work", type=pathlib.Path, required=True)
    options = parser.parse_args()
    text = options.file.read_text()
    known = faults(text)
    only_there = "refused there, and nowhere else" in text
    wanted = ["F_NONE", *(n for n in known if n != "F_NONE")]
    if options.only:
        wanted = [n for n in wanted if n in options.only]
    numbers = [f"-D{name}={number}" for number, name in enumerate(["F_NONE", *(n for n in known if n != "F_NONE")])]
    flags = ["-std=c++20", *(f"-I{folder}" for folder in options.include), *options.flag]
    headers = "".join(line + "\n" for line in text.splitlines() if line.startswith("#include"))
    jobs = []
    for compiler in options.compiler:
        use = compile_headers(compiler, flags, headers, options.work)
        refuses = breaks_awaits(compiler) if only_there else True
        for name in wanted:
            command = [compiler, *use, *flags, *numbers, f"-DFAULT={name}", "-fsyntax-only", options.file]
            jobs.append((f"{compiler} {name}", known.get(name, ""), refuses and name != "F_NONE", command))
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        run = lambda c: subprocess.run([str(x) for x in c], capture_output=True, text=True, timeout=300)
        for job, result in zip(jobs, pool.map(run, [j[3] for j in jobs])):
            wrong += judge(job[0], job[1], job[2], result)
    print("\n".join(wrong))
    print(f"{options.file.name}: {len(jobs)} programs, {len(wrong)} complaints")
    return 1 if wrong or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
