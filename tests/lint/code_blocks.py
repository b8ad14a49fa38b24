#!/usr/bin/env python3
"""Finds every code block of the documents and checks that each has a verdict: who sees to it that it is true.

A block is fenced, or indented by four spaces behind an empty line. Its verdict is a comment on a line before it:

    <!-- from: FILE#REGION -->   quoted from a file that is compiled (scripts/readme-snippets keeps it equal).
                                 The only verdict for C++
    <!-- runs: SCENARIO -->      a session or commands that tests/docs/blocks.py runs, in the order of the document
    <!-- file: SCENARIO NAME --> a file that this scenario writes and uses
    <!-- figure: WHAT -->        no code: a drawing, a tree of folders, a grammar
    <!-- not run: WHY -->        code that cannot run in a test, and why not

Python must compile whatever its verdict, and the scripts that commands name must be there.

usage: code_blocks.py
"""
import ast
import dataclasses
import pathlib
import re
import sys

import repository

VERDICT = re.compile(r"<!-- (from|runs|file|figure|not run): (.+?) -->")
FENCE = re.compile(r"( *)(`{3,}|~{3,})[ \t]*([\w+#-]*)[^`\n]*$")
ITEM = re.compile(r"( *)(?:[-*+]|\d+[.)])( +)")
CPP = {"cpp", "c++", "cxx", "hpp", "cc", "c", "h"}
SHELL = {"", "sh", "bash", "shell", "console"}
LOOKS_LIKE_CPP = re.compile(r"\bco_(?:await|yield|return)\b.*;|^\s*#include <|\bstd::\w+.*[;{]|\bgate::\w+.*[;{]", re.M)
SCRIPT = re.compile(r"(?<![\w./~-])((?:scripts|examples|tests)/[\w./-]*\w)")
WHY_WORDS_MIN = 3


@dataclasses.dataclass
class Block:
    line: int  # of its first line, from 1
    language: str
    body: str
    verdict: str | None = None  # one of VERDICT, and what stands behind it
    argument: str = ""


def documents(names):
    """The documents for users: those beside the README, and docs/."""
    return [n for n in names if n.suffix == ".md" and (len(n.parts) == 1 or n.parts[0] == "docs")]


def find_blocks(text):
    """The blocks of a document; and, as (line, text), what looks like one and is not written so that it can be read."""
    rows = text.split("\n")
    blocks, faults = [], []
    verdict, verdict_line = None, 0  # the comment that waits for its block
    item = 0  # columns by which the text of the list item is indented that is open
    i = 0
    while i < len(rows):
        row = rows[i]
        before_is_empty = i == 0 or not rows[i - 1].strip()
        if m := VERDICT.fullmatch(row.strip()):
            if verdict:
                faults.append((verdict_line, "a verdict without a block behind it"))
            verdict, verdict_line = m.groups(), i + 1
            if len(row) - len(row.lstrip()) < item:
                item = 0
            i += 1
            continue
        if m := FENCE.match(row):
            indent, fence = len(m.group(1)), m.group(2)
            end = i + 1
            while end < len(rows) and not re.fullmatch(rf" *{re.escape(fence[0])}{{{len(fence)},}}\s*", rows[end]):
                end += 1
            if end == len(rows):
                faults.append((i + 1, "a fence that nothing closes"))
            body = "\n".join(r[min(indent, len(r) - len(r.lstrip())):] for r in rows[i + 1 : end])
            blocks.append(Block(i + 1, m.group(3).lower(), body + "\n", *(verdict or (None, ""))))
            verdict, i = None, end + 1
            continue
        if re.match(rf"(?: {{{item + 4}}}|\t)\s*\S", row) and (before_is_empty or verdict):
            end = i
            while end < len(rows) and (not rows[end].strip() or re.match(rf" {{{item + 4}}}|\t", rows[end])):
                end += 1
            body = "\n".join(r[item + 4 :] if r.startswith(" ") else r[1:] for r in rows[i:end]).rstrip("\n")
            blocks.append(Block(i + 1, "", body + "\n", *(verdict or (None, ""))))
            verdict, i = None, end
            continue
        if re.search(r"<(?:pre|code)\b", row) or re.match(r"\s*>.*(?:`{3}|~{3})", row):
            faults.append((i + 1, "a code block in HTML or in a quotation: write a fenced one"))
        if row.strip():
            if verdict:
                faults.append((verdict_line, "a verdict without a block behind it"))
                verdict = None
            if m := ITEM.match(row):
                item = m.end()
            elif before_is_empty and len(row) - len(row.lstrip()) < item:
                item = 0
        i += 1
    if verdict:
        faults.append((verdict_line, "a verdict without a block behind it"))
    return blocks, faults


