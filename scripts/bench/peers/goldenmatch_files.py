"""GoldenMatch 3 on CSV files without any configuration, which is how it is meant to be used.

Usage: goldenmatch_files.py CLUSTERS.csv RECORDS.csv [RECORDS.csv ...]

Writes id,cluster_id. GoldenMatch names records by their position over all files; the column `id` gives their names back. Where it cannot
read the files by itself, because a column is empty or two files guess different types for it, it is given one table of text.
"""

import csv
import sys

import goldenmatch
import pyarrow

clusters, *records = sys.argv[1:]
rows = []
for path in records:
    with open(path, newline="", encoding="utf-8") as file:
        rows.extend(csv.DictReader(file))
ids = [row["id"] for row in rows]
try:
    found = goldenmatch.dedupe(*records)
except pyarrow.ArrowException:
    names = list(dict.fromkeys(name for row in rows for name in row if row[name]))
    found = goldenmatch.dedupe_df(pyarrow.table({name: [row.get(name) or None for row in rows] for name in names}))
with open(clusters, "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(["id", "cluster_id"])
    placed = set()
    for cluster, content in found.clusters.items():
        for member in content["members"]:
            placed.add(member)
            writer.writerow([ids[member], cluster])
    for member, name in enumerate(ids):
        if member not in placed:
            writer.writerow([name, f"alone-{member}"])
