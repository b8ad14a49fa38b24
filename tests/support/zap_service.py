#!/usr/bin/env python3
"""A ZAP service (RFC 27) without this project's code, for tests of a broker that asks one about logins.

Each user has a password, and may have a status that replaces 200 in the answers to its logins. It prints where it
listens, and each request without the password.
"""
import argparse

import zmq


def verdict(users, domain, mechanism, credentials):
    if domain != b"gate":
        return b"400", b"Invalid domain"
    if mechanism != b"PLAIN" or len(credentials) != 2:
        return b"400", b"Invalid credentials"
    password, status = users.get(credentials[0], (None, b""))
    if credentials[1] != password:
        return b"400", b"Invalid password"
    return status, b"OK" if status == b"200" else b"Not now"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bind", required=True)
    parser.add_argument("--user", action="append", nargs=3, default=[], metavar=("NAME", "PASSWORD", "STATUS"))
    options = parser.parse_args()
    users = {name.encode(): (password.encode(), status.encode()) for name, password, status in options.user}
    socket = zmq.Context.instance().socket(zmq.ROUTER)
    socket.linger = 0
    socket.bind(options.bind)
    print("listening", flush=True)
    while True:
        peer, empty, version, request, domain, _address, _identity, mechanism, *credentials = socket.recv_multipart()
        assert empty == b"" and version == b"1.0"
        status, text = verdict(users, domain, mechanism, credentials)
        user = credentials[0] if status == b"200" else b""
        print("asked", mechanism.decode(), credentials[0].decode(), status.decode(), flush=True)
        socket.send_multipart([peer, b"", b"1.0", request, status, text, user, b""])


if __name__ == "__main__":
    main()