def is_compiled(path, names):
    """Whether a CMakeLists.txt of its folder, or of one above, names the file, or takes all of its kind."""
    path = pathlib.PurePosixPath(path)
    if path.suffix == ".hpp":  # compiled with who includes it
        return any(f'#include "{path}"' in repository.text(n) for n in names if n.suffix in repository.CODE)
    if path.name.endswith("_test.cpp") and path.parts[:2] == ("tests", "unit"):
        return True
    for folder in path.parents:
        lists = folder / "CMakeLists.txt"
        if lists not in names:
            continue
        rest = re.escape(str(path.relative_to(folder)))
        text = repository.text(lists)
        if re.search(rf"(?<![\w/]){rest}(?![\w/])", text):
            return True
        pattern = re.escape(str(path.relative_to(folder).parent)) + r"/\$\{(\w+)\}\.cpp"
        for m in re.finditer(pattern, text):  # foreach(program IN LISTS programs), with the name in that list
            for lists_of in re.findall(rf"foreach\({m.group(1)} IN LISTS (\w+)\)", text):
                if re.search(rf"\((?:APPEND )?{lists_of}\b[^)]*(?<!\w){re.escape(path.stem)}(?!\w)", text):
                    return True
    return False


def scenarios(names):
    """The scenarios of tests/docs/blocks.py: its functions with @scenario."""
    runner = pathlib.PurePosixPath("tests/docs/blocks.py")
    if runner not in names:
        return set()
    found = re.findall(r'^@scenario\("([\w-]+)"', repository.text(runner), re.M)
    return set(found)


def judge(block, names, known):
    """What is wrong with a block and its verdict, as texts."""
    if block.verdict is None:
        return ["a code block without a verdict: put one of <!-- from: -->, runs, file, figure, not run before it "
                "(tests/lint/code_blocks.py says which)"]
    wrong = []
    argument = block.argument.strip()
    if block.verdict == "from":
        path = argument.split("#")[0]
        if block.language in CPP and not is_compiled(path, names):
            wrong.append(f"{path} is quoted, but no CMakeLists.txt compiles it")
    elif block.language in CPP or LOOKS_LIKE_CPP.search(block.body) and block.verdict != "figure":
        wrong.append("C++ is quoted from a file that is compiled: <!-- from: FILE#REGION -->")
    if block.verdict in {"runs", "file"}:
        words = argument.split()
        if len(words) != (1 if block.verdict == "runs" else 2):
            more = "" if block.verdict == "runs" else " and a file's name"
            wrong.append(f"'{block.verdict}' says a scenario{more}")
        elif words[0] not in known:
            wrong.append(f"tests/docs/blocks.py has no scenario {words[0]}")
    if block.verdict == "figure" and block.language not in {"", "text", "abnf"}:
        wrong.append("a figure has no language")
    if block.verdict == "not run" and len(argument.split()) < WHY_WORDS_MIN:
        wrong.append("say in some words why it cannot run")
    if block.language == "python":
        try:
            compile(block.body, "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as e:
            wrong.append(f"Python does not compile line {e.lineno} of this block: {e.msg}")
    if block.language in SHELL and block.verdict in {"runs", "not run"}:
        for path in SCRIPT.findall(block.body):
            if not (repository.ROOT / path).exists():
                wrong.append(f"there is no {path}")
    return wrong


def main():
    names = repository.files()
    known = scenarios(names)
    found, used, number = [], set(), 0
    for name in documents(names):
        blocks, faults = find_blocks(repository.text(name))
        number += len(blocks)
        found += [f"{name}:{line}: {what}" for line, what in faults]
        for block in blocks:
            found += [f"{name}:{block.line}: {what}" for what in judge(block, names, known)]
            if block.verdict in {"runs", "file"}:
                used.add(block.argument.split()[0])
    registered = pathlib.PurePosixPath("tests/docs/CMakeLists.txt")
    run = set(re.findall(r"[\w-]+", repository.text(registered))) if registered in names else set()
    found += [f"{registered}:1: scenario {name} is not run" for name in sorted(known - run)]
    found += [f"tests/docs/blocks.py:1: no document has a block of scenario {name}" for name in sorted(known - used)]
    return repository.finish(f"code blocks: {number} looked at", found)


if __name__ == "__main__":
    sys.exit(main())
