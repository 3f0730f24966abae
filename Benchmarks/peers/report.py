"""Merges results into the tables and plots of docs/performance.md.

    report.py --results DIR --document docs/performance.md --plots docs/plots

Results lie in DIR/WORKLOAD/CONTESTANT.RUN.json beside the workload's manifest.json, missing contestants in
DIR/missing.txt, samples of an endurance run in DIR/endurance.csv. `--check` only compares the answers. Answers that
differ are an error: figures of contestants that answer different questions mean nothing.
"""

import argparse
import csv
import glob
import json
import math
import os
import statistics
import sys

import svg

ORDER = [
    "Tallyroll", "plain file", "chained file", "SQLite", "RocksDB", "DuckDB", "DuckDB with key", "ClickHouse",
    "PostgreSQL", "NATS JetStream", "NATS JetStream, unsynced",
]
BEGIN = "<!-- tables: begin (tools/bench writes what follows) -->"
END = "<!-- tables: end -->"
MISSING = "–"


def rank(name):
    return ORDER.index(name) if name in ORDER else len(ORDER)


class Workload:
    """The results of one workload: for each contestant, one result a run."""

    def __init__(self, directory):
        self.directory = directory
        with open(f"{directory}/manifest.json") as file:
            self.manifest = json.load(file)
        self.contestants = {}
        self.processes = []
        # The same events in many small segments: no contestant, but a table of its own.
        self.many = []
        for path in sorted(glob.glob(f"{directory}/*.json")):
            if path.endswith("/manifest.json"):
                continue
            with open(path) as file:
                result = json.load(file)
            if "processes" in result:
                self.processes = result["processes"]
            elif "segments" in result:
                self.many.append(result)
            else:
                self.contestants.setdefault(result["peer"], []).append(result)
        self.names = sorted(self.contestants, key=rank)
        self.events = self.manifest["events"]

    def median(self, name, get):
        """The median over a contestant's runs of what `get` gives for a result, None where it gives none."""
        values = [value for value in map(get, self.contestants.get(name, [])) if value is not None]
        return statistics.median(values) if values else None

    def ingest(self, name, commit, field="rate", producers=None):
        def get(result):
            found = [
                entry for entry in result["ingest"]
                if entry["commit"] == commit and producers in (None, entry["producers"])
            ]
            if not found:
                return None
            if field == "rate":
                return max(entry["events"] / entry["seconds"] for entry in found)
            entry = max(found, key=lambda entry: entry["events"] / entry["seconds"])
            if field == "client":
                client = entry.get("clientCpuSeconds")
                return None if client is None else client / entry["events"] * 1e6
            return entry["cpuSeconds"] / entry["events"] * 1e6 if field == "cpu" else entry["events"]

        return self.median(name, get)

    def single(self, name, part):
        return self.median(name, lambda result: (result.get("single") or {}).get(part))

    def bytes_per_event(self, name):
        value = self.median(name, lambda result: result.get("bytes"))
        return None if value is None else value / self.events

    def asked(self, name, question, part="p50Milliseconds"):
        return self.median(name, lambda result: (result["questions"].get(question) or {}).get(part))

    def questions(self):
        return [
            question for question in self.manifest["questions"]
            if any(self.asked(name, question["name"]) is not None for name in self.names)
        ]

    def differences(self):
        """Answers on which contestants do not agree."""
        found = []
        for question in self.manifest["questions"]:
            answers = {}
            for name, results in [*self.contestants.items(), ("many segments", self.many)]:
                for result in results:
                    asked = result["questions"].get(question["name"])
                    if asked:
                        answers.setdefault((asked["rows"], asked["check"]), set()).add(name)
            if len(answers) > 1:
                said = "; ".join(
                    f"{', '.join(sorted(names))}: {rows} rows, check {check}" for (rows, check), names in answers.items())
                found.append(f"{self.manifest['workload']}, {question['label']}: {said}")
        return found


