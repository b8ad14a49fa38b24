#!/usr/bin/env python3
"""Plants a fault of each kind in a tree of its own and checks that layers.py, tidy.py,
code_blocks.py and readme-snippets find it."""
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import sys
import tempfile

import code_blocks
import layers
import repository
import tidy

CLEAN = {
    "common/value/CMakeLists.txt": "gate_library(PURE SOURCES src/value.cpp DEPENDS x)\n",
    "common/value/include/gate/value.hpp": "#pragma once\n#include <string>\n",
    "common/value/src/value.cpp": "#include <gate/value.hpp>\n",
    "common/async/CMakeLists.txt": "gate_library(SOURCES src/loop.cpp DEPENDS gate_value)\n",
    "common/async/include/gate/loop.hpp": "#pragma once\n#include <coroutine>\n#include <gate/value.hpp>\n",
    "common/async/src/loop.cpp": "#include <gate/loop.hpp>\n#include <zmq.hpp>\n",
    "common/interface/CMakeLists.txt": "gate_library(SOURCES src/call.cpp DEPENDS gate_async)\n",
    "common/interface/include/gate/call.hpp": "#pragma once\n#include <gate/loop.hpp>\n",
    "common/interface/src/call.cpp": "#include <gate/call.hpp>\n",
    "common/base/CMakeLists.txt": "gate_library(SOURCES src/clock.cpp)\n",
    "common/base/list.hpp": "#pragma once\n",
    "common/base/src/clock.hpp": "#pragma once\n",
    "common/base/src/clock.cpp": '#include "common/base/list.hpp"\n#include "common/base/src/clock.hpp"\n',
    "common/link/CMakeLists.txt": "gate_library(\n  PURE\n  SOURCES src/link.cpp  # alone\n"
    "  PRIVATE_DEPENDS gate_base)\n",
    "common/link/link.hpp": "#pragma once\n",
    "common/link/src/link.cpp": '#include "common/base/list.hpp"\n#include "common/link/link.hpp"\n',
    "tests/CMakeLists.txt": "gate_unit(core FOLDERS common/base broker/core DEPENDS gate_broker_core)\n",
    "tests/unit/common/base/clock_test.cpp": '#include "common/base/src/clock.hpp"\n',
    "broker/CMakeLists.txt": "add_subdirectory(core)\ngate_library(SOURCES src/broker.cpp DEPENDS gate_value "
    "PRIVATE_DEPENDS gate_broker_core)\n",
    "broker/include/gate/broker.hpp": "// What it is.\n#pragma once\n#include <gate/value.hpp>\n",
    "broker/src/broker.cpp": '#include <gate/broker.hpp>\n#include "broker/core/core.hpp"\n',
    "broker/core/CMakeLists.txt": "gate_library(PURE SOURCES src/core.cpp DEPENDS gate_value)\n",
    "broker/core/core.hpp": "#pragma once\n#include <gate/value.hpp>\n",
    "broker/core/src/core.cpp": '#include "broker/core/core.hpp"\n',
    "client/CMakeLists.txt": "gate_library(SOURCES src/client.cpp DEPENDS gate_async)\n",
    "client/include/gate/client.hpp": "#pragma once\n#include <gate/loop.hpp>\n",
    "client/src/client.cpp": "#include <gate/client.hpp>\n",
    "cli/context/settings.hpp": "#pragma once\n#include <gate/client.hpp>\n",
    "cli/commands/ping.hpp": '#pragma once\n#include "cli/context/settings.hpp"\n',
    "cli/commands/ping.cpp": '#include "cli/commands/ping.hpp"\n',
    "bench/harness.cpp": "#include <gate/client.hpp>\n",
    "bench/micro/core.cpp": '#include "broker/core/core.hpp"\n',
    "examples/hello.cpp": "#include <gate/client.hpp>\n",
    "examples/CMakeLists.txt": "gate_program(hello SOURCES hello.cpp)\n",
    "tests/docs/blocks.py": '@scenario("start")\ndef start(): pass\n',
    "tests/docs/CMakeLists.txt": "set(scenarios start)\n",
    "scripts/go": "#!/bin/sh\n",
    "README.md": "# Title\n\n<!-- from: examples/hello.cpp -->\n```cpp\n#include <gate/client.hpp>\n```\n\n"
    "<!-- runs: start -->\n\n    $ scripts/go\n\n- an item\n\n  its text, not a block\n\n<!-- figure: a tree -->\n\n"
    "    a\n     b\n\n<!-- not run: it needs two machines -->\n```python\nawait x\n```\n",
    "tests/unit/broker/core/core_test.cpp": 'TEST_CASE("a late reply is dropped", "[broker]") {}\n',
}

