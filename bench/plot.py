"""What bench_plot.sh times: a panel a file, a line and a band an arm. Usage: plot.py OUTPUT CSV..."""
import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

paths = sys.argv[2:]
columns = 10
rows = (len(paths) + columns - 1) // columns
figure, axes = plt.subplots(rows, columns, figsize=(12, 12), sharex=True, sharey=True, squeeze=False)
for path, axis in zip(paths, axes.flat):
    arms = {}
    for row in csv.DictReader(open(path)):
        if row["metric"] == "support_kept":
            arms.setdefault(row["arm"], []).append(
                [float(row[name]) for name in ("generation", "median", "low", "high")]
            )
    for arm, points in arms.items():
        generations, median, low, high = zip(*points)
        axis.fill_between(generations, low, high, alpha=0.22)
        axis.plot(generations, median, label=arm, linewidth=1)
    axis.set_title(path[:-4], fontsize=7)
    axis.tick_params(labelsize=6)
figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="lower center", ncol=5)
figure.savefig(sys.argv[1], dpi=150)
