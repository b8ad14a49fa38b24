#!/usr/bin/env python3
"""Checks who includes whom.

A folder with a CMakeLists.txt that calls gate_library(...) is a library: all below it belongs to it, but for the
libraries below. The folders of cli/ are rooms too, without a CMakeLists.txt of their own.

    an include                            goes to the library itself, or to one that it declares, or one below that
    a header                              includes what DEPENDS declares; PRIVATE_DEPENDS is for src/
    headers in src/                       are for the library itself, its unit tests and bench/micro
    a public header (include/gate)        no private one, and no library that a user need not have
    a library that says PURE              reaches no clock, thread, coroutine, socket or file, however far down
    folders                               never need each other in a circle
    broker, worker, client                never each other; common none of the three
    examples, cli, bench but bench/micro  public headers only, beside their own
    common/log                            alone includes spdlog
    two headers, or two sources           have two names, but for main.cpp and what is in cli/commands
    a unit test                           is in tests/unit/, in the folder of what it tests, which a program names
    every header                          is included by some other file
    every include of ours                 names a file that exists
    a path that a document names          exists
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
        """Every include below these files: (file, line, as written)."""
        seen, todo = set(), list(start)
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            for line, written, ours in self.includes.get(name, []):
                yield name, line, written
                if ours and ours != "?":
                    todo.append(ours)

class Library:
    """A gate_library(...) call."""

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
        self.name = "gate_" + re.sub("^common/", "", folder).replace("/", "_")
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

def owner_of(libraries, name):
    """The library that a file belongs to: the one whose folder is nearest above it."""
    owners = [x for x in libraries.values() if name.startswith(x.folder + "/")]
    return max(owners, key=lambda x: len(x.folder), default=None)

def room_of(libraries, name):
    """The folder that stands for a file in the question who needs whom: its library's, or the one below cli/."""
    owner = owner_of(libraries, name)
    parts = name.split("/")
    return owner.folder if owner else "/".join(parts[:2]) if parts[0] == "cli" and len(parts) > 2 else None

def folder_includes(tree, libraries):
    """Who includes whom among the libraries, against what they declare."""
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

def circles(tree, libraries):
    """Folders that need each other, by what they declare and by what they include."""
    needs, where = {}, {}
    for library in libraries.values():
        for name in library.depends + library.private_depends:
            if name in libraries:
                needs.setdefault(library.folder, set()).add(libraries[name].folder)
                where.setdefault(library.folder, f"{library.folder}/CMakeLists.txt:1")
    for name in sorted(tree.includes):
        mine = room_of(libraries, name)
        for line, _, ours in tree.includes[name]:
            theirs = room_of(libraries, ours) if ours and ours != "?" else None
            if mine and theirs and mine != theirs:
                needs.setdefault(mine, set()).add(theirs)
                where.setdefault(mine, f"{name}:{line}")
    found, done = [], set()

    def visit(folder, path):
        if folder in path:
            found.append(f"{where[folder]}: {' -> '.join([*path[path.index(folder):], folder])}")
        elif folder not in done:
            for other in sorted(needs.get(folder, ())):
                visit(other, [*path, folder])
            done.add(folder)

    for folder in sorted(needs):
        visit(folder, [])
    return found

def namesakes(tree, libraries):
    found, seen = [], {}
    for name in sorted(tree.includes):
        title = pathlib.PurePosixPath(name).name
        if title == "main.cpp" or name.startswith("cli/commands/") or not room_of(libraries, name):
            continue
        if title in seen:
            found.append(f"{name}:1: has the name of {seen[title]}")
        seen[title] = name
    return found

def unit_tests(tree, libraries):
    """tests/unit/ mirrors the tree, and each of its folders belongs to a program."""
    rooms = {room_of(libraries, n) for n in tree.includes}
    programs = repository.text("tests/CMakeLists.txt") if "tests/CMakeLists.txt" in tree.names else ""
    built = set(re.split(r"[\s()]+", programs))
    found = []
    for name in sorted(n for n in tree.includes if n.startswith("tests/unit/")):
        folder = str(pathlib.PurePosixPath(name).parent)[len("tests/unit/"):]
        if folder not in rooms:
            found.append(f"{name}:1: a unit test is in the folder of what it tests; {folder} is no library")
        elif folder not in built:
            found.append(f"{name}:1: no gate_unit in tests/CMakeLists.txt names {folder}")
    return found

def document_paths(tree):
    found = []
    for name in sorted(n for n in tree.names if n.endswith(".md") and not n.endswith("CHANGELOG.md")):
        text = repository.text(name)
        for m in DOCUMENT_PATH.finditer(text):
            if m.group() not in tree.names:
                found.append(f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {m.group()}: no such file")
    return found

def pure_libraries(tree, libraries):
    found = set()
    pure = sorted(n for n in tree.includes if (owner := owner_of(libraries, n)) and owner.pure)
    for start in pure:
        for name, line, written in tree.reach([start]):
            if IMPURE.match(written):
                why = "which is PURE: no I/O, clock, thread or coroutine"
                found.add(f"{name}:{line}: <{written}> is reached from {start}, {why}")
        text = repository.text(start)
        for m in CLOCK.finditer(text):
            line = text.count("\n", 0, m.start()) + 1
            found.add(f"{start}:{line}: reads a clock; take the time as an argument")
    return sorted(found)

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
    if written.startswith("spdlog/") and module in MODULES + ("common",) and not name.startswith("common/log/"):
        return f"{name}:{line}: a library logs through common/log, which alone includes <{written}>"
    users = module in ("examples", "cli") or (module == "bench" and not name.startswith("bench/micro/"))
    if users and ours and "/include/" not in ours and target != module:
        return f"{name}:{line}: {module} includes public headers only ({written})"
    return None

def orphans(tree):
    included = {ours for name, found in tree.includes.items() for _, _, ours in found if ours != name}
    headers = (n for n in sorted(tree.includes) if n.endswith(".hpp"))
    return [f"{n}:1: no file includes this header" for n in headers if n not in included]

def main():
    tree = Tree(repository.files())
    libraries = read_libraries(tree)
    found = pure_libraries(tree, libraries) + folder_includes(tree, libraries) + circles(tree, libraries)
    found += namesakes(tree, libraries) + unit_tests(tree, libraries) + document_paths(tree)
    for name in sorted(tree.includes):
        found += filter(None, (neighbours(name, *entry) for entry in tree.includes[name]))
    return repository.finish("layers", found + orphans(tree))

if __name__ == "__main__":
    sys.exit(main())