def compact(value):
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{round(value):,}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def times(own, other, is_more_better):
    """How many times better Tallyroll is, as text."""
    if own is None or other is None or own <= 0 or other <= 0:
        return MISSING
    return compact(own / other if is_more_better else other / own)


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def conditions(work):
    machines = [
        result["machine"] for results in work.contestants.values() for result in results if "machine" in result]
    machine = machines[0]
    loads = [entry["load"] for entry in machines]
    by_runs = {}
    for name in work.names:
        by_runs.setdefault(len(work.contestants[name]), []).append(name)
    number = "; ".join(
        f"{count} {'run' if count == 1 else 'runs'} of {'each' if len(by_runs) == 1 else ', '.join(names)}"
        for count, names in sorted(by_runs.items(), reverse=True))
    lines = [
        f"- Machine: {machine['cores']} cores of {machine['processor']}, {round(machine['memoryBytes'] / 2**30)} GiB, "
        f"{machine['system']}; load when a contestant began: {min(loads):.1f} to {max(loads):.1f}.",
        f"- Events: {work.events:,}, {work.manifest['jsonBytes'] / work.events:.0f} bytes each as JSON; {number}, every "
        "figure their median.",
        f"- Questions name: {'; '.join(work.manifest['subjects'])} events. All contestants gave the same answers.",
        "- “×” says how many times better Tallyroll is: above 1 it wins.",
        "",
    ]
    if max(loads) > 1:
        lines.insert(3, "- **The machine was not quiet**: believe ratios and CPU time more than wall time.")
    return lines


def contestants_table(work):
    rows = []
    for name in work.names:
        result = work.contestants[name][0]
        rows.append([f"{name} {result['version']}".strip(), result["durability"], result["policy"]])
    return ["| contestant | what an acknowledged commit has been through | how it is tuned |", "|---|---|---|"] + [
        "| " + " | ".join(row) + " |" for row in rows
    ] + [""]


def ingest_tables(work):
    lines = ["#### Durable ingest", ""]
    for commit, label in ((1000, "commits of 1,000 events"), (100_000, "in bulk, commits of 100,000 events")):
        own = work.ingest("Tallyroll", commit)
        rows = []
        for name in work.names:
            rate = work.ingest(name, commit)
            if rate is None:
                continue
            note = ""
            loaded = work.ingest(name, commit, "events")
            if loaded is not None and loaded < work.events:
                note += f" (first {int(loaded):,} events)"
            ratio = "" if name == "Tallyroll" else times(own, rate, True)
            client = work.ingest(name, commit, "client")
            rows.append([
                name + note, ratio, compact(rate), compact(work.ingest(name, commit, "cpu")),
                "" if client is None else compact(client), work.contestants[name][0]["durability"],
            ])
        if rows:
            lines += [f"{label[0].upper()}{label[1:]}:", ""]
            lines += table(
                ["", "×", "events/s", "CPU, µs an event", "of a client beside it", "durability"], rows)
    one = work.ingest("Tallyroll", 1000, producers=1)
    two = work.ingest("Tallyroll", 1000, producers=2)
    if one and two:
        lines += [f"Tallyroll with one producer: {compact(one)} events/s; with two: {compact(two)}.", ""]
    rows = []
    own = [work.single("Tallyroll", part) for part in ("p50Milliseconds", "p99Milliseconds")]
    for name in work.names:
        found = [work.single(name, part) for part in ("p50Milliseconds", "p99Milliseconds")]
        if found[0] is not None:
            rows.append([
                name, "" if name == "Tallyroll" else times(own[0], found[0], False), compact(found[0]), compact(found[1])])
    if rows:
        lines += ["One event alone, durable:", ""] + table(["", "×, p50", "p50, ms", "p99, ms"], rows)
    return lines


def size_table(work):
    own = work.bytes_per_event("Tallyroll")
    rows = []
    for name in work.names:
        size = work.bytes_per_event(name)
        memory = work.median(name, lambda result: result.get("memoryBytes"))
        if size is None:
            continue
        rows.append([
            name, "" if name == "Tallyroll" else times(own, size, False), compact(size),
            "" if not memory else compact(memory / 2**20)])
    return ["#### Bytes an event, and memory while loading", ""] + table(
        ["", "×", "bytes an event", "peak memory, MiB"], rows) + [
        "Tallyroll's memory is what it took above the prepared events; a peer's is its whole process.", ""]


