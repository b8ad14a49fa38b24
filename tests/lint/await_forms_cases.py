"""What await_forms.py must accept and what it must refuse: its self-test."""

GOOD = [
    "co_await x;",
    "co_await client[\"svc\"][\"method\"](std::string(\"a\"), 1);",
    "auto v = co_await x;",
    "const auto& v = co_await f(a, b);",
    "std::map<int, std::string> v = co_await f();",
    "std::optional<result<int>> v = co_await f(), w;",
    "v = co_await x;",
    "this->total_ = co_await x;",
    "values[i] = co_await x;",
    "table.at_[key].value = co_await x;",
    "co_return co_await x;",
    "(void)co_await x;",
    "while (auto v = co_await s.next()) use(*v);",
    "while (auto v = co_await s.next()) { use(*v); }",
    "if (auto v = co_await x; v > 1) use(v);",
    "if (std::optional<int> v = co_await x; v && *v) use(*v);",
    "if (ready) co_await x;",
    "if (ready) { co_await x; } else co_await y;",
    "for (int i = 0; i < 3; ++i) co_await x;",
    "for (;;) { co_await s.readable(); }",
    "do co_await x; while (again);",
    "switch (k) { case kind::a: co_await x; break; default: co_await y; }",
    "auto f = [&]() -> task<void> { co_await x; };\nco_await f();",
    "auto f = [p]() -> task<int> { co_return co_await p->go(); };",
    "const Options options{.name = \"x\"};\nco_await f(options);",
    "struct s { task<void> f() { co_await x; } };",
    "auto operator co_await() && noexcept { return awaiter{*this}; }",
    "co_yield value;",
    "co_yield row(1, \"a\");",
    "// co_await f({a});",
    "/* if (co_await x) */ co_await x;",
    "puts(\"if (co_await x)\");",
    "puts(R\"(co_await f({1});)\");",
    "const int n = 1'000'000; co_await f('\\'');",
    "co_await f(a[i], b[j[0]]);",
    "#define WAIT(x) if (co_await (x)) \\\n  use(co_await (x))\nco_await x;",
    "if (co_await x) use();  // await-ok: shows the fault",
    "// await-ok: shows the fault\nif (co_await x) use();",
    "try { co_await x; } catch (const Error& e) { failed = true; }",
    "[[maybe_unused]] auto v = co_await x;",
    "auto v = co_await x + 1;",
]

BAD = [
    ("if (co_await x) use();", "condition"),
    ("if (co_await x != 1) { abort(); }", "condition"),
    ("while (co_await x) use();", "condition"),
    ("while (!(co_await x)) use();", "form"),
    ("switch (co_await x) { default: break; }", "condition"),
    ("if (v = co_await x) use();", "condition"),
    ("if (auto v = f(); co_await x) use();", "condition"),
    ("do use(); while (co_await x);", "condition"),
    ("for (auto& v : co_await x) use(v);", "form"),
    ("for (int i = co_await x; i; --i) use(i);", "form"),
    ("co_await run([p] { return p; });", "lambda"),
    ("co_await run([=]() mutable { return p; });", "lambda"),
    ("co_await run([p]() -> task<void> { co_await p; }());", "lambda"),
    ("auto v = co_await run([] { return 1; });", "lambda"),
    ("co_yield make([p] { return p; });", "lambda"),
    ("co_await f({a, b});", "braces"),
    ("co_await f(Options{.name = \"x\"});", "braces"),
    ("co_await f(Options{});", "braces"),
    ("co_await Awaiter{a};", "braces"),
    ("co_yield Row{1, \"a\"};", "braces"),
    ("co_yield {1, \"a\"};", "braces"),
    ("while (auto v = co_await f(Options{a})) use(v);", "braces"),
    ("auto v{co_await x};", "braces"),
    ("std::vector<int> v{1, co_await x};", "braces"),
    ("CHECK(co_await x == 1);", "macro"),
    ("REQUIRE_THROWS(co_await f(1));", "macro"),
    ("GATE_ASSERT(check(co_await x));", "macro"),
    ("auto [a, b] = co_await x;", "binding"),
    ("const auto& [a, b] = co_await x;", "binding"),
    ("use(co_await x);", "form"),
    ("co_await f(co_await x);", "form"),
    ("(co_await x).use();", "form"),
    ("auto v = a && co_await x;", "form"),
    ("auto v = ok ? co_await x : 1;", "form"),
    ("values[co_await x] = 1;", "form"),
    ("co_return 1 + co_await x;", "form"),
    ("throw co_await x;", "form"),
    ("total += co_await x;", "form"),
    ("auto v = co_await x + co_await y;", "form"),
]


def run(check):
    failures = []
    for body in GOOD:
        for form in (body, f"task<void> f() {{\n{body}\n}}\n"):
            if check(form):
                failures.append(f"refused: {form!r}: {check(form)}")
    for body, rule in BAD:
        found = check(f"task<void> f() {{\n  start();\n  {body}\n}}\n")
        if rule not in {r for _, r, _ in found}:
            failures.append(f"not refused as {rule}: {body!r}: {found}")
        elif any(line != 3 for line, _, _ in found):
            failures.append(f"wrong line: {body!r}: {found}")
    for failure in failures:
        print(failure)
    print(f"await forms: {len(GOOD)} good and {len(BAD)} bad snippets, {len(failures)} judged wrongly")
    return 1 if failures else 0
