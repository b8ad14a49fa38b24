#!/usr/bin/python3
"""Serves the functions of calculator.py through gate-broker, in the gate-rpc dialect.

usage: worker.py BROKER [SERVICE]        such as  worker.py tcp://127.0.0.1:5556 calculator
"""
import inspect
import sys

import msgpack
import zmq

from calculator import add, divide, inverses, primes


def get_interfaces():
    """The methods of this worker. The broker asks for them, and refuses calls of other methods itself."""
    return {name: {"doc": inspect.getdoc(f), "signature": str(inspect.signature(f))} for name, f in METHODS.items()}


METHODS = {f.__name__: f for f in (add, divide, primes, inverses, get_interfaces)}


def answers(body):
    """Runs a request and yields the body of each message of its answer."""
    streams = False
    try:
        method, args, kwargs = (msgpack.unpackb(frame, strict_map_key=False) for frame in body)
        result = METHODS[method](*args, **kwargs)
        if streams := inspect.isgenerator(result):
            yield from ([b"GateStreamGenerator", msgpack.packb(item)] for item in result)
            yield [b"GateStreamGenerator", b"GateStreamEnd"]
        else:
            yield [msgpack.packb({"result": result, "exception": None})]
    except Exception as e:
        thrown = [type(e).__name__, repr(e), ""]  # no traceback: it would show clients details of this machine
        single = msgpack.packb({"result": None, "exception": thrown})
        yield [b"GateStreamGenerator", b"GateStreamException", msgpack.packb(thrown)] if streams else [single]


def serve(broker, service="calculator"):
    """Registers, and answers calls until the broker is silent: it has ended, or does not know this worker any more."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(broker)
        silence = 15_000  # ms: three heartbeats of the broker
        # READY, for up to 100 calls, which wait here. The broker keeps the others, or gives them to other workers.
        socket.send_multipart([b"", b"MDPW01", b"\1", f"{service}:served by Python:100".encode()])
        print(f"serving {service} at {broker}" if socket.poll(silence) else f"no answer from {broker}", flush=True)
        while socket.poll(silence):
            match socket.recv_multipart():
                case [_, _, b"\2", client, _, request, *body]:  # REQUEST: served one after the other
                    for frames in answers(body):
                        socket.send_multipart([b"", b"MDPW01", b"\3", client, b"", request, *frames])  # REPLY
                case [_, _, b"\4", *_]:  # HEARTBEAT: without an answer the broker takes this worker for dead
                    socket.send_multipart([b"", b"MDPW01", b"\4"])
                case [_, _, b"\5", *_]:  # DISCONNECT: the broker sends this worker away; register again after a pause
                    silence = 1_000


if sys.argv[1:] in ([], ["--help"]):
    print(__doc__)
    sys.exit(len(sys.argv) < 2)
while True:  # a new socket each time, so that a restarted broker gets a READY
    serve(*sys.argv[1:])
