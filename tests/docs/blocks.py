#!/usr/bin/env python3
"""Runs the blocks of README and docs/ that say <!-- runs: SCENARIO --> or <!-- file: SCENARIO NAME -->.

usage: blocks.py SCENARIO --programs DIR [--build DIR] [--compiler CXX]
       blocks.py --list

Exit status 77: this machine lacks what the scenario needs.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lint"))

import code_blocks  # noqa: E402
import repository  # noqa: E402
from session import PATIENCE, Failed, Session, steps  # noqa: E402

SCENARIOS = {}
SKIPPED = 77
TEXTS = "/usr/share/common-licenses"  # the folder that the examples search


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
    """Writes the files and runs the commands. A failure names its block."""
    for at, block, file in blocks:
        try:
            if file:
                session.write(file, block.body)
            else:
                session.run_block(block.body)
        except Failed as e:
            raise Failed(f"{at}: {e}") from None


def in_tree(session):
    """Replaces the paths of programs and examples in commands by those of this build."""
    session.place("build/release/bin/", f"{session.programs}/")
    session.place("examples/python/", f"{ROOT}/examples/python/")


def with_store(session):
    """Replaces /etc/gate by a folder of the scenario, and that of a peer's machine by a second one."""
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


@scenario("transfers")
def transfers(session, blocks, _):
    """Checks that the files of the uploaded docs.tar come back the same."""
    stored = session.folder / "stored"
    stored.mkdir()
    content = bytes(range(256)) * 512
    docs = session.folder / "docs"
    docs.mkdir()
    (docs / "table").write_bytes(content)
    (session.folder / "disk.img").write_bytes(content)
    session.start(["gate-broker"])
    session.start(["file-server-worker", str(stored)])
    for block in blocks:
        run_all(session, [block])
        if (docs / "table").read_bytes() != content:
            raise Failed(f"{block[0]}: what was unpacked is not what was packed")
    if (stored / "disk.img").read_bytes() != content:
        raise Failed("disk.img was not stored as it is")


@scenario("five-minutes")
def five_minutes(session, blocks, options):
    """Does what a reader of this page does: install, write two files, build, run."""
    session.write("worker.cpp", (ROOT / "tests/consumer/project/worker.cpp").read_text())
    presets = json.loads((ROOT / "CMakePresets.json").read_text())
    if any("install" not in [p["name"] for p in presets[kind]] for kind in ("configurePresets", "buildPresets")):
        raise Failed("there is no preset 'install'")
    # Installs the build under test, and builds nothing.
    session.place("scripts/install-dependencies", ": packages are there")
    session.place("cmake --preset install && cmake --build --preset install", ": built already")
    session.place("cmake --install build/install", f"cmake --install {options.build}")
    session.environment |= {"CXX": options.compiler, "CMAKE_GENERATOR": "Ninja"}
    session.workers.add("calculator")
    run_all(session, blocks)
    if session.printed["~/gate/bin/gate call calculator.add 2 3"] != "5\n":
        raise Failed("2 + 3 is not 5")


@scenario("production")
def production(session, blocks, _):
    with_store(session)
    run_all(session, blocks)


STORE = """[roles.caller]
call = ["calculator"]
[roles.calculator_worker]
offer = ["calculator"]
[principals.alice]
roles = ["caller"]
[principals.worker-7]
roles = ["calculator_worker"]
"""


def call(session, credentials, works=True):
    """Checks whether a call with this credentials file works, as expected."""
    command = f"gate --credentials {credentials} --timeout 10s call calculator.add 2 3"
    session.step(command, "5.0\n" if works else "gate: unauthenticated: ...")


def with_password(session, password, works=True):
    session.write("alice.toml", f'user = "alice"\npassword = "{password}"\n')
    call(session, "alice.toml", works)


def start_with_curve(session, clients="plain"):
    """A broker with one worker. By default clients log in with passwords, and workers with keys."""
    start_broker(session, clients)
    session.write("worker-7.toml", 'key = "worker-7.key"\nserver_key = "the broker\'s public key"\n')
    session.start(["calculator-worker", "--credentials", "worker-7.toml"])


