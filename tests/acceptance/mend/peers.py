"""Calls between peers of several dialects that name no service, or any number of arguments."""
import json
import subprocess

from .system import wait_until

CAUGHT = {"args": [1, [2]], "kwargs": {"x": "y"}}


def python_call(system, frontend, *words):
    """Makes one call with a gate-rpc client. Returns its output, or None without a Python that has zmq and msgpack."""
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import zmq, msgpack"], stderr=subprocess.DEVNULL).returncode != 0:
        return None
    script = system.root / "tests" / "support" / "gaterpc_client.py"
    return subprocess.run([python, script, frontend, "gzip", *words], capture_output=True, text=True,
                          timeout=60).stdout


def any_arguments(system):
    broker = system.broker()
    system.worker(broker, "gate-test-worker", "--service", "test", "--threads", "4")
    words = ("1", "[2]", "x=y")
    for method in ("catch_all", "catch_later"):
        done = system.gate(broker, "call", f"test.{method}", *words)
        system.line(f"29: gate call test.{method} 1 [2] x=y", done.stdout.strip(), "all of them, any value out",
                    done.returncode == 0 and json.loads(done.stdout) == CAUGHT)
    items = system.gate(broker, "call", "test.catch_items", *words, "--stream").stdout.split()
    system.line("29: a stream of what was given", items, "1 [2] y", items == ["1", "[2]", "y"])
    wrong = system.gate(broker, "call", "test.catch_rest", "1", "2", "x=y").stderr.strip()
    system.line("29: an argument that does not fit is named", wrong[-60:], "argument 'x' must be int64, got string",
                "argument 'x' must be int64, got string" in wrong)
    missing = system.gate(broker, "call", "test.catch_rest", "x=1").stderr.strip()
    system.line("29: what stands before them is still wanted", missing[-60:], "argument 1 'first' is missing",
                "argument 1 'first' is missing" in missing)
    shown = system.gate(broker, "describe", "test").stdout
    both = ("catch_all(*args, **kwargs) -> any", "catch_rest(first: int64, *others, **kwargs) -> any")
    system.line("29: describe shows them as Python does", [text for text in both if text in shown], "both",
                all(text in shown for text in both))
    said = python_call(system, broker.frontend, "test", "catch_all", "1", "[2]", 'x="y"')
    if said is None:
        system.skip("29: any arguments from a gate-rpc client", "no Python with zmq and msgpack")
        return
    system.line("29: any arguments from a gate-rpc client", said.strip(), CAUGHT,
                said.startswith("value ") and json.loads(said[6:]) == CAUGHT)
    said = python_call(system, broker.frontend, "test", "get_interfaces")
    heads = [about["signature"] for about in json.loads(said[6:]).values()]
    wrong = []
    for head in heads:
        try:
            compile(f"def f{head}: pass", "signature", "exec")
        except SyntaxError:
            wrong.append(head)
    system.line("29: signatures that Python's parser takes", f"{len(heads) - len(wrong)} of {len(heads)}", "all",
                len(heads) > 20 and not wrong and "(*args, **kwargs) -> any" in heads)


def default_service(system):
    broker = system.broker()
    absent = system.gate(broker, "call", "add", "2", "3", "--timeout", "30s")
    system.line("29: nobody serves the default service", absent.stderr.strip()[:60], "exit 1, and which it is",
                absent.returncode == 1 and "GateRPC" in absent.stderr and "SERVICE.METHOD" in absent.stderr)
    system.worker(broker, "gate-test-worker", "--service", "GateRPC")
    named = system.gate(broker, "call", "add", "2", "b=3")
    system.line("29: gate call add 2 b=3 reaches GateRPC", named.stdout.strip(), "5", named.stdout.strip() == "5")
    system.worker(broker, "calculator-worker")
    other = system.gate(broker, "--service", "calculator", "call", "add", "2", "3")
    system.line("29: --service is another default", other.stdout.strip(), "5.0", other.stdout.strip() == "5.0")
    by_name = system.gate(broker, "--service", "GateRPC", "call", "calculator.add", "2", "3")
    system.line("29: a service that is named counts", by_name.stdout.strip(), "5.0", by_name.stdout.strip() == "5.0")
    shown = system.gate(broker, "describe")
    system.line("29: gate describe shows the default service", shown.stdout.split("\n")[0], "GateRPC",
                shown.stdout.startswith("GateRPC"))


def ping_for_all(system):
    store = system.file("users.toml", "")
    store.unlink()
    subprocess.run([system.program("gate"), "passwd", store, "ann", "--stdin"], input="correct horse battery\n",
                   text=True, check=True, capture_output=True)
    broker = system.broker("--auth", "plain", "--credentials", store)
    me = {"GATE_USER": "ann", "GATE_PASSWORD": "correct horse battery"}
    done = subprocess.run([system.program("gate"), "--broker", broker.frontend, "ping"], capture_output=True, text=True,
                          env=me, timeout=60)
    said = done.stdout.split("\n")[0] or done.stderr.strip()
    system.line("ping of one who has no rights but to come in", said, "is up",
                done.returncode == 0 and "is up" in done.stdout and "round trips" in done.stdout)


def nesting(system):
    broker = system.broker()
    system.worker(broker, "gate-test-worker", "--service", "test")
    script = system.root / "tests" / "support" / "gaterpc_worker.py"
    if python_call(system, broker.frontend, "test", "pid") is None:
        system.skip("29: nesting between dialects", "no Python with zmq and msgpack")
        return
    system.start("/usr/bin/python3", script, broker.backend, "py")
    wait_until(lambda: system.workers_of(broker, "py"), what="the Python worker")
    deepest = "[" * 128 + "]" * 128
    for method, argument in (("test.echo", deepest), ("py.echo", deepest), ("py.echo", f"x={deepest}")):
        done = system.gate(broker, "-o", "json", "call", method, argument)
        same = "".join(done.stdout.split()) == deepest
        system.line(f"29: nested 128 deep, to {method}", done.stderr.strip()[-60:] or "came back", "the same value",
                    same)
    said = python_call(system, broker.frontend, "test", "echo", deepest)
    system.line("29: nested 128 deep, from a gate-rpc client", said.strip()[:30], "the same value",
                said == f"value {deepest}\n")


POINTS = {
    "nesting": ("values nested as deep as may be, between dialects", nesting),
    "any_arguments": ("methods that catch all arguments, from each kind of caller", any_arguments),
    "default_service": ("calls that name no service", default_service),
    "ping_for_all": ("who may ping a broker with a credential store", ping_for_all),
}
