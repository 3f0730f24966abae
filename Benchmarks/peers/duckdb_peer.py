"""DuckDB, fed with Arrow batches, which its documentation names as the way to load from memory."""

import os
import time

import common
import duckdb
import pyarrow
import pyarrow.csv

options = common.arguments()
prepared = common.Prepared(options.prepared)
work = os.path.join(options.work, "duckdb")

TEXTS = ["message", "error", "details"]
DIALECT = {
    "minute": "time // 60000000000",
    "contains": lambda column, text: f"contains({column}, {text})",
    "texts": TEXTS,
    "path": lambda key, value: f"json_extract_string(details, '$.{key}') = {value}",
    "literal": lambda text: "'" + text.replace("'", "''") + "'",
}
CSV = dict(
    read_options=pyarrow.csv.ReadOptions(column_names=common.COLUMNS, block_size=64 << 20),
    parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
    convert_options=pyarrow.csv.ConvertOptions(
        column_types={
            name: pyarrow.int64() if name in common.NUMBERS else pyarrow.string() for name in common.COLUMNS
        },
        null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
    ),
)


def arrow(start, end):
    return pyarrow.csv.read_csv(pyarrow.py_buffer(prepared.read("csv", start, end)), **CSV).combine_chunks()


def commits(size):
    for start, end in prepared.chunks(common.BULK):
        table = arrow(start, end)
        for offset in range(0, end - start, size):
            piece = table.slice(offset, size)
            yield piece.num_rows, piece


def create(has_key):
    connection = duckdb.connect(os.path.join(common.fresh(work), "events.duckdb"))
    columns = ", ".join(
        f"{name} {'BIGINT' if name in common.NUMBERS else 'VARCHAR'}" for name in common.COLUMNS
    )
    key = ", PRIMARY KEY (id)" if has_key else ""
    connection.execute(f"CREATE TABLE event ({columns}{key})")
    return connection


def insert(connection):
    def run(batch):
        connection.register("batch", batch)
        connection.execute("INSERT INTO event SELECT * FROM batch")

    return run


def measure(has_key):
    result = common.Result(
        "DuckDB with key" if has_key else "DuckDB", prepared, duckdb.__version__,
        f"Arrow batches, one INSERT … SELECT a commit; {'PRIMARY KEY on id' if has_key else 'no index'}; "
        "answers fetched as Arrow; checkpointed before the questions",
        "write-ahead log synced at each commit (DuckDB's only mode)",
    )
    connection = create(has_key)
    run = insert(connection)
    times = []
    table = arrow(0, min(common.SINGLES, prepared.events))
    for place in range(table.num_rows):
        piece = table.slice(place, 1)
        start = time.perf_counter()
        run(piece)
        times.append(time.perf_counter() - start)
    result.single(times)
    connection.close()

    connection = create(has_key)
    common.load(
        result, commits(common.SMALL), common.SMALL, insert(connection), seconds_most=options.seconds)
    connection.close()
    connection = create(has_key)
    common.load(result, commits(common.BULK), common.BULK, insert(connection))
    connection.execute("CHECKPOINT")
    connection.close()
    result["memoryBytes"] = common.peak_bytes()
    result["bytes"] = common.bytes_below(work)

    common.evict(work)
    start = time.perf_counter()
    connection = duckdb.connect(os.path.join(work, "events.duckdb"))
    if prepared.questions:
        connection.sql(common.sql(prepared.questions[0], 0, DIALECT)).to_arrow_table()
    result["openMilliseconds"] = (time.perf_counter() - start) * 1e3

    common.warm(work)

    def asking(question, turn):
        return connection.sql(common.sql(question, turn, DIALECT)).to_arrow_table().num_rows

    def answering(question):
        return tuple(int(value) for value in connection.execute(common.answer_sql(question, DIALECT)).fetchall()[0])

    common.ask(result, prepared.questions, asking, answering)
    connection.close()
    return result


path, extension = os.path.splitext(options.result)
measure(True).write(f"{path}-key{extension}")
measure(False).write(options.result)
common.fresh(work)
