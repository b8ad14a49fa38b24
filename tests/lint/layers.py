#!/usr/bin/env python3
"""Checks who includes whom.

    gate_wire, the broker's core, what decides on
    logins and rights, and the two sessions         no ZeroMQ, no coroutine, no clock, no thread, however far down
    gate_async                                          nothing of gate_interface or above
    broker, worker, client                              never each other
    common                                              none of the three
    a public header (<module>/include)                  no private one, and no library that a user need not have
    examples                                            public headers only
    program_log.cpp                                     alone includes spdlog
    every header                                        is included by some other file
    every include of ours                               names a file that exists

A library whose gate_library(...) names no target is its folder. Of these it checks more:

    an include                            goes to the library itself, or to one that it declares, or one below that
    a header                              includes what DEPENDS declares; PRIVATE_DEPENDS is for src/
    headers in src/                       are for the library itself, its unit tests and bench/micro
    a library that says PURE              reaches no clock, thread, coroutine, socket or file, however far down
    two libraries                         never need each other
    two headers, or two sources           have two names, but for main.cpp and what is in cli/commands

A path that a document names exists.
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
CALL = re.compile(r"\bgate_library\(([^)]*)\)", re.S)
DOCUMENT_PATH = re.compile(
    r"(?<![\w./-])(?:common|broker|worker|client|cli|gateway|examples|docs|scripts|cmake|bench|tests)/"
    r"[\w./-]*\.(?:hpp|cpp|cc|py|md|toml|txt|cmake|sh|json)\b"
)


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


class Library:
    """A gate_library(...) call. `is_folder`: it names no target, so all that is in its folder belongs to it."""

    def __init__(self, folder, words):
        self.folder = folder
        lists = {"": [], "SOURCES": [], "DEPENDS": [], "PRIVATE_DEPENDS": []}
        self.pure, to = False, ""
        for word in words:
            if word == "PURE":
                self.pure = True
            elif word in lists:
                to = word
            else:
                lists[to].append(word)
        self.is_folder = not lists[""]
        self.name = lists[""][0] if lists[""] else "gate_" + re.sub("^common/", "", folder).replace("/", "_")
        self.sources = [f"{folder}/{s}" for s in lists["SOURCES"]]
        self.depends = lists["DEPENDS"]
        self.private_depends = lists["PRIVATE_DEPENDS"]


def read_libraries(tree):
    """{target: Library}, from every CMakeLists.txt."""
    found = {}
    for name in sorted(n for n in tree.names if n.endswith("/CMakeLists.txt")):
        text = re.sub(r"#[^\n]*", "", repository.text(name))
        for call in CALL.finditer(text):
            library = Library(name.rsplit("/", 1)[0], call.group(1).split())
            found[library.name] = library
    return found


def below(libraries, names):
    """These targets and all that they stand on, as the includes of their headers see it."""
    seen, todo = set(), list(names)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += libraries[name].depends if name in libraries else []
    return seen


def sources(libraries, name):
    """The source files of a library."""
    return libraries[name].sources if name in libraries else []


def owner_of(libraries, name):
    """The folder library that a file belongs to: the one whose folder is nearest above it."""
    owners = [x for x in libraries.values() if x.is_folder and name.startswith(x.folder + "/")]
    return max(owners, key=lambda x: len(x.folder), default=None)


def folder_includes(tree, libraries):
    """Who includes whom among the libraries that are folders, against what they declare."""
    found = []
    for name in sorted(tree.includes):
        mine = owner_of(libraries, name)
        for line, written, ours in tree.includes[name]:
            theirs = owner_of(libraries, ours) if ours and ours != "?" else None
            if theirs is None or theirs is mine:
                continue
            own_tests = name.startswith((f"tests/unit/{theirs.folder}/", "bench/micro/"))
            if ours.startswith(theirs.folder + "/src/") and not own_tests:
                found.append(f"{name}:{line}: {written} is for {theirs.folder} alone")
            if mine is None:
                continue
            inside = name.startswith(mine.folder + "/src/")
            declared = mine.depends + (mine.private_depends if inside else [])
            if theirs.name not in below(libraries, declared):
                word = "PRIVATE_DEPENDS" if inside else "DEPENDS"
                why = f"{mine.name} does not say so in {word}"
                found.append(f"{name}:{line}: {written} belongs to {theirs.name}: {why}")
    return found


def circles(libraries):
    found, done = [], set()

    def visit(name, path):
        if name in path:
            found.append(f"{libraries[name].folder}/CMakeLists.txt:1: {' -> '.join([*path[path.index(name):], name])}")
        elif name in libraries and name not in done:
            for other in libraries[name].depends + libraries[name].private_depends:
                visit(other, [*path, name])
            done.add(name)

    for name in sorted(libraries):
        visit(name, [])
    return found


def namesakes(tree, libraries):
    found, seen = [], {}
    for name in sorted(tree.includes):
        title = pathlib.PurePosixPath(name).name
        if title == "main.cpp" or name.startswith("cli/commands/") or not owner_of(libraries, name):
            continue
        if title in seen:
            found.append(f"{name}:1: has the name of {seen[title]}")
        seen[title] = name
    return found


def document_paths(tree):
    found = []
    for name in sorted(n for n in tree.names if n.endswith(".md") and not n.endswith("CHANGELOG.md")):
        text = repository.text(name)
        for m in DOCUMENT_PATH.finditer(text):
            if m.group() not in tree.names:
                found.append(f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {m.group()}: no such file")
    return found


def with_headers(tree, names):
    """These sources and the headers of the same name: what a library's own files are."""
    stems = {pathlib.PurePosixPath(n).stem for n in names}
    headers = (n for n in tree.names if n.startswith("common/") and n.endswith(".hpp"))
    return set(names) | {n for n in headers if pathlib.PurePosixPath(n).stem in stems}


