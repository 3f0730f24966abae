"""What the drivers written in Python share: the prepared events, the clock, the result, the questions in SQL.

A result has the members of `PeerResult` in Sources/tally-bench/PeerResult.swift.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import struct
import time

MODULUS = 1_000_003
STRIDE = 1000
SMALL = 1000
BULK = 100_000
SINGLES = 1000

COLUMNS = [
    "sequence", "id", "time", "type", "severity", "user_id", "action", "resource_type", "resource_id", "result",
    "error", "component", "message", "ip", "agent", "request", "session", "correlation", "duration", "details",
    "extra",
]
NUMBERS = {"sequence", "time", "result", "duration"}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prepared", required=True, help="directory that `tally-bench prepare` wrote")
    parser.add_argument("--work", required=True, help="directory for stores, on the disk that is to be measured")
    parser.add_argument("--result", required=True, help="file for the result")
    parser.add_argument("--seconds", type=float, default=None, help="seconds that a load of small commits may take")
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    return options


class Prepared:
    """The prepared events and questions."""

    def __init__(self, directory):
        self.directory = directory
        with open(f"{directory}/manifest.json") as file:
            self.manifest = json.load(file)
        self.events = self.manifest["events"]
        self.questions = self.manifest["questions"]

    def path(self, form):
        return os.path.abspath(f"{self.directory}/events.{form}")

    def offsets(self, form):
        with open(self.path(form) + ".offsets", "rb") as file:
            data = file.read()
        return struct.unpack(f"<{len(data) // 8}Q", data)

    def chunks(self, size):
        return [(start, min(start + size, self.events)) for start in range(0, self.events, size)]

    def read(self, form, start, end):
        """The bytes of the events from `start` until before `end`, both multiples of a thousand or the end."""
        offsets = self.offsets_of(form)
        with open(self.path(form), "rb") as file:
            file.seek(offsets[start // STRIDE])
            return file.read(offsets[-(-end // STRIDE)] - offsets[start // STRIDE])

    def offsets_of(self, form):
        cache = self.__dict__.setdefault("_offsets", {})
        if form not in cache:
            cache[form] = self.offsets(form)
        return cache[form]


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def process_cpu_seconds(pid):
    """CPU time of another process and of its children that ended."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def peak_bytes(pid="self"):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def percentile(part, values):
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def bytes_below(directory):
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                total += os.stat(path).st_size
    return total


def evict(directory):
    """Takes files out of the system's cache, as after a restart of the machine."""
    for folder, _, names in os.walk(directory):
        for name in names:
            descriptor = os.open(os.path.join(folder, name), os.O_RDONLY)
            os.fdatasync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def warm(directory):
    """Reads files, so that the system's cache holds them: questions are asked warm."""
    for folder, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(folder, name), "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass


def fresh(directory):
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    return directory


def machine():
    processor = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                processor = line.split(":", 1)[1].strip()
                break
    system = platform.uname()
    return {
        "cores": os.cpu_count(),
        "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "processor": processor,
        "system": f"{system.system} {system.release} {system.machine}",
        "load": os.getloadavg()[0],
    }


class Result:
    def __init__(self, peer, prepared, version, policy, durability):
        self.values = {
            "peer": peer, "version": version, "policy": policy, "durability": durability,
            "workload": prepared.manifest["workload"], "events": prepared.events, "machine": machine(),
            "ingest": [], "questions": {}, "notes": [],
        }

    def __setitem__(self, key, value):
        self.values[key] = value

    def ingest(self, commit, events, seconds, cpu, client=None):
        entry = {
            "commit": commit, "producers": 1, "events": events, "seconds": seconds, "cpuSeconds": cpu,
        }
        if client is not None:
            entry["clientCpuSeconds"] = client
        self.values["ingest"].append(entry)

    def single(self, seconds):
        self.values["single"] = {
            "p50Milliseconds": percentile(0.5, seconds) * 1e3, "p99Milliseconds": percentile(0.99, seconds) * 1e3,
        }

    def note(self, text):
        self.values["notes"].append(text)

    def write(self, path):
        with open(path, "w") as file:
            json.dump(self.values, file, indent=2, sort_keys=True)
            file.write("\n")


