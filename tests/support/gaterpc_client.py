#!/usr/bin/env python3
"""A client of gate-rpc, written from its specification, for tests of this project's broker and worker.

usage: gaterpc_client.py FRONTEND CODEC SERVICE METHOD [ARGUMENT]...

Makes one call. Arguments are JSON, or NAME=JSON. It prints the answer: `chunk` at the first chunk of a HugeData; `item`
and `value` with JSON, or for bytes with their number, and `sound` if they are those of huge_bytes.hpp; or the error.
"""
import json
import sys
import uuid

import msgpack
import zmq

from gaterpc_huge import END, EXCEPTION, TAG, Reader, bytes_at


def shown(value):
    if isinstance(value, bytes):
        return "%d bytes, %s" % (len(value), "sound" if value == bytes_at(len(value)) else "others")
    return json.dumps(value)


def failed(triple):
    print("failed", triple[0], triple[1], flush=True)
    sys.exit(1)


def main():
    frontend, codec, service, method, *words = sys.argv[1:]
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.routing_id = uuid.uuid4().bytes
    socket.linger = 0
    socket.connect(frontend)
    request = uuid.uuid4().bytes
    named = dict(word.split("=", 1) for word in words if word.split("=", 1)[0].isidentifier() and "=" in word)
    args = [json.loads(word) for word in words if word.split("=", 1)[0] not in named]
    kwargs = {name: json.loads(word) for name, word in named.items()}
    body = [msgpack.packb(part) for part in (method, args, kwargs)]
    socket.send_multipart([b"", b"MDPC01", service.encode(), request, *body])
    huge = None
    while True:
        _, tag, _, answered, first, *rest = socket.recv_multipart()
        assert tag == b"MDPC01" and answered == request
        if not rest:
            reply = msgpack.unpackb(first, strict_map_key=False)
            if reply["exception"]:
                failed(reply["exception"])
            return print("value", shown(reply["result"]), flush=True)
        if rest[0] == EXCEPTION:
            failed(msgpack.unpackb(rest[1]))
        if first == b"GateStreamGenerator":
            if rest[0] == b"GateStreamEnd":
                return print("end", flush=True)
            print("item", shown(msgpack.unpackb(rest[0], strict_map_key=False)), flush=True)
            continue
        assert first == TAG
        if huge is None:
            huge = Reader(codec)
            print("chunk", flush=True)
        if rest[0] == END:
            return print("value", shown(huge.value()), flush=True)
        huge.take(rest[0])


if __name__ == "__main__":
    main()
