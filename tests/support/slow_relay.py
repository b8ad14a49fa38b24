#!/usr/bin/env python3
"""A relay that limits the bytes a second, in each direction of each connection.

usage: slow_relay.py TARGET BYTES_PER_SECOND [DELAY]

TARGET is tcp://host:port. DELAY is the additional time in seconds for each byte in each direction, as over a long way:
half of a round trip. It prints the address where it listens, as tcp://127.0.0.1:PORT. It reads no faster than it
passes on, and holds little: the rest stays with the sender. SIGUSR1 stops all traffic, and the next SIGUSR1 starts it
again.
"""
import collections
import selectors
import signal
import socket
import sys
import time

BUFFER = 16 << 10  # bytes asked of the system for each socket; it takes some more
STEP = 0.01  # seconds

stalled = False


def toggle(*_):
    global stalled
    stalled = not stalled


class Way:
    """One direction of a connection."""

    def __init__(self, source, sink):
        self.source, self.sink, self.allowance, self.at = source, sink, 0.0, time.monotonic()
        self.on_the_way, self.blocked = collections.deque(), False  # pairs of arrival time and bytes

    def step(self, rate, delay):
        """Passes on as many bytes as the limit allows. False at the end of the connection."""
        now = time.monotonic()
        self.allowance = min(self.allowance + (now - self.at) * rate, max(rate * 0.2, 1))
        self.at = now
        try:
            if not self.blocked and self.allowance >= 1:
                raw = self.source.recv(min(int(self.allowance), 65536))
                if not raw:
                    return False
                self.allowance -= len(raw)
                self.on_the_way.append((now + delay, raw))
        except BlockingIOError:
            pass
        except OSError:
            return False
        return self.arrive(now)

    def arrive(self, now):
        try:
            while self.on_the_way and self.on_the_way[0][0] <= now:
                due, raw = self.on_the_way[0]
                rest = raw[self.sink.send(raw):]
                self.on_the_way.popleft()
                self.blocked = bool(rest)
                if rest:
                    self.on_the_way.appendleft((due, rest))
                    break
        except BlockingIOError:
            self.blocked = True
        except OSError:
            return False
        return True


def small(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    return sock


def main():
    host, port = sys.argv[1].removeprefix("tcp://").rsplit(":", 1)
    rate = float(sys.argv[2])
    delay = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    signal.signal(signal.SIGUSR1, toggle)
    listener = small(socket.socket())
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print("tcp://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    watched = selectors.DefaultSelector()
    watched.register(listener, selectors.EVENT_READ)
    pairs = []
    while True:
        if watched.select(STEP if pairs else None):
            near, _ = listener.accept()
            far = small(socket.socket())
            far.connect((host, int(port)))
            for end in (near, far):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pairs.append((Way(near, far), Way(far, near)))
        if stalled:
            time.sleep(STEP)
            continue
        for pair in list(pairs):
            if all([way.step(rate, delay) for way in pair]):
                continue
            pairs.remove(pair)
            for way in pair:
                way.source.close()


if __name__ == "__main__":
    main()