def load(result, commits, commit, run, cpu=cpu_seconds, client=None, seconds_most=None):
    """Times `run(form)` for each of the commits, pairs of (events, form); each form is made outside the clock."""
    seconds = used = used_client = 0.0
    events = 0
    for count, form in commits:
        before = cpu()
        before_client = client() if client else 0
        start = time.perf_counter()
        run(form)
        seconds += time.perf_counter() - start
        used += cpu() - before
        used_client += (client() - before_client) if client else 0
        events += count
        if seconds_most is not None and seconds >= seconds_most:
            break
    result.ingest(commit, events, seconds, used, used_client if client else None)
    return events


def ask(result, questions, asking, answering, cpu=cpu_seconds):
    """Asks each question until its time is known; `asking(question, turn)`, `answering(question)` for the answer."""
    for question in questions:
        rows, check = answering(question)
        times = []
        before = cpu()
        while len(times) < 5 or (len(times) < 500 and sum(times) < 1.0):
            start = time.perf_counter()
            asking(question, len(times))
            times.append(time.perf_counter() - start)
        result.values["questions"][question["name"]] = {
            "rows": rows, "check": check, "p50Milliseconds": percentile(0.5, times) * 1e3,
            "p99Milliseconds": percentile(0.99, times) * 1e3,
            "cpuMilliseconds": (cpu() - before) / len(times) * 1e3, "askings": len(times),
        }


GROUPED = {"types", "userTypes", "top", "minutes"}
COUNTED = {"text", "path"}


def literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def sql(question, turn, dialect):
    """A question as SQL with its parameters written out."""
    quoted = dialect.get("literal", literal)
    kind = question["kind"]
    user = quoted(question.get("user", ""))
    kind_of_event = quoted(question.get("type", ""))
    span = f"time >= {question.get('from', 0)} AND time < {question.get('to', 0)}"
    limit = question.get("limit")
    if kind == "latest":
        return f"SELECT * FROM event WHERE user_id = {user} ORDER BY time DESC LIMIT {limit}"
    if kind == "userTypes":
        return f"SELECT type, count(*) AS n FROM event WHERE user_id = {user} AND {span} GROUP BY type"
    if kind == "failures":
        return f"SELECT * FROM event WHERE type = {kind_of_event} AND result = 2 AND {span} ORDER BY time DESC"
    if kind == "resource":
        return (
            f"SELECT * FROM event WHERE resource_type = {quoted(question['resourceType'])} "
            f"AND resource_id = {quoted(question['resourceID'])} ORDER BY time DESC LIMIT {limit}"
        )
    if kind == "id":
        ids = question["ids"]
        return f"SELECT * FROM event WHERE id = {quoted(ids[turn % len(ids)])}"
    if kind == "types":
        return "SELECT type, count(*) AS n FROM event GROUP BY type"
    if kind == "minutes":
        return f"SELECT {dialect['minute']} AS minute, count(*) AS n FROM event GROUP BY minute"
    if kind == "text":
        found = " OR ".join(dialect["contains"](column, quoted(question["text"])) for column in dialect["texts"])
        return f"SELECT count(*) AS n FROM event WHERE {found}"
    if kind == "rare":
        return (
            f"SELECT * FROM event WHERE user_id = {user} AND type = {kind_of_event} AND result = 2 "
            f"ORDER BY time DESC LIMIT {limit}"
        )
    if kind == "top":
        return (
            f"SELECT user_id, count(*) AS n FROM event WHERE user_id IS NOT NULL AND {span} "
            f"GROUP BY user_id ORDER BY n DESC LIMIT {limit}"
        )
    if kind == "session":
        return f"SELECT * FROM event WHERE session = {quoted(question['session'])} ORDER BY time DESC"
    if kind == "path":
        return f"SELECT count(*) AS n FROM event WHERE {dialect['path'](question['key'], quoted(question['value']))}"
    raise ValueError(f"unknown question {kind}")


def answer_sql(question, dialect):
    """The same as one row: rows and the sum that makes answers comparable."""
    inner = sql(question, 0, dialect)
    if question["kind"] in COUNTED:
        return f"SELECT n, 0 FROM ({inner}) AS answer"
    total = "n * n" if question["kind"] in GROUPED else f"time % {MODULUS}"
    return f"SELECT count(*), coalesce(sum({total}), 0) FROM ({inner}) AS answer"
