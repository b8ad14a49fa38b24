#!/usr/bin/env python3
"""A client of gate/2 that breaks the rules. It knows just the part of docs/protocol.md that it needs.

usage: gate2_peer.py deaf ENDPOINT METHOD NUMBER   calls METHOD(NUMBER) of test, reads the answers, and answers no mark
       gate2_peer.py half ENDPOINT COUNT BYTES     COUNT connections, each with a request of BYTES bytes in pieces,
                                                   whose last piece is never sent

Then writes BEGUN, and sends heartbeats until it is killed.
"""
import struct
import sys
import time

import zmq

HELLO, WELCOME, REQUEST, HEARTBEAT, PIECE = 1, 2, 3, 9, 15
PIECES = 0x04  # capability
PIECE_BYTES = 60_000


def field(tag, raw):
    return struct.pack("<BH", tag, len(raw)) + raw


def envelope(kind, call=0, fields=b"", payload=b"", flags=0):
    if isinstance(call, int):
        call = struct.pack("<Q", call)
    rest = struct.pack("<BBH", kind, flags, len(fields)) + call + fields + payload
    return struct.pack("<I", len(rest)) + rest


def connect(context, endpoint):
    socket = context.socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(endpoint)
    fields = field(21, struct.pack("<HH", 1, 1)) + field(22, struct.pack("<I", 1 | PIECES)) + field(23, b"\1")
    socket.send(envelope(HELLO, b"gate/2\r\n", fields))
    if not socket.poll(20_000) or socket.recv()[4] != WELCOME:
        sys.exit("not welcome")
    return socket


def request(method, payload):
    return envelope(REQUEST, 1, field(1, b"test") + field(2, method.encode()), payload)


def main():
    how, endpoint, first, second = sys.argv[1:]
    context = zmq.Context()
    if how == "deaf":
        sockets = [connect(context, endpoint)]
        sockets[0].send(request(first, b"\x91\xce" + struct.pack(">I", int(second))))
    else:
        sockets = [connect(context, endpoint) for _ in range(int(first))]
        whole = request("length_of", b"\x91\xdb" + struct.pack(">I", int(second)) + b"x" * int(second))
        for socket in sockets:
            for at in range(0, len(whole) - PIECE_BYTES, PIECE_BYTES):
                socket.send(envelope(PIECE, payload=whole[at:at + PIECE_BYTES]))
    print("BEGUN", flush=True)
    while True:
        for socket in sockets:
            socket.send(envelope(HEARTBEAT))
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            for socket in sockets:
                while socket.poll(0):
                    socket.recv_multipart()
            time.sleep(0.01)


if __name__ == "__main__":
    main()
