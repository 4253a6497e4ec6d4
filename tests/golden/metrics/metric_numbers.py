"""Metrics of small inputs as scipy and scikit-learn give them.

    python3 metric_numbers.py > metric_numbers.json
    python3 metric_numbers.py --check metric_numbers.json

The first makes what tests/conformance/test_metric_numbers.c compares with. The second makes it
again and compares: exit status 0 where every number is the same within 1e-9, 1 where one is not, 77
where numpy, scipy or scikit-learn is not there.
"""
import json
import math
import sys
import zlib
from fractions import Fraction

try:
    import numpy as np
    import scipy
    import sklearn
    from scipy.optimize import brentq, linear_sum_assignment
    from scipy.spatial.distance import cdist, cityblock
    from scipy.stats import chi2, entropy, multivariate_normal, zipfian
    from sklearn.neighbors import NearestNeighbors
except ImportError as missing:
    print(missing)
    sys.exit(77)

rng = np.random.RandomState(5)


def draw(*shape, scale=1.0, shift=0.0):
    """Normals of three decimals, so that a text of them is exact."""
    return np.round(shift + scale * rng.standard_normal(shape), 3)


def w2_squared(a, b):
    """By the best assignment of points, each there as often as makes the samples equally large."""
    size = math.lcm(len(a), len(b))
    a = np.repeat(a, size // len(a), axis=0).reshape(size, -1)
    b = np.repeat(b, size // len(b), axis=0).reshape(size, -1)
    cost = cdist(a, b, "sqeuclidean")
    return cost[linear_sum_assignment(cost)].mean()


def transport():
    cases = []
    for n, m in [(1, 1), (5, 5), (7, 12), (12, 7), (6, 3)]:
        a, b = draw(n), draw(m, scale=2, shift=0.5)
        cases.append({"a": a.tolist(), "b": b.tolist(), "w2_squared": w2_squared(a, b)})
    return cases


def sliced():
    directions = rng.standard_normal((6, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    a, b = draw(10, 3), draw(14, 3, scale=0.5, shift=1)
    mean = np.mean([w2_squared(a @ u, b @ u) for u in directions])
    return {
        "directions": directions.tolist(),
        "a": a.tolist(),
        "b": b.tolist(),
        "w2": math.sqrt(mean),
    }


def divergence():
    """Counts of 12 types, and the truth p(i) ~ 1 / (i + 1.5)^1.1."""
    truth = 1 / (np.arange(12) + 1.5) ** 1.1
    truth /= truth.sum()
    a, b = rng.multinomial(30, truth), rng.multinomial(50, truth[::-1])
    return {
        "a": a.tolist(),
        "b": b.tolist(),
        "exponent": 1.1,
        "first": 1.5,
        "tv": cityblock(a / a.sum(), b / b.sum()) / 2,
        "kl_half": entropy(a + 0.5, b + 0.5),
        "tv_truth": cityblock(a / a.sum(), truth) / 2,
        "kl_truth": entropy(a, truth),
    }


def zipf_exponent(counts):
    """The likelihood's derivative is zero where the mean of log r is what the items have."""
    counts = np.sort(counts)[::-1][:1000]
    ranks = np.arange(1, len(counts) + 1)
    wanted = np.average(np.log(ranks), weights=counts)

    def slope(s):
        return zipfian.pmf(ranks, s, len(ranks)) @ np.log(ranks) - wanted

    return brentq(slope, 1e-9, 60, xtol=1e-14)


def zipf():
    ranks = np.arange(1, 1501)
    cases = [[3, 1], [1, 40, 1, 7, 3, 1, 12], [10**6, 1, 1]]
    cases.append(rng.permutation((4000 / (ranks + 2) ** 1.07).astype(int) + 1).tolist())
    cases.append(rng.multinomial(20000, zipfian.pmf(ranks[:200], 1.3, 200)).clip(1).tolist())
    return [{"counts": counts, "exponent": zipf_exponent(counts)} for counts in cases]


def expectation_adjusted():
    """In exact arithmetic: distinct n-grams over m (1 - ((m - 1) / m)^places), m = words^n."""
    words = 9
    items = [rng.randint(0, words, size).tolist() for size in (14, 1, 9, 2)]
    values = []
    for n in (1, 2, 3):
        grams = [tuple(item[i : i + n]) for item in items for i in range(len(item) - n + 1)]
        m = Fraction(words**n)
        values.append(float(len(set(grams)) / (m * (1 - ((m - 1) / m) ** len(grams)))))
    return {"words": words, "items": items, "ead": values}


def compression():
    words = ["the", "of", "and", "cat", "sat", "mat", "on", "tail"]
    texts = ["a", "abc\n" * 500, " ".join(rng.choice(words, 600)), "model collapse, again; " * 9]
    return [
        {"text": text, "ratio": len(text) / len(zlib.compress(text.encode(), 6))} for text in texts
    ]


def density():
    factor = draw(3, 3)
    covariance = np.round(factor @ factor.T + np.eye(3), 3)
    mean, points = draw(3), draw(8, 3, scale=2)
    nll = -multivariate_normal(mean, covariance).logpdf(points).mean()
    return {
        "mean": mean.tolist(),
        "covariance": covariance.tolist(),
        "points": points.tolist(),
        "nll": nll,
    }


def modes():
    """A 3 by 3 grid of deviation 0.2: some modes full, some thin, one empty, and items far off."""
    centers = np.array([[x, y] for x in (-2.0, 0.0, 2.0) for y in (-2.0, 0.0, 2.0)])
    sizes, deviation = [40, 30, 20, 10, 5, 2, 1, 1, 0], 0.2
    items = [draw(size, 2, scale=deviation) + center for size, center in zip(sizes, centers)]
    items = np.round(np.concatenate(items + [draw(6, 2, scale=3)]), 3)
    distance, nearest = NearestNeighbors(n_neighbors=1).fit(centers).kneighbors(items)
    nearest = nearest[:, 0]
    good = distance[:, 0] <= 3 * deviation
    found = np.array([good[nearest == mode].sum() for mode in range(9)])
    own = [items[nearest == mode] for mode in range(9)]
    variances = [part.var(axis=0, ddof=1).mean() for part in own if len(part) > 1]
    return {
        "centers": centers.tolist(),
        "deviation": deviation,
        "items": items.tolist(),
        "covered": float(np.mean((found > 0) & (found >= 0.1 * len(items) / 9))),
        "good": float(good.mean()),
        "variance": np.mean(variances) / deviation**2,
        "radii": [[d, math.sqrt(chi2(d).ppf(chi2(2).cdf(9)))] for d in (1, 2, 3, 10, 100)],
    }


def mixture(components):
    factors = draw(components, 2, 2)
    covariances = np.round(factors @ factors.transpose(0, 2, 1) + 0.1 * np.eye(2), 3)
    weights = np.arange(1, components + 1) / (components * (components + 1) / 2)
    return weights, draw(components, 2), covariances


def overlap(f, g):
    """The integral of the product of two mixtures' densities."""
    return sum(
        a * b * multivariate_normal(m - n, s + t).pdf([0, 0])
        for a, m, s in zip(*f)
        for b, n, t in zip(*g)
    )


def mixtures():
    f, g = mixture(2), mixture(3)
    out = {
        f"{name}_{part}": values.tolist()
        for name, made in (("f", f), ("g", g))
        for part, values in zip(("weights", "means", "covariances"), made)
    }
    out["l2_squared"] = overlap(f, f) + overlap(g, g) - 2 * overlap(f, g)
    return out


def numbers():
    return {
        "made_by": f"numpy {np.__version__}, scipy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}",
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "transport": transport(),
        "sliced": sliced(),
        "divergence": divergence(),
        "zipf": zipf(),
        "expectation_adjusted": expectation_adjusted(),
        "compression": compression(),
        "density": density(),
        "modes": modes(),
        "mixtures": mixtures(),
    }


def same(place, made, stored):
    """Whether two values, or all that two lists or objects hold, are; says where not."""
    if isinstance(made, dict):
        if made.keys() != stored.keys():
            return False
        return all([same(f"{place}.{key}", made[key], stored[key]) for key in made])
    if isinstance(made, list):
        if len(made) != len(stored):
            return False
        return all([same(f"{place}[{i}]", *pair) for i, pair in enumerate(zip(made, stored))])
    if isinstance(made, str):
        equal = made == stored
    else:
        equal = abs(made - stored) <= 1e-9 * (1 + abs(stored))
    if not equal:
        print(f"{place}: made {made}, stored {stored}")
    return equal


made = json.loads(json.dumps(numbers()))
if sys.argv[1:2] != ["--check"]:
    json.dump(made, sys.stdout, separators=(",", ":"))
    print()
    sys.exit()
with open(sys.argv[2]) as file:
    stored = json.load(file)
# Other versions must give the same numbers; only how zlib packs is a matter of its own.
made["made_by"] = stored["made_by"]
if made["zlib"] != stored["zlib"]:
    made["zlib"], made["compression"] = stored["zlib"], stored["compression"]
sys.exit(0 if same("", made, stored) else 1)
