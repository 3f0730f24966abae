"""ClickHouse, in the process through chDB, fed with its Native format, sorted by type and time, with bloom filters."""

import os
import time

import chdb
import common
from chdb import session as chdb_session

options = common.arguments()
prepared = common.Prepared(options.prepared)
work = os.path.join(options.work, "clickhouse")
forms = os.path.join(options.work, "clickhouse-forms")

DIALECT = {
    "minute": "intDiv(time, 60000000000)",
    "contains": lambda column, text: f"position({column}, {text}) > 0",
    "texts": ["message", "error", "details"],
    "path": lambda key, value: f"JSONExtractString(details, '{key}') = {value}",
}
LOW = {"type", "severity", "action", "resource_type", "component", "error", "agent"}
STRUCTURE = {
    name: (
        "Int64" if name in ("sequence", "time")
        else "Nullable(UInt8)" if name == "result"
        else "Nullable(Int64)" if name == "duration"
        else "LowCardinality(String)" if name == "type"
        else "LowCardinality(Nullable(String))" if name in LOW
        else "Nullable(String)"
    )
    for name in common.COLUMNS
}
POLICY = (
    "MergeTree ORDER BY (type, time), ZSTD(1), delta codec for times, LowCardinality for repeated texts, bloom filters "
    "on id, user_id, resource_id and session; Native format; OPTIMIZE FINAL before the questions; answers as Native"
)


def structure():
    return ", ".join(f"{name} {kind}" for name, kind in STRUCTURE.items())


def column(name, kind):
    codec = "CODEC(Delta, ZSTD(1))" if name in ("sequence", "time") else "CODEC(ZSTD(1))"
    return f"{name} {kind} {codec}"


def open_session():
    session = chdb_session.Session(os.path.join(work, "db"))
    session.query("CREATE DATABASE IF NOT EXISTS audit")
    session.query("USE audit")
    return session


def create():
    columns = ", ".join(column(name, kind) for name, kind in STRUCTURE.items())
    indexes = ", ".join(
        f"INDEX by_{name} {name} TYPE bloom_filter(0.01) GRANULARITY 1"
        for name in ("id", "user_id", "resource_id", "session")
    )
    session.query("DROP TABLE IF EXISTS event SYNC")
    session.query(
        f"CREATE TABLE event ({columns}, {indexes}) ENGINE = MergeTree ORDER BY (type, time) "
        "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1")


def prepare_forms(size, most=None):
    """Native files, one a commit, made by ClickHouse itself from the comma-separated values."""
    common.fresh(forms)
    paths = []
    for start, end in prepared.chunks(size):
        if most is not None and start >= most:
            break
        source = os.path.join(forms, "piece.csv")
        with open(source, "wb") as file:
            file.write(prepared.read("csv", start, end))
        target = os.path.join(forms, f"{start:012}.native")
        data = session.query(f"SELECT * FROM file('{source}', 'CSV', '{structure()}')", "Native").bytes()
        with open(target, "wb") as file:
            file.write(data)
        paths.append((end - start, target))
    return paths


def insert(path):
    session.query(f"INSERT INTO event SELECT * FROM file('{path}', 'Native', '{structure()}')")


result = common.Result(
    "ClickHouse", prepared, chdb.__version__ + " (chDB)", POLICY,
    "each part and its directory synced at each insert (fsync_after_insert, fsync_part_directory)",
)
common.fresh(work)
# chDB keeps one server a process: forms are made by the one that is measured, outside the clock.
session = open_session()
# Preparing small commits takes longer than loading them: the first events have to do.
small_most = 1_000_000 if options.seconds is not None else None
small = prepare_forms(common.SMALL, small_most)
create()
common.load(result, small, common.SMALL, insert, seconds_most=options.seconds)

times = []
create()
one = os.path.join(forms, "one.native")
with open(one, "wb") as file:
    file.write(session.query(f"SELECT * FROM file('{small[0][1]}', 'Native') LIMIT 1", "Native").bytes())
for _ in range(100):
    start = time.perf_counter()
    insert(one)
    times.append(time.perf_counter() - start)
result.single(times)

bulk = prepare_forms(common.BULK)
create()
common.load(result, bulk, common.BULK, insert)
result["memoryBytes"] = common.peak_bytes()
session.query("OPTIMIZE TABLE event FINAL")
# Parts that a merge replaced are deleted in the background; only what is active counts.
size = session.query(
    "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'event'", "CSV").data()
result["bytes"] = int(size.strip())
session.close()
common.fresh(forms)

common.evict(work)
start = time.perf_counter()
session = open_session()
if prepared.questions:
    session.query(common.sql(prepared.questions[0], 0, DIALECT), "Native")
result["openMilliseconds"] = (time.perf_counter() - start) * 1e3

common.warm(work)

def asking(question, turn):
    return len(session.query(common.sql(question, turn, DIALECT), "Native").bytes())


def answering(question):
    text = session.query(common.answer_sql(question, DIALECT), "TSV").data()
    return tuple(int(value) for value in text.split())


common.ask(result, prepared.questions, asking, answering)
session.close()
result.write(options.result)
common.fresh(work)
