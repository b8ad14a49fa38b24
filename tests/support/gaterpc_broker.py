#!/usr/bin/env python3
"""A broker of gate-rpc, written from its specification, for tests of this project's worker and client.

It is as strict and as silent as the original: the broker sends the first heartbeat, a second READY is answered with
DISCONNECT, and malformed messages are dropped without an answer. It prints the messages that it gets.
"""
import argparse
import collections
import time

import msgpack
import zmq

READY, REQUEST, REPLY, HEARTBEAT, DISCONNECT = (bytes([n]) for n in range(1, 6))
CLIENT, WORKER = b"MDPC01", b"MDPW01"


class Dropped(Exception):
    """A message that the original does not answer."""


def need(condition, why):
    if not condition:
        raise Dropped(why)


class Worker:
    def __init__(self, service, credit):
        self.service, self.credit = service, credit
        self.heard, self.said = time.monotonic(), 0.0


class Broker:
    def __init__(self, options):
        self.interval, self.patience, self.silence = options.heartbeat, options.timeout, options.silence
        self.login = [b"PLAIN", options.user.encode(), options.password.encode()] if options.user else []
        self.front, self.back = (zmq.Context.instance().socket(zmq.ROUTER) for _ in range(2))
        for socket, address in ((self.front, options.frontend), (self.back, options.backend)):
            socket.linger = 0
            socket.bind(address)
        self.workers, self.services, self.waiting = {}, {}, collections.deque()
        self.next_check = time.monotonic() + 3 * self.interval

    def without_login(self, frames):
        need(frames[: len(self.login)] == self.login, "not admitted")
        return frames[len(self.login):]

    # --- clients

    def answer(self, client, service, request, result=None, error=None):
        exception = error and [error[0], "%s(%r)" % error, ""]
        body = msgpack.packb({"result": result, "exception": exception})
        self.front.send_multipart([client, b"", CLIENT, service, request, body])

    def from_client(self, client, empty, tag, service, *rest):
        need(empty == b"" and tag == CLIENT, "no client")
        request, *body = self.without_login(list(rest))
        need(body, "no body")
        if service == b"Gate":
            return self.internal(client, service, request, *body)
        if not any(w.service == service for w in self.workers.values()):
            text = "The %s Service unavailable." % service.decode()
            return self.answer(client, service, request, error=("ServiceUnAvailableError", text))
        self.waiting.append((time.monotonic(), client, service, request, body))
        self.dispatch()

    def internal(self, client, service, request, function, args=b"\x90", kwargs=b"\x80"):
        function, args = msgpack.unpackb(function), msgpack.unpackb(args)
        need(isinstance(msgpack.unpackb(kwargs), dict), "kwargs")
        print("internal", function, args, flush=True)
        results = {
            "get_services": lambda: [*self.services, "Gate"],
            "query_service": lambda: self.services.get(args[0]),
            "keepalive": lambda: b"200" if args[0] == b"heartbeat" else b"400",
        }
        need(function in results, "no such function")
        self.answer(client, service, request, results[function]())

    def dispatch(self):
        kept = collections.deque()
        for since, client, service, request, body in self.waiting:
            free = [i for i, w in self.workers.items() if w.service == service and w.credit > 0]
            if free:
                name = max(free, key=lambda i: self.workers[i].credit)
                self.workers[name].credit -= 1
                self.to_worker(name, REQUEST, client, b"", request, *body)
            elif time.monotonic() - since > self.patience:
                self.answer(client, service, request, error=("BusyWorkerError", "No idle worker."))
            else:
                kept.append((since, client, service, request, body))
        self.waiting = kept

    # --- workers

    def to_worker(self, name, *frames):
        if name in self.workers:
            self.workers[name].said = time.monotonic()
        self.back.send_multipart([name, b"", WORKER, *frames])

    def from_worker(self, name, empty, tag, command, *rest):
        need(empty == b"" and tag == WORKER, "no worker")
        rest = self.without_login(list(rest))
        if command == READY:
            need(len(rest) == 1, "READY has one frame")
            parts = rest[0].decode().split(":")
            need(len(parts) == 3, "READY has three parts")
            print("ready", len(name), rest[0].decode(), flush=True)
            if self.workers.pop(name, None):
                return self.to_worker(name, DISCONNECT)
            self.workers[name] = Worker(parts[0].encode(), int(parts[2]))
            self.services.setdefault(parts[0], parts[1])
            return self.dispatch()
        need(name in self.workers, "not registered")
        worker = self.workers[name]
        if command == HEARTBEAT:
            need(not rest, "a HEARTBEAT has no frames")
            print("heartbeat", flush=True)
        elif command == REPLY:
            worker.credit += 1
            need(len(rest) >= 4 and rest[1] == b"", "a short REPLY")
            self.front.send_multipart([rest[0], b"", CLIENT, worker.service, *rest[2:]])
        elif command == DISCONNECT:
            need(len(rest) == 1, "a DISCONNECT has one frame")
            print("disconnect", flush=True)
            del self.workers[name]
            return
        worker.heard = time.monotonic()
        self.dispatch()

    def keep_alive(self):
        now = time.monotonic()
        for name in [n for n, w in self.workers.items() if now - w.said >= self.interval]:
            self.to_worker(name, HEARTBEAT)
        if now >= self.next_check:
            self.next_check = now + min(self.silence, 3 * self.interval)
            for name in [n for n, w in self.workers.items() if now - w.heard > self.silence]:
                print("banned", flush=True)
                del self.workers[name]
                self.to_worker(name, DISCONNECT)

    def run(self):
        poller = zmq.Poller()
        poller.register(self.front, zmq.POLLIN)
        poller.register(self.back, zmq.POLLIN)
        print("listening frontend=%s backend=%s" % tuple(
            s.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0") for s in (self.front, self.back)), flush=True)
        while True:
            ready = dict(poller.poll(self.interval * 250))
            for socket, handle in ((self.front, self.from_client), (self.back, self.from_worker)):
                if socket not in ready:
                    continue
                frames = socket.recv_multipart()
                try:
                    handle(*frames)
                except (Dropped, TypeError, ValueError) as e:
                    print("dropped", e, flush=True)
            self.keep_alive()
            self.dispatch()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--frontend", default="tcp://127.0.0.1:*")
    parser.add_argument("--backend", default="tcp://127.0.0.1:*")
    parser.add_argument("--heartbeat", type=float, default=0.3, help="seconds")
    parser.add_argument("--silence", type=float, default=60, help="seconds after which a silent worker is banned")
    parser.add_argument("--timeout", type=float, default=30, help="seconds that a call waits for a worker")
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    Broker(parser.parse_args()).run()


if __name__ == "__main__":
    main()
