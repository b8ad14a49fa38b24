#!/usr/bin/python3
"""Calls a method through gate-broker, in the gate-rpc dialect. Arguments are JSON. It prints a line for each item.

usage: client.py BROKER SERVICE METHOD [ARGUMENT | NAME=ARGUMENT]...
       such as  client.py tcp://127.0.0.1:5555 calculator divide 17 divisor=5
"""
import json
import sys
import uuid

import msgpack
import zmq


class RemoteError(Exception):
    """The exception of the method: class, text, traceback. The broker reports its own errors in the same way."""


def call(socket, service, method, *args, **kwargs):
    """Yields the result, or each item of a stream. One call at a time."""
    request = uuid.uuid4().bytes  # the id of the call: each answer has it too
    socket.send_multipart([b"", b"MDPC01", service.encode(), request, *map(msgpack.packb, (method, args, kwargs))])
    while socket.poll(60_000):  # ms to the first answer, and between two items
        match socket.recv_multipart()[3:]:
            case [answered, *_] if answered != request:
                continue  # the answer to an earlier call that was given up
            case [_, single]:
                reply = msgpack.unpackb(single, strict_map_key=False)
                if reply["exception"]:
                    raise RemoteError(*reply["exception"])
                yield reply["result"]
                return
            case [_, b"GateStreamGenerator", b"GateStreamEnd"]:
                return
            case [_, b"GateStreamGenerator", b"GateStreamException", thrown]:
                raise RemoteError(*msgpack.unpackb(thrown))
            case [_, b"GateStreamGenerator", item]:
                yield msgpack.unpackb(item, strict_map_key=False)
            case [_, kind, *_]:
                raise NotImplementedError(f"an answer of the kind {kind}")
    raise TimeoutError("no answer")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--help"]:
        print(__doc__)
        sys.exit()
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    broker, service, method, *words = sys.argv[1:]
    named = dict(word.split("=", 1) for word in words if "=" in word and word.split("=")[0].isidentifier())
    args = [json.loads(word) for word in words if word.split("=")[0] not in named]
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(broker)
    for item in call(socket, service, method, *args, **{name: json.loads(text) for name, text in named.items()}):
        print(json.dumps(item, default=repr), flush=True)
