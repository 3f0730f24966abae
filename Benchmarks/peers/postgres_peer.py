"""PostgreSQL with the table that audit systems use, in a cluster of its own, through libpq."""

import glob
import os
import pwd
import subprocess
import time

import common
import psycopg

options = common.arguments()
prepared = common.Prepared(options.prepared)
work = os.path.abspath(os.path.join(options.work, "postgres"))
binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]

NAMES = {
    name: (
        "bigint" if name in ("sequence", "time", "duration") else "smallint" if name == "result"
        else "jsonb" if name in ("details", "extra") else "text"
    )
    for name in common.COLUMNS
}
DIALECT = {
    "minute": "time / 60000000000",
    "contains": lambda column, text: f"position({text} in {column}{'::text' if column == 'details' else ''}) > 0",
    "texts": ["message", "error", "details"],
    "path": lambda key, value: f"details->>'{key}' = {value}",
    "literal": lambda text: "'" + text.replace("'", "''") + "'",
}
# As its documentation advises for a machine that does little else.
memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
SETTINGS = {
    "shared_buffers": f"{memory // 4 >> 20}MB", "effective_cache_size": f"{memory * 3 // 4 >> 20}MB",
    "maintenance_work_mem": "512MB", "work_mem": "64MB", "max_wal_size": "8GB", "checkpoint_timeout": "15min",
    "wal_compression": "on", "random_page_cost": "1.1", "synchronous_commit": "on", "fsync": "on",
    "full_page_writes": "on", "listen_addresses": "''", "unix_socket_directories": f"'{work}'",
    "max_parallel_workers_per_gather": str(os.cpu_count()), "jit": "off",
}


def as_owner(*command):
    """PostgreSQL refuses to run as root."""
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, user=account.pw_uid, group=account.pw_gid, extra_groups=[],
            cwd="/")
    else:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


def start_cluster():
    common.fresh(work)
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(work, account.pw_uid, account.pw_gid)
    as_owner(
        f"{binaries}/initdb", "-D", f"{work}/data", "-U", "bench", "--auth=trust", "-E", "UTF8", "--locale=C", "-N")
    with open(f"{work}/data/postgresql.auto.conf", "a") as file:
        file.write("".join(f"{name} = {value}\n" for name, value in SETTINGS.items()))
    as_owner(f"{binaries}/pg_ctl", "-D", f"{work}/data", "-l", f"{work}/log", "-w", "start")


def stop_cluster():
    as_owner(f"{binaries}/pg_ctl", "-D", f"{work}/data", "-m", "fast", "-w", "stop")


def connect():
    return psycopg.connect(host=work, user="bench", dbname="postgres", autocommit=True)


def server_processes():
    with open(f"{work}/data/postmaster.pid") as file:
        postmaster = int(file.readline())
    pids = [postmaster]
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    if int(file.read().rsplit(")", 1)[1].split()[1]) == postmaster:
                        pids.append(int(entry))
            except FileNotFoundError:
                pass
    return pids


def server_cpu():
    total = 0.0
    for pid in server_processes():
        try:
            total += common.process_cpu_seconds(pid)
        except FileNotFoundError:
            pass
    return total


def create(connection):
    columns = ", ".join(f"{name} {kind}" for name, kind in NAMES.items())
    connection.execute("DROP TABLE IF EXISTS event")
    connection.execute(f"CREATE TABLE event ({columns}, PRIMARY KEY (id))")
    connection.execute("CREATE INDEX event_user ON event (user_id, time)")
    connection.execute("CREATE INDEX event_type ON event (type, time)")
    connection.execute("CREATE INDEX event_resource ON event (resource_type, resource_id, time)")
    connection.execute("CREATE INDEX event_session ON event (session, time)")