def question_tables(work):
    questions = work.questions()
    if not questions:
        return []
    peers = [name for name in work.names if name != "Tallyroll" and any(
        work.asked(name, question["name"]) is not None for question in questions)]
    rows, logarithms = [], {name: [] for name in peers}
    for question in questions:
        own = work.asked("Tallyroll", question["name"])
        cells = []
        for name in peers:
            other = work.asked(name, question["name"])
            cells.append(times(own, other, False))
            if own and other:
                logarithms[name].append(math.log(other / own))
        rows.append([question["label"], compact(own), *cells])
    means = [
        compact(math.exp(statistics.fmean(values))) if values else MISSING for values in logarithms.values()]
    rows.append(["**geometric mean**", "", *(f"**{mean}**" for mean in means)])
    lines = ["#### Questions, warm: how many times faster than each peer", ""]
    lines += table(["", "Tallyroll p50, ms", *(f"× {name}" for name in peers)], rows)
    absolute = []
    for question in questions:
        cells = []
        for name in ["Tallyroll", *peers]:
            p50 = work.asked(name, question["name"])
            p99 = work.asked(name, question["name"], "p99Milliseconds")
            cells.append(f"{compact(p50)} / {compact(p99)}" if p50 is not None else MISSING)
        absolute.append([question["label"], *cells])
    lines += ["p50 / p99 in milliseconds:", ""] + table(["", "Tallyroll", *peers], absolute)
    used = [
        [question["label"], *(compact(work.asked(name, question["name"], "cpuMilliseconds"))
                              for name in ["Tallyroll", *peers])]
        for question in questions
    ]
    lines += ["CPU time of one asking in milliseconds, all threads and processes:", ""]
    lines += table(["", "Tallyroll", *peers], used)
    tasks = [
        [question["label"], compact(work.asked("Tallyroll", question["name"])), compact(task)]
        for question in questions
        if (task := work.asked("Tallyroll", question["name"], "taskMilliseconds")) is not None
    ]
    if tasks:
        lines += ["Tallyroll asked from a task instead of on the calling thread, p50 in milliseconds:", ""]
        lines += table(["", "calling thread", "task"], tasks)
    explained = [
        (question["label"], work.asked("Tallyroll", question["name"], "explained")) for question in questions]
    explained = [(label, part) for label, part in explained if part is not None]
    if explained:
        least = min(explained, key=lambda pair: pair[1])
        lines += [
            f"`explain` accounts for at least {least[1]:.0%} of the time of each question ({least[0]}); "
            f"median {statistics.median(part for _, part in explained):.0%}.", ""]
    return lines


def better_elsewhere(work):
    """Every figure in which a contestant beats Tallyroll."""
    found = []

    def look(what, own, values, is_more_better, unit):
        best = [
            (value / own if is_more_better else own / value, name, value) for name, value in values
            if own and value and (value > own if is_more_better else value < own)
        ]
        for ratio, name, value in sorted(best, reverse=True):
            if ratio >= 1.01:
                found.append(
                    f"{what}: {name} is {compact(ratio)} times better ({compact(value)} against {compact(own)} {unit}).")

    others = [name for name in work.names if name != "Tallyroll"]
    for commit in (1000, 100_000):
        look(f"Ingest, commits of {commit:,}", work.ingest("Tallyroll", commit),
             [(name, work.ingest(name, commit)) for name in others], True, "events/s")
    for part, label in (("p50Milliseconds", "p50"), ("p99Milliseconds", "p99")):
        look(f"One event alone, {label}", work.single("Tallyroll", part),
             [(name, work.single(name, part)) for name in others], False, "ms")
    look("Bytes an event", work.bytes_per_event("Tallyroll"),
         [(name, work.bytes_per_event(name)) for name in others], False, "")
    for question in work.questions():
        look(question["label"][0].upper() + question["label"][1:], work.asked("Tallyroll", question["name"]),
             [(name, work.asked(name, question["name"])) for name in others], False, "ms")
    look("Opening", work.median("Tallyroll", lambda result: result.get("openMilliseconds")),
         [(name, work.median(name, lambda result: result.get("openMilliseconds"))) for name in others], False, "ms")
    lines = ["#### Where another is better", ""]
    return lines + ([f"- {line}" for line in found] or ["- Nowhere in this run."]) + [""]