# (file, text added to it, the words that a finding must contain)
PLANTED = [
    ("common/value/src/value.cpp", "#include <zmq.hpp>\n", "reached from common/value"),
    ("common/value/include/gate/value.hpp", "#include <gate/loop.hpp>\n", "<coroutine> is reached from common/value"),
    ("broker/core/core.hpp", "#include <gate/loop.hpp>\n", "reached from broker/core"),
    ("broker/core/src/core.cpp", "auto t = std::chrono::steady_clock::now();\n", "reads a clock"),
    ("common/async/src/loop.cpp", "#include <gate/call.hpp>\n", "gate_async does not say so in PRIVATE_DEPENDS"),
    ("common/async/src/loop.cpp", "#include <gate/call.hpp>\n", "common/async -> common/interface -> common/async"),
    ("client/src/client.cpp", "#include <gate/broker.hpp>\n", "client may not know broker"),
    ("client/src/client.cpp", '#include "broker/core/core.hpp"\n', "client may not know broker"),
    ("common/async/src/loop.cpp", "#include <gate/client.hpp>\n", "common may not know client"),
    ("broker/include/gate/broker.hpp", '#include "broker/core/core.hpp"\n', "may not include a private one"),
    ("client/include/gate/client.hpp", "#include <zmq.hpp>\n", "may not ask its user"),
    ("cli/context/settings.hpp", '#include "cli/commands/ping.hpp"\n', "cli/commands -> cli/context -> cli/commands"),
    ("bench/harness.cpp", '#include "broker/core/core.hpp"\n', "bench includes public headers only"),
    ("tests/unit/broker/gone/gone_test.cpp", "// Text.\n", "broker/gone is no library"),
    ("tests/unit/common/link/link_test.cpp", "// Text.\n", "names common/link"),
    ("common/link/link.hpp", '#include "common/base/list.hpp"\n', "gate_link does not say so in DEPENDS"),
    ("common/base/src/clock.cpp", '#include "common/link/link.hpp"\n', "gate_base does not say so in PRIVATE_DEPENDS"),
    ("common/link/src/link.cpp", '#include "common/base/src/clock.hpp"\n', "is for common/base alone"),
    ("common/link/link.hpp", "#include <thread>\n", "is reached from common/link/link.hpp"),
    ("common/link/src/link.cpp", "auto t = std::chrono::steady_clock::now();\n", "reads a clock"),
    ("common/base/CMakeLists.txt", "gate_library(DEPENDS gate_link)\n", "common/base -> common/link -> common/base"),
    ("common/link/src/clock.cpp", "// Text.\n", "has the name of common/base/src/clock.cpp"),
    ("README.md", "See common/link/gone.hpp.\n", "gone.hpp: no such file"),
    ("broker/src/broker.cpp", "#include <spdlog/spdlog.h>\n", "logs through common/log"),
    ("examples/hello.cpp", '#include "broker/core/core.hpp"\n', "public headers only"),
    ("broker/src/broker.cpp", '#include "broker/src/gone.hpp"\n', "no such file"),
    ("broker/src/alone.hpp", "#pragma once\n", "no file includes"),
    ("broker/src/plain.hpp", "// A comment.\nint x;\n", "#pragma once"),
    ("broker/src/broker.cpp", "// x\n" * 601, "lines; split it"),
    ("broker/src/broker.cpp", "// " + "x" * 120 + "\n", "columns"),
    ("broker/src/broker.cpp", "int x; \n", "a space at the end"),
    ("broker/src/broker.cpp", "// TO" "DO: more\n", "left to do"),
    ("docs/a.md", "see /home" "/me/x\n", "one machine only"),
    ("README.md", "\n```sh\nls\n```\n", "without a verdict"),
    ("README.md", "\n~~~\nls\n~~~\n", "without a verdict"),
    ("README.md", "\n    ls\n", "without a verdict"),
    ("README.md", "\n- item\n\n      ls\n", "without a verdict"),
    ("README.md", "\n- item\n\n  ```\n  ls\n  ```\n", "without a verdict"),
    ("CONTRIBUTING.md", "\n\tls\n", "without a verdict"),
    ("docs/below/a.md", "```cpp\nint x;\n```\n", "without a verdict"),
    ("README.md", "\n<!-- figure: x -->\n\nText.\n\n    ls\n", "a verdict without a block"),
    ("README.md", "\n<!-- figure: x -->\n", "a verdict without a block"),
    ("README.md", "\n<pre>ls</pre>\n", "in HTML or in a quotation"),
    ("README.md", "\n> ```\n> ls\n> ```\n", "in HTML or in a quotation"),
    ("README.md", "\n```sh\nls\n", "that nothing closes"),
    ("README.md", "\n<!-- not run: it is too long -->\n```cpp\nint x;\n```\n", "quoted from a file that is compiled"),
    ("README.md", "\n<!-- not run: it is too long -->\n\n    co_await x;\n", "quoted from a file that is compiled"),
    ("README.md", "\n<!-- from: examples/b.cpp -->\n```cpp\nint x;\n```\n", "no CMakeLists.txt compiles it"),
    ("README.md", "\n<!-- runs: other -->\n\n    ls\n", "has no scenario other"),
    ("README.md", "\n<!-- file: start -->\n\n    a = 1\n", "a scenario and a file's name"),
    ("README.md", "\n<!-- not run: no -->\n\n    ls\n", "say in some words"),
    ("README.md", "\n<!-- figure: a script -->\n```sh\nls\n```\n", "a figure has no language"),
    ("README.md", "\n<!-- not run: it needs two machines -->\n```python\nif x\n```\n", "Python does not compile"),
    ("README.md", "\n<!-- runs: start -->\n\n    scripts/gone --now\n", "there is no scripts/gone"),
    ("tests/docs/blocks.py", '@scenario("more")\ndef more(): pass\n', "no document has a block of scenario more"),
    ("tests/docs/blocks.py", '@scenario("more")\ndef more(): pass\n', "scenario more is not run"),
    ("tests/unit/broker/core/core_test.cpp", 'TEST_CASE("a; b; c d", "[x]") {}\n', "no semicolon"),
    ("tests/unit/broker/core/core_test.cpp", 'TEST_CASE("works", "[x]") {}\n', "is a sentence"),
    ("tests/unit/broker/core/more_test.cpp", 'TEST_CASE("a late reply is dropped", "[x]") {}\n', "the same name as"),
]