def stage(connection):
    """All events in a table that is not part of the measurement, so that PostgreSQL itself makes its binary form."""
    columns = ", ".join(f"{name} {kind}" for name, kind in NAMES.items())
    connection.execute("DROP TABLE IF EXISTS staged")
    connection.execute(f"CREATE UNLOGGED TABLE staged ({columns})")
    with connection.cursor() as cursor:
        for start, end in prepared.chunks(common.BULK):
            with cursor.copy("COPY staged FROM STDIN (FORMAT csv)") as copy:
                copy.write(prepared.read("csv", start, end))
    connection.execute("CREATE INDEX ON staged (sequence)")
    connection.execute("ANALYZE staged")


def binary(connection, start, end):
    pieces = []
    with connection.cursor() as cursor:
        query = (
            f"COPY (SELECT * FROM staged WHERE sequence >= {start} AND sequence < {end} ORDER BY sequence) "
            "TO STDOUT (FORMAT binary)"
        )
        with cursor.copy(query) as copy:
            for piece in copy:
                pieces.append(bytes(piece))
    return b"".join(pieces)


def commits(connection, size):
    for start, end in prepared.chunks(size):
        yield end - start, binary(connection, start, end)


def insert(connection):
    cursor = connection.cursor()

    def run(data):
        with cursor.copy("COPY event FROM STDIN (FORMAT binary)") as copy:
            copy.write(data)

    return run


start_cluster()
try:
    connection = connect()
    other = connect()
    version = connection.execute("SHOW server_version").fetchone()[0].split()[0]
    result = common.Result(
        "PostgreSQL", prepared, version,
        "COPY in binary form, one a commit; jsonb details; PRIMARY KEY (id), indexes on (user, time), (type, time), "
        "(resource, time), (session, time); shared_buffers a quarter of the memory; VACUUM ANALYZE before the questions; raw libpq answers",
        "fsync=on, synchronous_commit=on, full_page_writes=on",
    )
    stage(other)

    create(connection)
    times = []
    for place in range(min(common.SINGLES, prepared.events)):
        data = binary(other, place, place + 1)
        start = time.perf_counter()
        insert(connection)(data)
        times.append(time.perf_counter() - start)
    result.single(times)

    for size, most in ((common.SMALL, options.seconds), (common.BULK, None)):
        create(connection)
        connection.execute("CHECKPOINT")
        common.load(
            result, commits(other, size), size, insert(connection), cpu=server_cpu, client=common.cpu_seconds,
            seconds_most=most)
    other.execute("DROP TABLE staged")
    connection.execute("VACUUM ANALYZE event")
    connection.execute("CHECKPOINT")
    result["memoryBytes"] = max(common.peak_bytes(pid) or 0 for pid in server_processes())
    result["bytes"] = connection.execute("SELECT pg_total_relation_size('event')").fetchone()[0]
    result.note(
        "PostgreSQL's memory is that of its largest process, shared buffers included; its bytes are table and indexes, "
        "without the write-ahead log."
    )
    connection.close()
    other.close()
    stop_cluster()

    common.evict(f"{work}/data")
    start = time.perf_counter()
    as_owner(f"{binaries}/pg_ctl", "-D", f"{work}/data", "-l", f"{work}/log", "-w", "start")
    connection = connect()
    if prepared.questions:
        connection.pgconn.exec_(common.sql(prepared.questions[0], 0, DIALECT).encode())
    result["openMilliseconds"] = (time.perf_counter() - start) * 1e3

    common.warm(f"{work}/data")
    raw = connection.pgconn

    def asking(question, turn):
        answer = raw.exec_(common.sql(question, turn, DIALECT).encode())
        if answer.error_message:
            raise RuntimeError(answer.error_message.decode())
        return answer.ntuples

    def answering(question):
        return tuple(int(value) for value in connection.execute(common.answer_sql(question, DIALECT)).fetchone())

    common.ask(result, prepared.questions, asking, answering, cpu=lambda: server_cpu() + common.cpu_seconds())
    connection.close()
    result.write(options.result)
finally:
    stop_cluster()
common.fresh(work)