def many_segments(work):
    """The questions asked of the same events in few segments and in many."""
    if not work.many:
        return []
    count = work.many[0]["segments"]
    rows = []
    for question in work.questions():
        few = work.asked("Tallyroll", question["name"])
        found = [result["questions"][question["name"]] for result in work.many if question["name"] in result["questions"]]
        if few and found:
            many = statistics.median(asked["p50Milliseconds"] for asked in found)
            rows.append([question["label"], compact(few), compact(many), compact(many / few)])
    size = statistics.median(result["bytes"] for result in work.many) / work.events
    return [
        "#### Many small segments", "",
        f"The same events in {count:,} segments, sealed on the way: {size:.1f} bytes an event. p50 in milliseconds:", "",
        *table(["", "as they are", f"{count:,} segments", "ratio"], rows)]


def other_tables(work):
    rows = []
    for name in work.names:
        opened = work.median(name, lambda result: result.get("openMilliseconds"))
        if opened is not None:
            rows.append([name, compact(opened)])
    lines = []
    if rows:
        lines += ["#### Opening, files not in memory, to the first answer", ""] + table(["", "ms"], rows)
    killed = work.median("Tallyroll", lambda result: result.get("killedMilliseconds"))
    if killed is not None:
        lines += [f"Opening Tallyroll after kill -9 in the middle of an ingest: {compact(killed)} ms.", ""]
    rows = []
    for name in work.names:
        verified = work.median(name, lambda result: (result.get("verify") or {}).get("seconds"))
        used = work.median(name, lambda result: (result.get("verify") or {}).get("cpuSeconds"))
        if verified:
            rows.append([name, compact(work.events / verified), compact(used / work.events * 1e6)])
    if rows:
        lines += ["#### Verification of everything", ""] + table(["", "events/s", "CPU, µs an event"], rows)
    stream = work.median("Tallyroll", lambda result: (result.get("stream") or {}).get("memoryBytes"))
    if stream is not None:
        seconds = work.median("Tallyroll", lambda result: result["stream"]["seconds"])
        text = (f"Tallyroll read all {work.events:,} events as a stream, newest first, every one made a value: "
                f"{compact(work.events / seconds)} events/s, at most {compact(stream / 2**20)} MiB above the caches.")
        most = work.median("Tallyroll", lambda result: result["stream"].get("cancelMillisecondsMost"))
        if most is not None:
            middle = work.median("Tallyroll", lambda result: result["stream"].get("cancelMillisecondsP50"))
            text += (f" A search through all texts was over {compact(middle)} ms after its task was cancelled "
                     f"(the slowest of 40: {compact(most)} ms).")
        lines += [text, ""]
    lines += many_segments(work)
    if work.processes:
        lines += ["#### The command `tallyroll` as a whole process", ""] + table(
            ["", "seconds", "CPU, seconds", "peak memory, MiB", "events/s"],
            [[process["label"], compact(process["seconds"]), compact(process["cpuSeconds"]),
              compact(process["peakBytes"] / 2**20),
              compact(process["eventsPerSecond"]) if "eventsPerSecond" in process else ""]
             for process in work.processes])
    parts = (work.contestants.get("Tallyroll") or [{}])[0].get("parts")
    if parts:
        rows = [[name, f"{size / work.events:.2f}"] for name, size in sorted(parts.items(), key=lambda part: -part[1])
                if size / work.events >= 0.05]
        lines += ["#### Where Tallyroll's bytes are", ""] + table(["", "bytes an event"], rows)
    notes = sorted({note for results in work.contestants.values() for result in results for note in result["notes"]})
    return lines + [f"- {note}" for note in notes] + ([""] if notes else [])


def plot(work, plots):
    """Plots of one workload; gives the lines that show them."""
    name = work.manifest["workload"]
    lines = []

    def show(kind, label):
        lines.extend([f"![{label}]({os.path.basename(plots)}/{kind}-{name}.svg)", ""])

    groups = []
    for commit, label in ((1000, "commits of 1,000 events"), (100_000, "commits of 100,000 events")):
        values = [(contestant, work.ingest(contestant, commit)) for contestant in work.names]
        values = [(contestant, value) for contestant, value in values if value]
        if values:
            groups.append((label, sorted(values, key=lambda pair: -pair[1])))
    if groups:
        svg.bars(f"{plots}/ingest-{name}.svg", "Durable ingest, events a second", groups)
        show("ingest", "Durable ingest, events a second")
    sizes = [(contestant, work.bytes_per_event(contestant)) for contestant in work.names]
    sizes = sorted(((contestant, value) for contestant, value in sizes if value), key=lambda pair: pair[1])
    if sizes:
        svg.bars(f"{plots}/bytes-{name}.svg", "Bytes an event", [("indexes and proofs included", sizes)])
        show("bytes", "Bytes an event")
    rows = []
    for question in work.questions():
        values = {contestant: work.asked(contestant, question["name"]) for contestant in work.names}
        rows.append((question["label"], {contestant: value for contestant, value in values.items() if value}))
    if rows:
        svg.dots(f"{plots}/questions-{name}.svg", "Questions, warm, p50", rows, "ms")
        show("questions", "Questions, warm, p50")
    return lines


