"""Times scikit-learn at what bench/knn.c does, by brute force on the same vectors and all
processors. Prints seconds of wall time, the median of three, and what it found."""
import sys
import time

import numpy as np
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

K = 5


def radii(x):
    nearest = NearestNeighbors(n_neighbors=K, algorithm="brute", n_jobs=-1).fit(x)
    return nearest.kneighbors()[0][:, -1]


def distances(x, n):
    return radii(x[:n]).mean()


def support(x, n):
    """Precision, recall, density and coverage; distances across are taken a piece at a time."""
    human, model = x[:n], x[n : 2 * n]
    human_radius, model_radius = radii(human), radii(model)
    inside_any, balls = np.zeros(n, bool), np.zeros(n, int)
    found, filled = [], []
    for across in pairwise_distances_chunked(human, model, n_jobs=-1):
        rows = human_radius[len(found) : len(found) + len(across), None]
        inside = across < rows
        inside_any |= inside.any(axis=0)
        balls += inside.sum(axis=0)
        found.extend((across < model_radius[None, :]).any(axis=1))
        filled.extend(inside.any(axis=1))
    return inside_any.mean() + np.mean(found) + balls.mean() / K + np.mean(filled)


work = {"distances": distances, "support": support}[sys.argv[1]]
n, dimension = int(sys.argv[2]), int(sys.argv[3])
vectors = np.fromfile(sys.argv[4]).reshape(-1, dimension)
times = []
for _ in range(3):
    start = time.perf_counter()
    result = work(vectors, n)
    times.append(time.perf_counter() - start)
print(f"{sorted(times)[1]:.6f} {result:.12f}")
