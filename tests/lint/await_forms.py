#!/usr/bin/env python3
"""Refuses the coroutine forms that g++ 12 miscompiles, and everything that is hard to tell from them.

An await is written in one of four forms; each lambda and each braced value that it needs has a name from an earlier
line:

    co_await x;
    auto v = co_await x;                 also an assignment, v_ = co_await x;
    co_return co_await x;
    while (auto v = co_await x) ...      if (auto v = co_await x; ...) ...

The rules, with what g++ 12.2 makes of the code otherwise:

    condition   an await in a condition that declares no variable: the coroutine never resumes
    lambda      a lambda inside an await or yield: its captures are destroyed twice
    braces      a braced value inside an await or yield: its members are destroyed twice
    macro       an await inside an ALL_CAPS macro, which may expand to a condition
    binding     auto [a, b] = co_await: later versions have faults there
    form        an await anywhere else: inside a call, a cast, another await, a range-for

A line may be excused by a comment that ends it, or that stands on the line before: // await-ok: <why>

Installed as gate-lint-awaits, for the files of programs that use gate. Needs Python 3.9 and nothing else.

exit status: 0 nothing was found; 1 something was; 2 a file cannot be read, or the command line is wrong
"""
import argparse
import pathlib
import re
import sys

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<raw>(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")
      | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*")
      | (?P<number>\.?\d(?:'?[\w.])*)
      | (?P<char>(?:u8|[uUL])?'(?:\\.|[^'\\\n])+')
      | (?P<word>[A-Za-z_]\w*)
      | (?P<punctuation>::|->|\[\[|\]\]|==|!=|<=|>=|&&|\|\||\+=|-=|.)""",
    re.S | re.X,
)
OPEN = {"(": ")", "[": "]", "{": "}", "[[": "]]"}
CLOSE = {v: k for k, v in OPEN.items()}
HEADERS = {"if", "while", "switch", "for"}
NO_TARGET = re.compile(r'[(){}?"]|&&|\|\||==|!=|<=|>=|\bco_\w+|\b(?:return|throw)\b|\+|\s-\s|,(?![^<]*>)')
MACRO = re.compile(r"[A-Z][A-Z0-9_]{2,}$")


def without_directives(source):
    """Blanks preprocessor directives, continuation lines included."""
    return re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), source)


def tokens(source):
    """(text, offset) of each token; a literal is a single quote mark, so that its content is never taken for code."""
    found = []
    for m in TOKEN.finditer(without_directives(source)):
        if m.lastgroup == "skip" or m.group("skip"):
            continue
        literal = m.group("raw") or m.group("string") or m.group("char")
        found.append(('"' if literal else m.group(), m.start()))
    # `]]` without an attribute that it could end closes two subscripts.
    flat = []
    opened = 0
    for text, at in found:
        if text == "[[":
            opened += 1
        elif text == "]]":
            if not opened:
                flat += [("]", at), ("]", at + 1)]
                continue
            opened -= 1
        flat.append((text, at))
    return flat


def pairs(code):
    """The index of the partner of each bracket."""
    partner, stack = {}, []
    for i, (text, _) in enumerate(code):
        if text in OPEN:
            stack.append(i)
        elif text in CLOSE:
            while stack and OPEN[code[stack[-1]][0]] != text:
                stack.pop()
            if stack:
                j = stack.pop()
                partner[i], partner[j] = j, i
    return partner


class Source:
    def __init__(self, source):
        self.lines = source.split("\n")
        self.newlines = [i for i, c in enumerate(source) if c == "\n"]
        self.code = tokens(source)
        self.partner = pairs(self.code)

    def word(self, i):
        return self.code[i][0] if 0 <= i < len(self.code) else ""

    def line(self, i):
        import bisect

        return bisect.bisect_left(self.newlines, self.code[i][1]) + 1

    def excused(self, i):
        n = self.line(i)
        before = self.lines[n - 2].strip() if n > 1 else ""
        return "// await-ok:" in self.lines[n - 1] or before.startswith("// await-ok:")

    def opened_before(self, i):
        """The innermost bracket that is open at i, or -1; and the first token of i's statement or argument after it."""
        j, start = i - 1, i
        while j >= 0:
            text = self.word(j)
            if text in CLOSE:
                k = self.partner.get(j, -1)
                if text == "}" and not self.is_value(k):
                    return self.enclosing(j), j + 1
                j = k
            elif text in OPEN:
                return j, j + 1
            elif text == ";":
                return self.enclosing(j), j + 1
            start = j
            j -= 1
        return -1, start

    def enclosing(self, i):
        j = i if self.word(i) in CLOSE else i - 1
        while j >= 0:
            if self.word(j) in CLOSE:
                j = self.partner.get(j, 0) - 1
            elif self.word(j) in OPEN:
                return j
            else:
                j -= 1
        return -1

    def is_value(self, brace):
        """Whether this brace opens an initialiser or a lambda's body and not a block, as far as tokens tell."""
        if brace < 0:
            return False
        end = self.partner.get(brace, brace)
        if self.word(end + 1) in {")", ",", ";", ".", "->", "(", "[", "?", ":", "==", "!=", "]"}:
            return True
        return False

    def end_of_statement(self, i):
        while i < len(self.code):
            text = self.word(i)
            if text == ";" or text in CLOSE:
                return i
            i = self.partner.get(i, i) + 1
        return i

    def after_prefixes(self, i):
        """Skips what may stand before a statement: if (...), else, do, for (...), case x:, labels, attributes."""
        while True:
            text = self.word(i)
            if text in HEADERS:
                j = i + 1
                if self.word(j) == "constexpr":
                    j += 1
                if self.word(j) != "(" or j not in self.partner:
                    return i
                i = self.partner[j] + 1
            elif text in {"else", "do"}:
                i += 1
            elif text == "[[" and i in self.partner:
                i = self.partner[i] + 1
            elif text in {"case", "default"}:
                while i < len(self.code) and self.word(i) not in {":", ";", "{"}:
                    i += 1
                i += 1
            elif re.match(r"[A-Za-z_]", text) and self.word(i + 1) == ":":
                i += 2
            else:
                return i


def is_target(words):
    """Whether these are the left side of an initialisation or assignment: `auto v`, `v_`, `a.b[i]`."""
    rest = re.sub(r"\bdecltype \( [^()]* \)", "decltype", " ".join(words))
    return bool(words) and not NO_TARGET.search(rest)


def is_declaration(words):
    """Whether these declare a variable: at least a type, then a name."""
    return (
        is_target(words)
        and len(words) >= 2
        and bool(re.match(r"[A-Za-z_]\w*$", words[-1]))
        and bool(re.match(r"[A-Za-z_]\w*$|[>&*]$", words[-2]))
    )


def contents(source, begin, end):
    """The rules that the tokens of one await or yield expression break by what they contain."""
    broken = []
    i = begin
    while i < end:
        text = source.word(i)
        if text == "[" and not re.match(r'[\w"]|[\])]$', source.word(i - 1)):
            j = source.partner.get(i, i) + 1
            if source.word(j) in {"(", "{", "<", "mutable"}:
                broken.append(("lambda", "name the lambda on an earlier line"))
                while j < end and source.word(j) != "{":
                    j = source.partner.get(j, j) + 1
                i = source.partner.get(j, j) + 1
                continue
        if text == "{":
            broken.append(("braces", "name the braced value on an earlier line"))
            i = source.partner.get(i, i) + 1
            continue
        if text == "co_await":
            broken.append(("form", "one await a statement: name this one's value on an earlier line"))
        i += 1
    return broken


def in_header(source, i, bracket, start):
    """The rules that an await inside `if (...)` and its like breaks."""
    keyword = source.word(bracket - 1)
    if keyword == "constexpr":
        keyword = source.word(bracket - 2)
    if keyword == "for":
        return [("form", "no await in the head of a for: name its value on an earlier line")]
    words = [source.word(k) for k in range(start, i)]
    if "[" in words and words[0] in {"auto", "const"}:
        return [("binding", "name the whole value, then take it apart")]
    first = start == bracket + 1
    if not (first and words and words[-1] == "=" and is_declaration(words[:-1])):
        return [("condition", f"name the value before this {keyword}")]
    return contents(source, i + 1, source.end_of_statement(i))


def await_rules(source, i):
    bracket, start = source.opened_before(i)
    opener = source.word(bracket) if bracket >= 0 else ""
    j = bracket
    while j > 0:  # a macro anywhere around, up to the block
        if source.word(j) == "(" and MACRO.match(source.word(j - 1)):
            return [("macro", f"name the value before {source.word(j - 1)}")]
        if source.word(j) == "{":
            break
        j = source.enclosing(j)
    if opener == "(":
        before = source.word(bracket - 1)
        if before in HEADERS or (before == "constexpr" and source.word(bracket - 2) in HEADERS):
            return in_header(source, i, bracket, start)
        return [("form", "no await inside a larger expression: name its value on an earlier line")]
    if opener in {"[", "[["}:
        return [("form", "no await inside a larger expression: name its value on an earlier line")]
    end = source.end_of_statement(i)
    if source.word(end) == "}":
        return [("braces", "no await inside braces: name its value on an earlier line")]
    words = [source.word(k) for k in range(source.after_prefixes(start), i)]
    broken = contents(source, i + 1, end)
    if words in ([], ["co_return"], ["(", "void", ")"]):
        return broken
    if words[-1] == "=" and "[" in words and re.match(r"(const )?auto &{0,2} ?\[", " ".join(words)):
        return broken + [("binding", "name the whole value, then take it apart")]
    if words[-1] == "=" and is_target(words[:-1]):
        return broken
    return broken + [("form", "not one of the four await forms")]


def check(text):
    """[(line, rule, what to do)] for one file's text."""
    source = Source(text)
    found = set()
    for i, (word, _) in enumerate(source.code):
        if source.word(i - 1) == "operator" or word not in {"co_await", "co_yield"} or source.excused(i):
            continue
        broken = await_rules(source, i) if word == "co_await" else contents(source, i + 1, source.end_of_statement(i))
        found |= {(source.line(i), rule, what) for rule, what in broken}
    return sorted(found)


RULES = ("condition", "lambda", "braces", "macro", "binding", "form")
SUFFIXES = {".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".h", ".ipp"}


def files_in(names):
    """The files named, and the C++ files of the folders named."""
    for name in names:
        path = pathlib.Path(name)
        if path.is_dir():
            yield from sorted(str(p) for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
        else:
            yield name


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog=pathlib.Path(sys.argv[0]).name, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="FILE", help="a file, or a folder with all C++ files in it")
    parser.add_argument("--without", action="append", default=[], choices=RULES, help="leave a rule out")
    parser.add_argument("--self-test", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not options.names and not options.self_test and not pathlib.Path(__file__).with_name("repository.py").exists():
        parser.error("name a file or a folder")
    return options


def main(arguments):
    options = parse(arguments)
    if options.self_test:
        import await_forms_cases

        return await_forms_cases.run(check)
    names = list(files_in(options.names))
    root = pathlib.Path()
    if not options.names:  # the project's own sources
        import repository

        root, names = repository.ROOT, repository.code_files()
    found = 0
    for name in names:
        try:
            text = (root / name).read_text(encoding="utf-8", errors="replace")
        except OSError as e:
            print(f"{name}: {e.strerror}", file=sys.stderr)
            return 2
        for line, rule, what in check(text):
            if rule not in options.without:
                print(f"{name}:{line}: {rule}: {what}")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