def samples_of(path):
    """The samples of an endurance run."""
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def growth(works, plots, samples):
    """What grows with the number of events, over the generated workloads and one store that was filled on and on."""
    generated = sorted(
        (work for work in works if work.manifest["workload"].startswith("generated-")), key=lambda work: work.events)
    if len(generated) < 2:
        return []
    names = {"events_per_second", "bytes_per_event", "latest_user_hot_ms", "get_id_ms"}
    filled = [sample for sample in samples if names <= sample.keys()]

    def lines(get, key):
        found = {}
        for work in generated:
            for name in work.names:
                value = get(work, name)
                if value:
                    found.setdefault(name, []).append((work.events, value))
        found = {name: points for name, points in found.items() if len(points) > 1}
        if filled:
            found["Tallyroll, one store"] = [(sample["events"], sample[key]) for sample in filled]
        return found

    charts = [
        ("ingest, commits of 1,000, events/s", lambda work, name: work.ingest(name, 1000), "events_per_second"),
        ("bytes an event", lambda work, name: work.bytes_per_event(name), "bytes_per_event"),
        ("latest 100 of a hot user, ms", lambda work, name: work.asked(name, "latest_user_hot"),
         "latest_user_hot_ms"),
        ("get by id, ms", lambda work, name: work.asked(name, "get_id"), "get_id_ms"),
    ]
    drawn = [(heading, "events", True, lines(get, key)) for heading, get, key in charts]
    drawn = [chart for chart in drawn if chart[3]]
    if not drawn:
        return []
    svg.panels(f"{plots}/growth.svg", "As the store grows", drawn)
    return ["### As the store grows", "", f"![As the store grows]({os.path.basename(plots)}/growth.svg)", ""]


def endurance(samples, plots):
    if len(samples) < 2:
        return []
    probes = [key for key in samples[0] if key.endswith("_ms")]
    labels = {
        "latest_user_hot_ms": "latest 100, hot user", "latest_user_middle_ms": "latest 100, middle user",
        "user_types_ms": "a user's types in a window", "latest_resource_ms": "latest 100, resource", "get_id_ms": "get by id",
    }

    def line(key, factor=1.0):
        return [(sample["events"], sample[key] * factor) for sample in samples]

    svg.panels(f"{plots}/endurance.svg", f"One store, {svg.number(samples[-1]['events'])} events", [
        ("durable ingest, events/s", "events", False, {"Tallyroll": line("events_per_second")}),
        ("memory, MiB", "events", False, {
            "in use": line("resident_bytes", 1 / 2**20), "allocated": line("allocated_bytes", 1 / 2**20)}),
        ("open files", "events", False, {"Tallyroll": line("open_files")}),
        ("bytes an event", "events", False, {"Tallyroll": line("bytes_per_event")}),
        ("selective questions, p50, ms", "events", False, {labels.get(key, key): line(key) for key in probes}),
    ])
    first, last = samples[0], samples[-1]
    rows = []
    for key, label, factor in [
        ("events_per_second", "durable ingest, events/s", 1), ("resident_bytes", "memory in use, MiB", 1 / 2**20),
        ("allocated_bytes", "memory allocated, MiB", 1 / 2**20),
        ("open_files", "open files", 1), ("bytes_per_event", "bytes an event", 1),
        *((key, f"{labels.get(key, key)}, ms", 1) for key in probes),
    ]:
        # The median of the last samples: one of them alone may have met a moment of something else.
        end = statistics.median(sample[key] for sample in samples[-5:])
        rows.append([label, compact(first[key] * factor), compact(end * factor), compact(end / first[key])])
    return [
        "### Endurance", "",
        f"One store filled to {int(last['events']):,} events with commits of 1,000 from 2 producers, each durable; the "
        "users, resources and ids asked for are those of the first events. The samples are in "
        f"[endurance.csv]({os.path.basename(plots)}/endurance.csv).", "",
        *table(["", f"at {int(first['events']):,} events", f"at {int(last['events']):,}", "ratio"], rows),
        f"![Endurance]({os.path.basename(plots)}/endurance.svg)", "",
    ]