def findings(tree):
    """The output of the three lints for a tree: {path: text}."""
    printed = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(printed):
        for name, text in tree.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        repository.ROOT = pathlib.Path(folder)
        status = layers.main() + tidy.main() + code_blocks.main()
    return status, printed.getvalue()


EXAMPLE = "int before;\nvoid f() {\n  // [call]\n  g();\n\n  if (x) {\n    h();\n  }\n  // [/call]\n}\n"
QUOTED = "# Title\n\n<!-- from: examples/a.cpp#call -->\n```cpp\ng();\n\nif (x) {\n  h();\n}\n```\n\nMore.\n"

# (README, the words that the check must print)
STALE = [
    (QUOTED.replace("h();", "i();"), "differs from examples/a.cpp#call"),
    (QUOTED.replace("#call", "#other"), "marks no region other"),
    (QUOTED.replace("a.cpp", "b.cpp"), "examples/b.cpp does not exist"),
    (QUOTED.replace("```cpp", "text\n```cpp"), "not followed by a fenced block"),
]


def readme_snippets():
    path = str(repository.ROOT / "scripts" / "readme-snippets")
    loader = importlib.machinery.SourceFileLoader("readme_snippets", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def snippet_failures(snippets):
    failures = []
    for text, expected in [(QUOTED, "0 wrong"), *STALE]:
        printed = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(printed):
            snippets.ROOT = pathlib.Path(folder)
            (snippets.ROOT / "examples").mkdir()
            (snippets.ROOT / "examples" / "a.cpp").write_text(EXAMPLE)
            readme = snippets.ROOT / "README.md"
            readme.write_text(text)
            status = snippets.main(["--check"])
            snippets.main(["--write"])
            repaired = readme.read_text() == QUOTED or text not in {QUOTED, STALE[0][0]}
        if bool(status) != (text != QUOTED) or expected not in printed.getvalue() or not repaired:
            failures.append(f"readme-snippets: expected {expected}:\n{printed.getvalue()}")
    return failures


def main():
    for name in [n for n in os.environ if n.startswith("GIT_")]:
        del os.environ[name]  # a commit hook in a git worktree names the real tree here
    failures = snippet_failures(readme_snippets())
    status, printed = findings(CLEAN)
    if status:
        failures.append(f"a clean tree is refused:\n{printed}")
    for name, added, expected in PLANTED:
        status, printed = findings({**CLEAN, name: CLEAN.get(name, "") + added})
        if not status or expected not in printed:
            failures.append(f"not found in {name}: {expected}\n{printed}")
    print("\n".join(failures) or f"each of {len(PLANTED) + len(STALE)} planted faults was found")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
