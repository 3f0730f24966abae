"""Prints the questions of prepared events as tab-separated lines, for drivers that read no JSON."""

import json
import sys

with open(f"{sys.argv[1]}/manifest.json") as file:
    manifest = json.load(file)
print("workload", "name", manifest["workload"], "events", manifest["events"], sep="\t")
for question in manifest["questions"]:
    if "ids" in question:
        print("ids", *question["ids"], sep="\t")
    fields = [part for name, value in question.items() if name not in ("ids", "name") for part in (name, str(value))]
    print(question["name"], *fields, sep="\t")