def missing(results):
    path = f"{results}/missing.txt"
    if not os.path.exists(path):
        return []
    with open(path) as file:
        lines = [line.strip() for line in file if line.strip()]
    return ["Not measured in this run:", "", *(f"- {line}" for line in lines), ""] if lines else []


def shapes_table(works):
    rows = []
    for work in works:
        own = "Tallyroll"
        cells = [
            compact(work.ingest(own, 1000)), times(work.ingest(own, 1000), work.ingest("SQLite", 1000), True),
            times(work.ingest(own, 1000), work.ingest("chained file", 1000), True),
            compact(work.bytes_per_event(own)),
            times(work.bytes_per_event(own), work.bytes_per_event("SQLite"), False),
            compact(work.asked(own, "latest_user_hot")), compact(work.asked(own, "get_id")),
            compact(work.median(own, lambda result: work.events / result["verify"]["seconds"])),
        ]
        logarithms = []
        for question in work.questions():
            mine, theirs = work.asked(own, question["name"]), work.asked("SQLite", question["name"])
            if mine and theirs:
                logarithms.append(math.log(theirs / mine))
        cells.append(compact(math.exp(statistics.fmean(logarithms))) if logarithms else MISSING)
        rows.append([work.manifest["title"], *cells])
    if not rows:
        return []
    return ["### Shapes that hurt, and small captures", ""] + table(
        ["", "ingest, events/s", "× SQLite", "× chained file", "bytes an event", "× SQLite", "latest 100 of a user, ms",
         "get by id, ms", "verify, events/s", "questions, × SQLite (geometric mean)"], rows)


def document(results, works, plots):
    commit = "unknown"
    if os.path.exists(f"{results}/commit"):
        with open(f"{results}/commit") as file:
            commit = file.read().strip()
    lines = ["", f"Measured at commit {commit}.", "", *missing(results)]
    # Workloads with all contestants have tables of their own; the others share one.
    whole = [work for work in works if len(work.names) > 4 or work.manifest["workload"].startswith("generated-")]
    rest = [work for work in works if work not in whole]
    for work in whole:
        lines += [f"### {work.manifest['title'][0].upper()}{work.manifest['title'][1:]}", "", *conditions(work)]
        lines += [*plot(work, plots), *contestants_table(work), *ingest_tables(work), *size_table(work)]
        lines += [*question_tables(work), *better_elsewhere(work), *other_tables(work)]
    samples = samples_of(f"{results}/endurance.csv")
    lines += shapes_table(rest) + growth(whole, plots, samples) + endurance(samples, plots)
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", required=True)
    parser.add_argument("--document", default="docs/performance.md")
    parser.add_argument("--plots", default="docs/plots")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    works = [Workload(os.path.dirname(path)) for path in sorted(glob.glob(f"{options.results}/*/manifest.json"))]
    works = [work for work in works if work.names]
    works.sort(key=lambda work: (not work.manifest["workload"].startswith("generated-"), work.events))
    differences = [line for work in works for line in work.differences()]
    if differences:
        sys.exit("error: the contestants' answers differ\n" + "\n".join(differences))
    if options.check:
        return
    os.makedirs(options.plots, exist_ok=True)
    if os.path.exists(f"{options.results}/endurance.csv"):
        with open(f"{options.results}/endurance.csv") as source, open(f"{options.plots}/endurance.csv", "w") as copy:
            copy.write(source.read())
    text = document(options.results, works, options.plots)
    whole = f"# Performance\n\n{BEGIN}\n{END}\n"
    if os.path.exists(options.document):
        with open(options.document) as file:
            whole = file.read()
    if BEGIN not in whole or END not in whole:
        sys.exit(f"error: {options.document} lacks the line {BEGIN} or {END}")
    before, rest = whole.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    with open(options.document, "w") as file:
        file.write(f"{before}{BEGIN}\n{text}\n{END}{after}")


main()
