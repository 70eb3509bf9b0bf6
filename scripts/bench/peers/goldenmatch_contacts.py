"""GoldenMatch 3 on a CSV file without any configuration, which is how it is meant to be used.

Usage: goldenmatch_contacts.py RECORDS.csv CLUSTERS.csv

Writes id,cluster_id. GoldenMatch names records by their position; the column `id` gives their names back.
"""

import csv
import sys

import goldenmatch

records, clusters = sys.argv[1:3]
found = goldenmatch.dedupe(records)
with open(records, newline="", encoding="utf-8") as file:
    ids = [row["id"] for row in csv.DictReader(file)]
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
