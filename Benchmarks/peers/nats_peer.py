"""NATS JetStream: how fast events can be published to a stream in files. It answers none of the questions.

Speaks the protocol itself: messages are put together outside the clock and sent in one piece, acknowledgements are
counted, so that the client costs next to nothing.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time

import common

options = common.arguments()
prepared = common.Prepared(options.prepared)
work = os.path.abspath(os.path.join(options.work, "nats"))
program = shutil.which("nats-server", path=os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"])
# In bulk, so many messages may be unacknowledged; the server refuses many more.
WINDOW = 4000


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def configuration(port, synced):
    path = os.path.join(work, "server.conf")
    with open(path, "w") as file:
        file.write(
            f"listen: 127.0.0.1:{port}\nmax_payload: 8MB\n"
            f"jetstream {{ store_dir: \"{work}/data\", max_file_store: 64GB, "
            f"sync_interval: {'always' if synced else '2m'} }}\n"
        )
    return path


class Client:
    """One connection; every reply arrives under one subscription."""

    def __init__(self, port):
        for _ in range(100):
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        hello = json.dumps({"verbose": False, "pedantic": False}).encode()
        self.socket.sendall(b"CONNECT " + hello + b"\r\nSUB inbox 1\r\nPING\r\n")
        while b"PONG\r\n" not in self.rest:
            self.rest += self.socket.recv(1 << 16)
        self.rest = b""

    def ask(self, subject, value):
        body = json.dumps(value).encode()
        self.socket.sendall(message(subject, body))
        self.wait(1)

    def wait(self, count):
        """Waits for so many replies, none of which may be an error."""
        while count > 0:
            data = self.rest + self.socket.recv(1 << 18)
            if not data:
                raise RuntimeError("nats-server closed the connection")
            # A reply is whole once its second line is; what comes after the last line end waits.
            whole = data.rfind(b"\r\n") + 2
            data, self.rest = data[:whole], data[whole:]
            if b'"error"' in data or b"-ERR" in data:
                raise RuntimeError(data[:300].decode(errors="replace"))
            if b"PING\r\n" in data:
                self.socket.sendall(b"PONG\r\n")
            count -= data.count(b'"stream":') + data.count(b"stream_create_response")


def message(subject, body):
    return b"PUB %s inbox %d\r\n%s\r\n" % (subject.encode(), len(body), body)


def commits(size):
    for start, end in prepared.chunks(10_000):
        lines = prepared.read("jsonl", start, end).splitlines()
        for place in range(0, len(lines), size):
            piece = lines[place:place + size]
            yield len(piece), (len(piece), b"".join(message("audit", line) for line in piece))


def start_server(synced):
    common.fresh(work)
    port = free_port()
    with open(f"{work}/log", "w") as log:
        server = subprocess.Popen([program, "-c", configuration(port, synced)], stdout=log, stderr=log)
    client = Client(port)
    client.ask("$JS.API.STREAM.CREATE.audit", {"name": "audit", "subjects": ["audit"], "storage": "file"})
    return server, client


def measure(synced, result):
    for commit, size in ((1, 1), (common.SMALL, common.SMALL), (common.BULK, WINDOW)):
        server, client = start_server(synced)

        def publish(form):
            count, data = form
            client.socket.sendall(data)
            client.wait(count)

        try:
            if commit == 1:
                times = []
                for line in prepared.read("jsonl", 0, min(1000, prepared.events)).splitlines():
                    data = message("audit", line)
                    start = time.perf_counter()
                    publish((1, data))
                    times.append(time.perf_counter() - start)
                result.single(times)
                continue
            loaded = common.load(
                result, commits(size), commit, publish, cpu=lambda: common.process_cpu_seconds(server.pid),
                client=common.cpu_seconds, seconds_most=options.seconds or 60)
            result["memoryBytes"] = common.peak_bytes(server.pid)
            result["bytes"] = common.bytes_below(f"{work}/data") * prepared.events // loaded
        finally:
            client.socket.close()
            server.terminate()
            server.wait()
    shutil.rmtree(work, ignore_errors=True)


version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.split(":")[-1].strip()
path, extension = os.path.splitext(options.result)
for synced in (True, False):
    result = common.Result(
        "NATS JetStream" if synced else "NATS JetStream, unsynced", prepared, version.lstrip("v"),
        f"file store, one stream; a commit is so many messages sent at once and all acknowledged, in bulk {WINDOW} at "
        "a time; no index",
        "sync_interval: always, every message synced" if synced
        else "sync_interval: 2m (its default): an acknowledged message may be lost",
    )
    measure(synced, result)
    result.write(options.result if synced else f"{path}-unsynced{extension}")
