#!/usr/bin/env python3
"""Runs the blocks of README and docs/ that say <!-- runs: SCENARIO --> or <!-- file: SCENARIO NAME -->.

usage: blocks.py SCENARIO --programs DIR [--build DIR] [--compiler CXX] [--launcher L]
       blocks.py --list

Exit status 77: this machine lacks what the scenario needs.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lint"))

import code_blocks  # noqa: E402
import repository  # noqa: E402
from session import Failed, Session, wait_until  # noqa: E402

SCENARIOS = {}
SKIPPED = 77
TEXTS = "/usr/share/common-licenses"  # to be searched


def scenario(name):
    def add(function):
        SCENARIOS[name] = function
        return function

    return add


def blocks_of(name):
    """The scenario's blocks, in the order of the documents and within each of them."""
    found = []
    for document in code_blocks.documents(repository.files()):
        for block in code_blocks.find_blocks(repository.text(document))[0]:
            words = block.argument.split()
            if block.verdict in {"runs", "file"} and words[0] == name:
                found.append((f"{document}:{block.line}", block, words[1] if block.verdict == "file" else None))
    return found


def run_all(session, blocks):
    """Writes the files and runs the commands; says at which block something was not so."""
    for at, block, file in blocks:
        try:
            if file:
                session.write(file, block.body)
            else:
                session.run_block(block.body)
        except Failed as e:
            raise Failed(f"{at}: {e}") from None


def in_tree(session):
    """Commands name the programs and the examples as they lie in the tree."""
    session.place("build/release/bin/", f"{session.programs}/")
    session.place("examples/python/", f"{ROOT}/examples/python/")


def with_store(session):
    """/etc/gate of a document is a folder of the scenario's; so is a second one for the machine of a peer."""
    etc = session.folder / "etc"
    etc.mkdir(mode=0o700)
    session.place("/etc/gate", etc)


@scenario("services")
def services(session, blocks, _):
    session.start(["gate-broker"])
    session.start(["calculator-worker"])
    session.start(["log-search-worker", TEXTS])
    session.start(["log-search-worker", TEXTS])
    run_all(session, blocks)


@scenario("five-minutes")
def five_minutes(session, blocks, options):
    """As somebody who has only this page: install, write two files, build, run."""
    session.write("worker.cpp", (ROOT / "tests/consumer/project/worker.cpp").read_text())
    # The build is the one under test; it is installed from where it is.
    session.place("scripts/install-dependencies", ": packages are there")
    session.place("cmake --preset release && cmake --build --preset release", ": built already")
    session.place("build/release", options.build)
    session.place("~/gate/bin/gate-broker", "gate-broker")  # the same file; this name is waited for
    session.place("build/calculator ", "build/calculator-worker ")
    session.environment |= {"CXX": options.compiler, "CMAKE_CXX_COMPILER_LAUNCHER": options.launcher,
                            "CMAKE_GENERATOR": "Ninja"}
    for at, block, file in blocks:
        if not file and "build/calculator" in block.body:
            rows = block.body.split("\n")
            run_all(session, [(at, code_blocks.Block(block.line, "", rows[0] + "\n"), None)])
            build = session.folder / "build"
            (build / "calculator").rename(build / "calculator-worker")
            block = code_blocks.Block(block.line, "", "\n".join(rows[1:]))
        run_all(session, [(at, block, file)])
    if "5" not in session.printed["~/gate/bin/gate call calculator.add 2 3"]:
        raise Failed("2 + 3 is not 5")


@scenario("production")
def production(session, blocks, _):
    with_store(session)
    for at, block, file in blocks:
        first = code_blocks.Block(block.line, "", block.body.split("\n")[0] + "\n")
        run_all(session, [(at, first, None)])
        session.place("the broker's public key", next(iter(session.printed.values())).strip())
        rest = "\n".join(block.body.split("\n")[1:])
        run_all(session, [(at, code_blocks.Block(block.line, "", rest), file)])


@scenario("languages")
def languages(session, blocks, _):
    if subprocess.run(["/usr/bin/python3", "-c", "import msgpack, zmq"], stderr=subprocess.DEVNULL).returncode:
        sys.exit(SKIPPED)
    in_tree(session)
    session.start(["gate-broker"])
    session.start(["log-search-worker", TEXTS])
    run_all(session, blocks)


@scenario("performance")
def performance(session, blocks, _):
    in_tree(session)
    run_all(session, blocks)
    printed = "".join(session.printed.values())
    if "BEGIN" not in printed or "END" not in printed or '"errors": 0' not in printed.replace('":0', '": 0'):
        raise Failed(f"the client did not print what the document says:\n{printed}")


@scenario("limits")
def limits(session, blocks, _):
    """The broker takes the file, with a path of this scenario's in the place of one that only root could use."""
    session.place("/run/gate", session.folder)
    run_all(session, blocks)
    for _, _, name in blocks:
        session.step(f"gate-broker --check-config --config {name}", None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="?")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--programs", type=pathlib.Path)
    parser.add_argument("--build", default="")
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--launcher", default="")
    options = parser.parse_args()
    if options.list:
        print("\n".join(SCENARIOS))
        return 0
    if options.scenario not in SCENARIOS:
        parser.error(f"there is no scenario '{options.scenario}' (--list tells them)")
    blocks = blocks_of(options.scenario)
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="gate-docs-") as folder, Session(options.programs, ROOT, folder) as session:
        try:
            SCENARIOS[options.scenario](session, blocks, options)
        except Failed as e:
            print(e)
            return 1
    print(f"{options.scenario}: {len(blocks)} blocks are as the documents say")
    return 0


if __name__ == "__main__":
    sys.exit(main())
