#!/usr/bin/env python3
"""Checks who includes whom.

    gate_wire, the broker's core, what decides on
    logins and rights, and the two sessions         no ZeroMQ, no coroutine, no clock, no thread, however far down
    gate_async                                          nothing of gate_interface or above
    broker, worker, client                              never each other
    common                                              none of the three
    a public header (<module>/include)                  no private one, and no library that a user need not have
    examples                                            public headers only
    every header                                        is included by some other file
    every include of ours                               names a file that exists

What belongs to gate_wire, gate_async and gate_interface is read from common/CMakeLists.txt.
"""
import pathlib
import re
import sys

import repository

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
IMPURE = re.compile(
    r"^(zmq(_addon)?\.hp*|coroutine|thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier"
    r"|stop_token|iostream|fstream|ctime|time\.h|sys/.*|unistd\.h|spdlog/.*)$"
)
CLOCK = re.compile(
    r"\b(?:steady_clock|system_clock|high_resolution_clock)::now\b"
    r"|\b(?:clock_gettime|gettimeofday)\b|\btime\(nullptr\)"
)
PRIVATE_LIBRARIES = re.compile(r"^(zmq(_addon)?\.hp*|spdlog/.*|fmt/.*|toml\+\+/.*|CLI/.*|nlohmann/.*)$")
PURE_FOLDERS = (
    "broker/src/core/",
    "broker/src/security/authoriser",
    "broker/src/security/login.",
    "broker/src/security/login_cache",
    "broker/src/security/login_throttle",
    "broker/src/security/pattern",
    "broker/src/security/quotas",
    "broker/src/security/snapshot",
    "broker/src/security/zap.",
    "broker/src/security/zap_desk",
    "worker/src/session",
    "client/src/session",
)
MODULES = ("broker", "worker", "client")


class Tree:
    def __init__(self, names):
        self.names = {str(n) for n in names}
        self.public = {}
        for name in self.names:
            parts = name.split("/include/", 1)
            if len(parts) == 2 and name.endswith(".hpp"):
                self.public[parts[1]] = name
        self.includes = {n: self.read_includes(n) for n in self.names if n.endswith((".hpp", ".cpp"))}

    def read_includes(self, name):
        """[(line, as written, file of ours or None)]"""
        text = repository.text(name)
        found = []
        for m in INCLUDE.finditer(text):
            written = m.group(2)
            ours = self.public.get(written)
            if m.group(1) == '"' and ours is None:
                beside = str(pathlib.PurePosixPath(name).parent / written)
                ours = written if written in self.names else beside if beside in self.names else "?"
            elif written.startswith("gate/") and ours is None:
                ours = "?"
            found.append((text.count("\n", 0, m.start()) + 1, written, ours))
        return found

    def reach(self, start):
        """Every include below these files: (file, line, as written, file of ours or None)."""
        seen, todo = set(), list(start)
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            for line, written, ours in self.includes.get(name, []):
                yield name, line, written, ours
                if ours and ours != "?":
                    todo.append(ours)


def sources(library):
    """The source files that common/CMakeLists.txt gives to a library, as it names them."""
    text = re.sub(r"#[^\n]*", "", repository.text("common/CMakeLists.txt"))
    call = re.search(r"gate_library\(\s*" + library + r"\b(.*?)\)", text, re.S)
    listed = re.search(r"\bSOURCES\b(.*?)(?:\bDEPENDS\b|\bPRIVATE_DEPENDS\b|$)", call.group(1), re.S) if call else None
    return ["common/" + s for s in listed.group(1).split()] if listed else []


def with_headers(tree, names):
    """These sources and the headers of the same name: what a library's own files are."""
    stems = {pathlib.PurePosixPath(n).stem for n in names}
    headers = (n for n in tree.names if n.startswith("common/") and n.endswith(".hpp"))
    return set(names) | {n for n in headers if pathlib.PurePosixPath(n).stem in stems}


def pure_layers(tree):
    wire = with_headers(tree, sources("gate_wire")) | {n for n in tree.names if n.startswith("common/src/wire/")}
    logic = {n for n in tree.names if n.startswith(PURE_FOLDERS)}
    layers = [("gate_wire", wire)]
    layers += [(n, {n}) for n in sorted(logic)]
    found = set()
    for label, start in layers:
        for name, line, written, _ in tree.reach(n for n in start if n in tree.includes):
            if IMPURE.match(written):
                why = "which does no I/O and knows no clock or coroutine"
                found.add(f"{name}:{line}: <{written}> is reached from {label}, {why}")
    for name in sorted(wire | logic):
        for m in CLOCK.finditer(repository.text(name) if name in tree.includes else ""):
            line = repository.text(name).count("\n", 0, m.start()) + 1
            found.add(f"{name}:{line}: reads a clock; take the time as an argument")
    return sorted(found)


def async_below_interface(tree):
    below = with_headers(tree, sources("gate_wire") + sources("gate_async"))
    above = with_headers(tree, sources("gate_interface")) - below
    return [
        f"{name}:{line}: {written} belongs to gate_interface, a layer above"
        for name, line, written, ours in sorted(tree.reach(n for n in sorted(below) if n in tree.includes), key=str)
        if ours in above
    ]


def neighbours(name, line, written, ours):
    """What a file's place in the tree forbids it to include."""
    module = name.split("/")[0]
    target = (ours or "").split("/")[0]
    if ours == "?":
        return f"{name}:{line}: {written}: no such file"
    if module in MODULES + ("common",) and target in MODULES and target != module:
        return f"{name}:{line}: {module} may not know {target} ({written})"
    if module in MODULES + ("common",) and target in {"tests", "cli", "bench", "examples"}:
        return f"{name}:{line}: a library may not know {target} ({written})"
    if "/include/" in name and ours and "/include/" not in ours:
        return f"{name}:{line}: a public header may not include a private one ({written})"
    if "/include/" in name and PRIVATE_LIBRARIES.match(written):
        return f"{name}:{line}: a public header may not ask its user for <{written}>"
    if module == "examples" and ours and "/include/" not in ours and target != "examples":
        return f"{name}:{line}: an example includes public headers only ({written})"
    return None


def orphans(tree):
    included = {ours for name, found in tree.includes.items() for _, _, ours in found if ours != name}
    headers = (n for n in sorted(tree.includes) if n.endswith(".hpp"))
    return [f"{n}:1: no file includes this header" for n in headers if n not in included]


def main():
    tree = Tree(repository.files())
    found = pure_layers(tree) + async_below_interface(tree)
    for name in sorted(tree.includes):
        found += filter(None, (neighbours(name, *entry) for entry in tree.includes[name]))
    return repository.finish("layers", found + orphans(tree))


if __name__ == "__main__":
    sys.exit(main())
