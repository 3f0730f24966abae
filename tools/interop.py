"""What DuckDB and pandas make of an export: types, numbers, nulls, quotes. Run by tools/interop."""

import json
import sys

import duckdb
import pandas

work = sys.argv[1]
lines = [json.loads(line) for line in open(f"{work}/events.jsonl", encoding="utf-8")]
odd = [event for event in lines if event["event_type"] == "odd"]
events = len(lines)


def same(found, expected, what):
    assert found == expected, f"{what}: found {found!r}, expected {expected!r}"


database = duckdb.connect()


def row(query):
    return database.execute(query).fetchall()[0]


def types(table):
    return {column[0]: column[1] for column in database.execute(f"describe {table}").fetchall()}


# DuckDB, JSON lines: times are TIMESTAMPs, sequences integers, details a struct.
database.execute(f"create table j as from read_json('{work}/events.jsonl')")
same(row("select count(*) from j")[0], events, "rows of JSON lines")
same(types("j")["timestamp"][:9], "TIMESTAMP", "type of timestamp")
same(types("j")["sequence"], "BIGINT", "type of sequence")
same(types("j")["user_id"], "VARCHAR", "type of user_id")
same(types("j")["duration_ms"], "DOUBLE", "type of duration_ms")
same(
    row("select details.n::bigint from j where user_id = '=1+1'")[0], 9007199254740993,
    "a number beyond the whole doubles")
same(
    row("select count(*) from j where event_type = 'authentication'")[0],
    sum(event["event_type"] == "authentication" for event in lines), "authentications")

# DuckDB, CSV: absent is NULL, an empty text is not, when it is told to keep them apart.
database.execute(f"create table c as from read_csv('{work}/events.csv', allow_quoted_nulls = false)")
same(row("select count(*) from c")[0], events, "rows of CSV")
same(types("c")["timestamp"][:9], "TIMESTAMP", "type of timestamp in CSV")
same(types("c")["sequence"], "BIGINT", "type of sequence in CSV")
same(
    row("select user_id, message, details is null from c where sequence = 2001"), ("", "+1", True),
    "an empty text and an absent value")
same(
    row("select message from c where sequence = 2000")[0], odd[0]["message"],
    "a text with a line break and quotes")
same(
    row("select (details::json->>'n')::bigint from c where sequence = 2000")[0], 9007199254740993,
    "a number in details, as JSON text")

# Parquet by way of DuckDB.
database.execute(f"copy j to '{work}/events.parquet'")
same(row(f"select count(*) from '{work}/events.parquet'")[0], events, "rows of Parquet")

# pandas.
frame = pandas.read_json(f"{work}/events.jsonl", lines=True)
frame["timestamp"] = pandas.to_datetime(frame["timestamp"], format="ISO8601", utc=True)
same(len(frame), events, "rows in pandas")
assert str(frame["timestamp"].dtype).startswith("datetime64"), frame["timestamp"].dtype
same(str(frame["sequence"].dtype), "int64", "type of sequence in pandas")
frame = pandas.read_csv(
    f"{work}/some.csv", dtype={"details.n": "Int64"}, keep_default_na=False, na_values={"details.n": [""]})
# Times have as many digits as their source gave them.
frame["time"] = pandas.to_datetime(frame["time"], format="ISO8601")
same(len(frame), events, "rows of CSV in pandas")
assert str(frame["time"].dtype).startswith("datetime64"), frame["time"].dtype
same(int(frame["details.n"].iloc[2000]), 9007199254740993, "a number in a column of its own")

# For spreadsheets nothing begins like a formula.
sheet = pandas.read_csv(f"{work}/sheet.csv", keep_default_na=False, dtype=str)
same(sheet["user"].iloc[2000], "'=1+1", "a formula")
same(sheet["message"].iloc[2001], "+1", "a number")
print(f"interop: {events} events read alike by DuckDB {duckdb.__version__} and pandas {pandas.__version__}")
