#!/usr/bin/env python3
"""A worker of gate-rpc, written from its specification, for tests of this project's broker and client.

usage: gaterpc_worker.py BACKEND SERVICE [CODEC]
"""
import os
import sys
import time
import uuid

import msgpack
import zmq

from gaterpc_huge import END, EXCEPTION, TAG, HugeData, bytes_at

READY, REQUEST, REPLY, HEARTBEAT, DISCONNECT = (bytes([n]) for n in range(1, 6))


def count(n, fail=False):
    yield from range(n)
    if fail:
        raise ValueError("the stream broke")


def boom(text):
    raise ValueError(text)


def huge_failing(size):
    return HugeData(bytes_at(size), lambda: boom("the source broke"))


def huge_hanging(size):
    return HugeData(bytes_at(size), lambda: time.sleep(600))


def get_interfaces():
    return {name: {"doc": method.__doc__, "signature": "()"} for name, method in METHODS.items()}


METHODS = {
    "get_interfaces": get_interfaces,
    "add": lambda a, b: a + b,
    "echo": lambda x: x,
    "pid": os.getpid,
    "boom": boom,
    "count": count,
    "huge": lambda size: HugeData(bytes_at(size)),
    "huge_text": lambda size: HugeData("x" * size),
    "huge_list": lambda size: HugeData(list(range(size))),
    "huge_failing": huge_failing,
    "huge_hanging": huge_hanging,
    "length_of": len,
}


def triple(e):
    return [type(e).__name__, repr(e), "  File \"worker.py\", line 1\n"]


def streamed(parts, tag, end):
    try:
        for part in parts:
            yield [tag, part]
    except Exception as e:
        yield [tag, EXCEPTION, msgpack.packb(triple(e))]
    else:
        yield [tag, end]


def answers(function, args, kwargs, codec):
    """The bodies of the replies."""
    try:
        result = METHODS[function](*args, **kwargs)
    except Exception as e:  # any exception of a method goes to its caller
        yield [msgpack.packb({"result": None, "exception": triple(e)})]
        return
    if isinstance(result, HugeData):
        print("huge", flush=True)
        yield from streamed(result.chunks(codec), TAG, END)
    elif hasattr(result, "__next__"):
        yield from streamed(map(msgpack.packb, result), b"GateStreamGenerator", b"GateStreamEnd")
    else:
        yield [msgpack.packb({"result": result, "exception": None})]


def main():
    backend, service, codec = [*sys.argv[1:4], "gzip"][:3]
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.routing_id = uuid.uuid4().bytes
    socket.linger = 0
    socket.connect(backend)

    def say(*frames):
        socket.send_multipart([b"", b"MDPW01", *frames])

    say(READY, b"%s:a worker of the tests:100" % service.encode())
    while True:
        _, tag, command, *rest = socket.recv_multipart()
        assert tag == b"MDPW01"
        if command == HEARTBEAT:
            say(HEARTBEAT)
            print("heartbeat", flush=True)
        elif command == REQUEST:
            client, _, request, function, args, kwargs = rest
            function = msgpack.unpackb(function)
            if function in METHODS:  # drops calls of unknown methods
                for body in answers(function, msgpack.unpackb(args), msgpack.unpackb(kwargs), codec):
                    say(REPLY, client, b"", request, *body)
        elif command == DISCONNECT:
            return


if __name__ == "__main__":
    main()
