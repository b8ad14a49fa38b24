#!/usr/bin/python3
"""Calls a method through gate-broker, in the gate-rpc dialect.

usage: client.py BROKER SERVICE METHOD [ARGUMENT | NAME=ARGUMENT]...
       such as  client.py tcp://127.0.0.1:5555 calculator divide 17 divisor=5

An argument is JSON where it reads as JSON, and text otherwise. Each item of a stream is a line.
"""
import json
import sys
import uuid

import msgpack
import zmq

TIMEOUT_MS = 60_000  # to the first answer, and between two items


class RemoteError(Exception):
    """What the method raised: class, text, traceback. The broker's own refusals are of such classes too."""


def call(socket, service, method, *args, **kwargs):
    """Yields the result; or each item, when the method streams. One call at a time."""
    request = uuid.uuid4().bytes  # names the call, and comes back with each answer
    socket.send_multipart([b"", b"MDPC01", service.encode(), request, *map(msgpack.packb, (method, args, kwargs))])
    while socket.poll(TIMEOUT_MS):
        _, _, _, answered, first, *rest = socket.recv_multipart()
        if answered != request:
            continue  # of a call that was given up
        if not rest:
            reply = msgpack.unpackb(first, strict_map_key=False)
            if reply["exception"]:
                raise RemoteError(*reply["exception"])
            yield reply["result"]
            return
        if first != b"GateStreamGenerator":
            raise NotImplementedError(f"an answer of the kind {first}")
        if rest[0] == b"GateStreamEnd":
            return
        if rest[0] == b"GateStreamException":
            raise RemoteError(*msgpack.unpackb(rest[1]))
        yield msgpack.unpackb(rest[0], strict_map_key=False)
    raise TimeoutError("no answer")


def read_json(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    broker, service, method, *words = sys.argv[1:]
    named = dict(word.split("=", 1) for word in words if word.partition("=")[0].isidentifier() and "=" in word)
    args = [read_json(word) for word in words if word.partition("=")[0] not in named]
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(broker)
    try:
        for item in call(socket, service, method, *args, **{name: read_json(text) for name, text in named.items()}):
            print(json.dumps(item, default=repr), flush=True)
    except (RemoteError, TimeoutError) as error:
        sys.exit(": ".join(error.args[:2]))
