"""The broker, the worker and the client of the benchmark as processes."""
import json


class Bench:
    """A broker and a worker. Each may run under another program, such as valgrind."""

    def __init__(self, system, name, broker_under=(), worker_under=()):
        self.system = system
        self.front, self.back = (f"ipc://{system.folder}/{name}-{side}" for side in ("front", "back"))
        self.broker = system.start(*broker_under, system.program("gate-broker"), "--frontend", self.front, "--backend",
                                   self.back)
        self.broker.line_with("listening ", 60)
        self.worker = system.start(*worker_under, system.program("gate-bench-worker"), "--broker", self.back,
                                   "--service", "bench", "--capacity", "4096", "--print-ready")
        self.worker.line_with("READY", 60)

    def client(self, *flags, under=(), seconds=120):
        """Runs the client to its end. Returns what it measured."""
        client = self.system.start(*under, self.system.program("gate-bench-client"), "--endpoint", self.front,
                                   *map(str, flags))
        client.wait(seconds)
        found = [line for line in client.output().splitlines() if line.startswith("{")]
        if not found:
            raise ValueError(f"the client failed: {client.log()[-300:]}")
        return json.loads(found[-1])

    def end(self):
        for process in (self.worker, self.broker):
            process.signal(15)
            process.wait(60)
