#!/usr/bin/python3
"""Serves the functions of calculator.py through gate-broker, in the gate-rpc dialect.

usage: worker.py BROKER [SERVICE]        such as  worker.py tcp://127.0.0.1:5556 calculator
"""
import inspect
import signal
import sys
import time

import msgpack
import zmq

import calculator

READY, REQUEST, REPLY, HEARTBEAT, DISCONNECT = b"\1", b"\2", b"\3", b"\4", b"\5"
SILENCE_MS = 15_000  # a broker that says nothing for three of its heartbeats is taken for gone
CALLS_MAX = 100  # calls that may wait in this process; the broker keeps the others, or gives them to other workers
METHODS = {name: f for name, f in inspect.getmembers(calculator, inspect.isfunction) if not name.startswith("_")}
# What can be called here: the broker asks for it, and answers for methods that do not exist.
METHODS["get_interfaces"] = lambda: {
    name: {"doc": inspect.getdoc(f), "signature": str(inspect.signature(f))} for name, f in METHODS.items()
}


def run(body, reply):
    """Runs a request, and says what came of it. Each reply(...) is one message."""
    stream = []  # the frame before each item of a stream
    try:
        name, args, kwargs = (msgpack.unpackb(frame, strict_map_key=False) for frame in body)
        result = METHODS[name](*args, **kwargs)
        if inspect.isgenerator(result):
            stream = [b"GateStreamGenerator"]
            for item in result:
                reply(*stream, msgpack.packb(item))
            reply(*stream, b"GateStreamEnd")
        else:
            reply(msgpack.packb({"result": result, "exception": None}))
    except Exception as e:
        thrown = [type(e).__name__, repr(e), ""]  # the traceback is left out: it would tell clients of this machine
        single = [msgpack.packb({"result": None, "exception": thrown})]
        reply(*([*stream, b"GateStreamException", msgpack.packb(thrown)] if stream else single))


def serve(broker, service):
    """Until the broker is silent for too long, or sends us away."""
    with zmq.Context.instance().socket(zmq.DEALER) as socket:
        socket.linger = 1000  # ms that the farewell may take
        socket.connect(broker)
        say = lambda *frames: socket.send_multipart([b"", b"MDPW01", *frames])
        say(READY, f"{service}:served by Python:{CALLS_MAX}".encode())  # no colon in the description
        registered = False
        try:
            while socket.poll(SILENCE_MS):
                if not registered:
                    print(f"serving {service} at {broker}", flush=True)
                    registered = True
                _, _, command, *rest = socket.recv_multipart()
                if command == REQUEST:  # one after the other; who is long in a method is not taken for dead
                    client, _, request, *body = rest
                    run(body, lambda *frames: say(REPLY, client, b"", request, *frames))
                elif command == HEARTBEAT:
                    say(HEARTBEAT)
                elif command == DISCONNECT:
                    return
        finally:
            say(DISCONNECT, b"")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    while True:  # with a new socket and a new READY each time: so a broker that was restarted learns of us
        serve(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "calculator")
        time.sleep(1)
