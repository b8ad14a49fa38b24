#!/usr/bin/env python3
"""Checks sizes, leftovers and test names, which no compiler checks.

    a source file has at most 600 lines, a line of code or script at most 120 columns; no tab, no space at a line's end
    a header begins with #pragma once
    nothing is left to do (the usual markers), no path of somebody's machine
    a test's name is a sentence, of which no two in a folder are the same, without what ctest would split
"""
import pathlib
import re
import sys

import repository

LINES_MAX = 600
COLUMNS_MAX = 120
SCRIPT = {".py", ".sh", ".cmake", ".txt", ".in"}
BINARY = {".png", ".gif", ".ico", ".gz", ".zst", ".bin"}
LEFTOVER = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}/:-])/(?:home|root|work|Users|tmp)/\w")
PRAGMA_FIRST = re.compile(r"(?:[ \t]*//[^\n]*\n|\n)*#pragma once\n")
TEST_CASE = re.compile(r'\b(?:TEST_CASE|SCENARIO)\(\s*"((?:\\.|[^"\\])*)"')


def is_corpus(name):
    return "corpus" in name.parts or name.suffix in BINARY


def lines(name, text):
    """Findings about single lines and about the number of lines."""
    found = []
    rows = text.split("\n")
    is_code = name.suffix in repository.CODE
    is_script = name.suffix in SCRIPT or name.parts[0] in {"scripts", ".ci"}
    if is_code and len(rows) - 1 > LINES_MAX:
        found.append(f"{name}:1: {len(rows) - 1} lines; split it, {LINES_MAX} at most")
    if name.suffix == ".hpp" and not PRAGMA_FIRST.match(text):
        found.append(f"{name}:1: a header begins with #pragma once, after its comment at most")
    for number, row in enumerate(rows, 1):
        if (is_code or is_script) and len(row) > COLUMNS_MAX:
            found.append(f"{name}:{number}: {len(row)} columns, {COLUMNS_MAX} at most")
        if (is_code or is_script) and (row != row.rstrip() or "\t" in row):
            found.append(f"{name}:{number}: a tab, or a space at the end")
        if LEFTOVER.search(row):
            found.append(f"{name}:{number}: something is left to do here")
        if MACHINE_PATH.search(row):
            found.append(f"{name}:{number}: a path that exists on one machine only")
    return found


def test_names(names):
    found, seen = [], {}
    for name in names:
        text = repository.text(name)
        for m in TEST_CASE.finditer(text):
            title = m.group(1)
            at = f"{name}:{text.count(chr(10), 0, m.start()) + 1}"
            if re.search(r'[;\[\]\\]', title):
                found.append(f"{at}: a test name has no semicolon, bracket or backslash (ctest splits it): {title}")
            if len(title.split()) < 3:
                found.append(f"{at}: a test name is a sentence that states behaviour: {title}")
            key = (pathlib.PurePosixPath(*name.parts[:3]), title)
            if key in seen:
                found.append(f"{at}: the same name as {seen[key]}: {title}")
            seen[key] = at
    return found


def main():
    found = []
    names = [n for n in repository.files() if not is_corpus(n) and n.name != "LICENSE"]
    for name in names:
        found += lines(name, repository.text(name))
    found += test_names(n for n in names if n.parts[0] == "tests" and n.name.endswith(".cpp"))
    return repository.finish("tidy", found)


if __name__ == "__main__":
    sys.exit(main())
