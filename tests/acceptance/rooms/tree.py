"""The shape of the tree: who includes whom, how long files and functions are, and who reads the large headers."""
import pathlib
import re
import sys

LINES_MAX = 600
FUNCTION_LINES_MAX = 70
LARGE = {"spdlog": (r"<spdlog/", 1), "msgpack": (r"<msgpack(?:\.hpp|/)", 4), "toml++": (r"<toml\+\+/", 1)}


def lints(root):
    """tests/lint/layers.py, its tree and its libraries."""
    sys.path.insert(0, str(root / "tests" / "lint"))
    import layers
    import repository
    tree = layers.Tree(repository.files())
    return layers, tree, layers.read_libraries(tree)


def includes(system):
    layers, tree, libraries = lints(system.root)
    circles = layers.circles(tree, libraries)
    system.line("folders that need each other in a circle", len(circles), "0", not circles)
    wrong = layers.folder_includes(tree, libraries)
    system.line("includes that no library declares", len(wrong), "0", not wrong)
    shown, private, users = [], [], []
    for name in sorted(tree.includes):
        for _, written, ours in tree.includes[name]:
            if "/include/gate/" in name:
                shown += [name] if layers.PRIVATE_LIBRARIES.match(written) else []
                private += [name] if ours and "/include/" not in ours else []
            elif name.startswith(("cli/", "bench/")) and not name.startswith("bench/micro/"):
                mine = ours and ours.startswith(name.split("/")[0] + "/")
                users += [name] if ours and "/include/" not in ours and not mine else []
    system.line("public headers that show a library but msgpack", len(shown), "0", not shown)
    system.line("public headers that include private ones", len(private), "0", not private)
    system.line("private headers in cli and bench", len(users), "0", not users)


def sources(root):
    _, tree, _ = lints(root)
    return [name for name in sorted(tree.includes) if name.split("/")[0] in
            {"common", "broker", "worker", "client", "cli"}]


def functions(text):
    """(lines, first line) of each body whose head ends in `) {`, by its braces."""
    bare = re.sub(r"//[^\n]*|'(?:\\.|[^'\\\n])'|\"(?:\\.|[^\"\\\n])*\"", "", text)
    lines = bare.splitlines()
    for at, line in enumerate(lines):
        if not re.search(r"\)(?: const)?(?: noexcept)?(?: override)?(?: final)?(?: ->.*)? \{$", line):
            continue
        if re.match(r" *(\} *)?(if|for|while|switch|catch|else|case|namespace|do|struct|class|[A-Z_]+\()", line):
            continue
        depth = 0
        for end in range(at, len(lines)):
            depth += lines[end].count("{") - lines[end].count("}")
            if depth <= 0:
                yield end - at + 1, at + 1
                break


def sizes(system):
    root = pathlib.Path(system.root)
    files = {name: (root / name).read_text() for name in sources(root)}
    longest, name = max((text.count("\n"), name) for name, text in files.items())
    system.line("the longest file", f"{longest} lines: {name}", f"{LINES_MAX} lines", longest <= LINES_MAX)
    count, name, line = max((count, name, line) for name, text in files.items() for count, line in functions(text))
    system.line("the longest function", f"{count} lines: {name}:{line}", f"{FUNCTION_LINES_MAX} lines",
                count <= FUNCTION_LINES_MAX)
    for library, (pattern, most) in LARGE.items():
        found = [n for n, text in files.items() if re.search(rf"^ *# *include {pattern}", text, re.M)]
        system.line(f"files that include {library}", len(found), f"{most} files", len(found) <= most)


POINTS = {
    "includes": ("Who includes whom", includes),
    "sizes": ("How long files and functions are, and who reads large headers", sizes),
}