def pure_layers(tree, libraries):
    wire = with_headers(tree, sources(libraries, "gate_wire"))
    wire |= {n for n in tree.names if n.startswith("common/src/wire/")}
    logic = {n for n in tree.names if n.startswith(PURE_FOLDERS)}
    logic |= {n for n in tree.includes if (owner := owner_of(libraries, n)) and owner.pure}
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


def async_below_interface(tree, libraries):
    lower = with_headers(tree, sources(libraries, "gate_wire") + sources(libraries, "gate_async"))
    above = with_headers(tree, sources(libraries, "gate_interface")) - lower
    return [
        f"{name}:{line}: {written} belongs to gate_interface, a layer above"
        for name, line, written, ours in sorted(tree.reach(n for n in sorted(lower) if n in tree.includes), key=str)
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
    logs = written.startswith("spdlog/") and not name.endswith("/program_log.cpp")
    if logs and module in MODULES + ("common",):
        return f"{name}:{line}: a library logs through log.hpp; program_log.cpp alone includes <{written}>"
    if module == "examples" and ours and "/include/" not in ours and target != "examples":
        return f"{name}:{line}: an example includes public headers only ({written})"
    return None


def orphans(tree):
    included = {ours for name, found in tree.includes.items() for _, _, ours in found if ours != name}
    headers = (n for n in sorted(tree.includes) if n.endswith(".hpp"))
    return [f"{n}:1: no file includes this header" for n in headers if n not in included]


def main():
    tree = Tree(repository.files())
    libraries = read_libraries(tree)
    found = pure_layers(tree, libraries) + async_below_interface(tree, libraries)
    found += folder_includes(tree, libraries) + circles(libraries) + namesakes(tree, libraries) + document_paths(tree)
    for name in sorted(tree.includes):
        found += filter(None, (neighbours(name, *entry) for entry in tree.includes[name]))
    return repository.finish("layers", found + orphans(tree))


if __name__ == "__main__":
    sys.exit(main())
