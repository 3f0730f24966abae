"""The command `tallyroll` as a whole process: start, work, end; memory is the process's own."""

import argparse
import json
import os
import shutil
import subprocess
import time

import common

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True, help="the command `tallyroll`, built for release")
parser.add_argument("--prepared", required=True)
parser.add_argument("--work", required=True)
parser.add_argument("--result", required=True)
options = parser.parse_args()
prepared = common.Prepared(options.prepared)
store = os.path.abspath(os.path.join(options.work, "process-store"))
questions = {question["name"]: question for question in prepared.questions}


def run(label, arguments, events=None, runs=5):
    """Median wall time of a command; its output goes nowhere."""
    times, used, peak = [], [], 0
    for _ in range(runs):
        start = time.perf_counter()
        process = subprocess.Popen(
            [options.program, *arguments, "--store", store], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        times.append(time.perf_counter() - start)
        used.append(usage.ru_utime + usage.ru_stime)
        peak = max(peak, usage.ru_maxrss * 1024)
        if status != 0:
            raise RuntimeError(f"tallyroll {' '.join(arguments)} ended with status {status}")
    entry = {
        "label": label, "seconds": common.percentile(0.5, times), "cpuSeconds": common.percentile(0.5, used),
        "peakBytes": peak,
    }
    if events is not None:
        entry["eventsPerSecond"] = events / entry["seconds"]
    return entry


def quoted(text):
    return json.dumps(text)


shutil.rmtree(store, ignore_errors=True)
events = prepared.events
processes = [run("ingest of a file of JSON lines", ["ingest", prepared.path("jsonl")], events, runs=1)]
hot = questions.get("latest_user_hot")
if hot:
    processes.append(
        run("query: latest 100 of a user, hot", ["query", f"user = {quoted(hot['user'])}", "--limit", "100"]))
if "get_id" in questions:
    processes.append(run("get by id", ["get", questions["get_id"]["ids"][0]]))
processes.append(run("count by type", ["count", "--by", "type"]))
processes.append(run("export as JSON lines", ["export", "--format", "jsonl"], events, runs=1))
processes.append(run("verify", ["verify"], events, runs=1))
shutil.rmtree(store, ignore_errors=True)
with open(options.result, "w") as file:
    json.dump({"peer": "tallyroll command", "processes": processes, "workload": prepared.manifest["workload"]}, file)