def start_broker(session, clients="plain"):
    """Starts the broker again on its former ports."""
    frontend, backend = session.placed("tcp://0.0.0.0:5555"), session.placed("tcp://0.0.0.0:5556")
    session.start(["gate-broker", "--frontend", f"{frontend}?auth={clients}", "--backend", f"{backend}?auth=curve",
                   "--curve-key", session.placed("/etc/gate/broker.key"),
                   "--credentials", session.placed("/etc/gate/users.toml")])


def with_keys(session):
    with_store(session)
    session.write("/etc/gate/users.toml", STORE)
    session.step("gate keygen worker-7.key --store /etc/gate/users.toml --user worker-7")
    session.step("gate keygen /etc/gate/broker.key")


@scenario("security")
def security(session, blocks, _):
    """With the set-up of the page a worker logs in with its key, and a client with a password."""
    with_store(session)
    session.step("gate passwd hash.toml somebody")
    hashed = session.path("hash.toml").read_text().split('"')[1]
    session.place("$argon2id$v=19$m=19456,t=2,p=1$...", hashed)
    session.place('password = "..."', f'password = "{session.password}"')
    run_all(session, blocks)
    start_with_curve(session)
    session.step("gate services --credentials alice.toml")


@scenario("rotation-password")
def rotation_password(session, blocks, _):
    with_keys(session)
    session.password = "the old one"
    session.step("gate passwd /etc/gate/users.toml alice")
    start_with_curve(session)
    with_password(session, "the old one")
    session.password = "the new one"
    (_, block, _), = blocks
    first, second = steps(block.body)
    session.step(*first)
    session.reload()
    with_password(session, "the new one")
    with_password(session, "the old one")
    session.step(*second)
    session.reload()
    with_password(session, "the new one")
    with_password(session, "the old one", works=False)


@scenario("rotation-key")
def rotation_key(session, blocks, _):
    with_keys(session)
    session.step("gate passwd /etc/gate/users.toml alice")
    start_with_curve(session)
    session.step("cp worker-7.key worker-7.old.key")
    (_, block, _), = blocks
    new, move, take_out = steps(block.body)
    worker = ["calculator-worker", "--credentials", "worker-7.toml"]
    session.step(*new)
    session.reload()
    session.step(*move)
    session.start(worker)
    session.write("old.toml", 'key = "worker-7.old.key"\nserver_key = "the broker\'s public key"\n')
    session.start([*worker[:2], "old.toml"])  # both keys are accepted
    session.step(*take_out)
    session.reload()
    session.start(worker)
    with_password(session, session.password)
    try:
        session.start([*worker[:2], "old.toml"])
    except Failed as e:
        if "exit status 5" not in str(e):
            raise
    else:
        raise Failed("the old key is right still")


@scenario("rotation-broker")
def rotation_broker(session, blocks, _):
    with_keys(session)
    session.step("gate passwd /etc/gate/users.toml alice")
    start_with_curve(session)
    with_password(session, session.password)
    run_all(session, blocks)
    with_password(session, session.password)  # everything works until the broker is started again
    worker = session.process_of("calculator-worker")
    session.stop("gate-broker")
    start_broker(session)
    if (code := worker.wait(PATIENCE)) != 5:
        raise Failed(f"the worker with the old key has ended with {code}")
    session.start(["calculator-worker", "--credentials", "worker-7.toml"])
    with_password(session, session.password)


@scenario("languages")
def languages(session, blocks, _):
    if subprocess.run(["/usr/bin/python3", "-c", "import msgpack, zmq"], stderr=subprocess.DEVNULL).returncode:
        sys.exit(SKIPPED)
    in_tree(session)
    session.start(["gate-broker"])
    session.start(["log-search-worker", TEXTS])
    run_all(session, blocks)


@scenario("extending")
def extending(session, blocks, _):
    session.start(["counting-broker"])
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
    """The broker accepts the file. A path that needs root is replaced by one of this scenario."""
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
    options = parser.parse_args()
    if options.list:
        print("\n".join(SCENARIOS))
        return 0
    if options.scenario not in SCENARIOS:
        parser.error(f"there is no scenario '{options.scenario}' (--list tells them)")
    blocks = blocks_of(options.scenario)
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="gate-docs-") as folder, Session(options.programs, folder) as session:
        try:
            SCENARIOS[options.scenario](session, blocks, options)
        except Failed as e:
            print(e)
            return 1
    print(f"{options.scenario}: {len(blocks)} blocks are as the documents say")
    return 0


if __name__ == "__main__":
    sys.exit(main())
