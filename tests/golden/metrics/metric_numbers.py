"""Metrics of small inputs as scipy, scikit-learn and nltk give them.

    python3 metric_numbers.py > metric_numbers.json
    python3 metric_numbers.py --check metric_numbers.json

The first makes what tests/conformance/test_metric_numbers.c compares with.
The second makes it again and compares: exit status 0 where every number is the same within 1e-9, 1
where one is not, 77 where numpy, scipy, scikit-learn or nltk is not there.
"""
import json
import math
import sys
import zlib
from collections import Counter
from fractions import Fraction

try:
    import nltk
    import numpy as np
    import scipy
    import sklearn
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
    from nltk.util import ngrams as grams_of
    from scipy.linalg import sqrtm
    from scipy.optimize import brentq, linear_sum_assignment, minimize_scalar
    from scipy.spatial.distance import cdist, cityblock
    from scipy.special import zeta
    from scipy.stats import chi2, entropy, multivariate_normal, norm, zipfian
    from sklearn.metrics import auc, pairwise_distances
    from sklearn.metrics.pairwise import rbf_kernel
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


def richness():
    """Esty's interval as in his paper of 1983, cut at 0 and 1; NaN is None."""
    cases = [
        [1, 1, 1, 2, 2, 3, 5, 9],
        [1, 1, 1, 1, 3, 7],  # F2 = 0
        [2, 3, 2, 8],  # F1 = 0
        [1, 1, 1],  # nothing twice
        [4, 5],  # neither
        [1] * 30 + [2] * 10 + [50],
    ]
    out = []
    for counts in cases:
        counts = np.array(counts)
        n, once, twice = int(counts.sum()), int((counts == 1).sum()), int((counts == 2).sum())
        chao = len(counts) + (
            Fraction(once * once, 2 * twice) if twice else Fraction(once * (once - 1), 2)
        )
        spectrum = Counter(counts.tolist())
        yule = 10**4 * Fraction(sum(i * i * f for i, f in spectrum.items()) - n, n * n)
        variance = Fraction(once * (n - once) + 2 * n * twice, n**3)
        reach = norm.ppf(0.975) * math.sqrt(variance)
        out.append(
            {
                "counts": counts.tolist(),
                "chao1": float(chao),
                "yule_k": float(yule),
                "missing": once / n,
                "low": max(0, once / n - reach) if variance else None,
                "high": min(1, once / n + reach) if variance else None,
            }
        )
    return out


def power_exponent(tail, x_min):
    """Of the largest likelihood under the zeta law from x_min on."""
    logs = np.log(tail).mean()
    best = minimize_scalar(
        lambda a: a * logs + math.log(zeta(a, x_min)),
        bounds=(1.0001, 60),
        method="bounded",
        options={"xatol": 1e-10},
    ).x
    # The minimum alone is flat: its derivative, by differences, is zero there to more digits.
    step = 1e-4

    def slope(a):
        ahead, behind = (math.log(zeta(a + s, x_min)) for s in (step, -step))
        far, back = (math.log(zeta(a + 2 * s, x_min)) for s in (step, -step))
        return logs + (8 * (ahead - behind) - (far - back)) / (12 * step)

    return brentq(slope, best - 0.01, best + 0.01, xtol=1e-14)


def power_distance(tail, x_min, exponent):
    """Over all whole numbers up to the largest, not only those of the sample."""
    x = np.arange(x_min, tail.max() + 1)
    law = 1 - zeta(exponent, x + 1.0) / zeta(exponent, x_min)
    own = np.searchsorted(np.sort(tail), x, side="right") / len(tail)
    return np.abs(own - law).max()


def power_tail():
    """A sample whose tail is a power law from 6 on, and below it is flat; and one of Zipf's law."""
    body = rng.randint(1, 6, 300)
    x = np.arange(6, 200000)
    law = x**-2.4 / zeta(2.4, 6)
    tail = x[np.searchsorted(np.cumsum(law), rng.random_sample(400))]
    words = rng.multinomial(8000, zipfian.pmf(np.arange(1, 2001), 1.1, 2000))
    out = []
    for counts in (np.concatenate([body, tail]), words[words > 0]):
        best = None
        for x_min in np.unique(counts):
            part = counts[counts >= x_min]
            if len(part) < 50 or len(np.unique(part)) < 2:
                break
            exponent = power_exponent(part, float(x_min))
            distance = power_distance(part, float(x_min), exponent)
            if best is None or distance < best[0]:
                best = distance, exponent, int(x_min), len(part)
        out.append(
            {
                "counts": counts.tolist(),
                "distance": best[0],
                "exponent": best[1],
                "from": best[2],
                "count": best[3],
            }
        )
    return out


def hurwitz():
    """scipy's; the sum with logarithms is minus its derivative, by the series itself."""
    cases = [(1.05, 1), (1.5, 1), (2, 1), (2.5, 3), (3, 700), (20, 2), (40, 11), (1.2, 50000)]
    return [[float(s), float(q), float(zeta(s, q))] for s, q in cases]


def mtld_factors(tokens):
    factors, start = 0.0, 0
    for end in range(1, len(tokens) + 1):
        if len(set(tokens[start:end])) / (end - start) <= 0.72:
            factors, start = factors + 1, end
    rest = tokens[start:]
    if rest:
        factors += (1 - len(set(rest)) / len(rest)) / (1 - 0.72)
    return factors


def mtld():
    """One that ends within a stretch, one at its end, one whose words never come again but once."""
    texts = [
        np.minimum(rng.zipf(1.5, 157), 60).tolist(),
        [1, 2, 3, 1] * 30,
        list(range(119)) + [118],
    ]
    out = []
    for tokens in texts:
        factors = [mtld_factors(tokens), mtld_factors(tokens[::-1])]
        out.append({"tokens": tokens, "mtld": float(np.mean([len(tokens) / f for f in factors]))})
    return out


def hill(eigenvalues, q):
    shares = eigenvalues / eigenvalues.sum()
    shares = shares[shares > 1e-12]
    if q == 1:
        return math.exp(entropy(shares))
    return float(1 / shares.max() if q == math.inf else (shares**q).sum() ** (1 / (1 - q)))


def vendi():
    """Of points of length 1 by inner products, from the n by n kernel; of vectors, a Gaussian's."""
    points = draw(30, 8) + 2 * np.eye(8)[rng.randint(0, 3, 30)]
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    vectors = np.concatenate([draw(10, 3, scale=0.1), draw(10, 3, scale=0.1, shift=3)])
    linear = np.linalg.eigvalsh(unit @ unit.T / 30)
    gaussian = np.linalg.eigvalsh(rbf_kernel(vectors, gamma=1 / (2 * 0.7**2)) / 20)
    orders = [0.1, 0.5, 1, 2, 4]
    return {
        "points": unit.tolist(),
        "vectors": vectors.tolist(),
        "width": 0.7,
        "orders": orders,
        "linear": [hill(linear, q) for q in orders + [math.inf]],
        "gaussian": [hill(gaussian, q) for q in orders + [math.inf]],
    }


def support_of(human, model, k=5):
    """As the definitions say, from whole matrices of distances."""

    def radii(x):
        return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(x).kneighbors()[0][:, -1]

    across = pairwise_distances(human, model)
    human_radius, model_radius = radii(human), radii(model)
    inside = across < human_radius[:, None]
    kth = np.sort(across, axis=0)[k - 1]
    return {
        "precision": float(inside.any(axis=0).mean()),
        "recall": float((across < model_radius[None, :]).any(axis=1).mean()),
        "density": float(inside.sum(axis=0).mean() / k),
        "coverage": float((across.min(axis=1) < human_radius).mean()),
        "low_density": float((kth >= np.quantile(human_radius, 0.95)).mean()),
    }


def support():
    """Like the human side; narrower; one mode of two; and one point again and again."""
    human = np.concatenate([draw(70, 4), draw(60, 4, shift=5)])
    models = [
        np.concatenate([draw(60, 4), draw(50, 4, shift=5)]),
        np.concatenate([draw(60, 4, scale=0.4), draw(60, 4, scale=0.4, shift=5)]),
        draw(110, 4),
        np.repeat(human[:1], 100, axis=0),
    ]
    return {
        "human": human.tolist(),
        "cases": [{"model": m.tolist()} | support_of(human, m) for m in models],
    }


def quantile_recall():
    human, model = draw(47, 2, scale=2), draw(80, 2, scale=1.5, shift=0.7)
    low = np.quantile(human, 0.05, axis=0, method="weibull")
    high = np.quantile(human, 0.95, axis=0, method="weibull")
    return {
        "human": human.tolist(),
        "model": model.tolist(),
        "edges_low": low.tolist(),
        "edges_high": high.tolist(),
        "low": float((model < low).mean() / 0.05),
        "high": float((model > high).mean() / 0.05),
    }


def mauve():
    """The mean of the areas over both axes, from given histograms, some with empty cells."""
    cases = [([0.9, 0.1], [0.5, 0.5]), ([0.25, 0.25, 0.5, 0], [0, 0.5, 0.25, 0.25])]
    for cells in (5, 40):
        cases.append(tuple((h / h.sum()).tolist() for h in rng.randint(0, 9, (2, cells))))
    out = []
    for p, q in cases:
        curve = [[1.0, 0.0], [0.0, 1.0]]
        for w in np.linspace(0, 1, 25):
            r = w * np.array(p) + (1 - w) * np.array(q)
            curve.append([math.exp(-5 * entropy(q, r)), math.exp(-5 * entropy(p, r))])
        x, y = np.array(sorted(curve, key=lambda point: (point[0], -point[1]))).T
        out.append({"p": p, "q": q, "area": (auc(x, y) + auc(y[::-1], x[::-1])) / 2})
    return out


def self_bleu():
    """nltk's, of every item against all others."""
    items = [rng.randint(0, 7, size).tolist() for size in (9, 12, 5, 9, 3, 20, 1)]
    smooth = SmoothingFunction().method1
    scores = [
        sentence_bleu(items[:i] + items[i + 1 :], item, smoothing_function=smooth)
        for i, item in enumerate(items)
    ]
    return {"words": 7, "items": items, "value": float(np.mean(scores))}


def perplexity():
    """Over tokens, over items, and how many items lie in each bin of an eighth of a decade."""
    sizes = rng.randint(1, 30, 60)
    sums = [float(np.round(rng.gamma(size * 3.0, 1.3), 3)) for size in sizes]
    of_items = np.exp(np.array(sums) / sizes)
    edges = np.append(10 ** (np.arange(41) / 8), np.inf)
    return {
        "tokens": sizes.tolist(),
        "nll": sums,
        "pooled": float(np.exp(np.sum(sums) / sizes.sum())),
        "mean": float(of_items.mean()),
        "bins": np.histogram(of_items, edges)[0].tolist(),
    }


def distinct():
    """By nltk's n-grams; items shorter than n have no place."""
    items = [np.minimum(rng.zipf(1.4, size), 40).tolist() for size in (30, 2, 25, 40, 1, 33)]
    items[3][10:20] = items[0][5:15]
    out = {"types": 41, "items": items, "pooled": [], "mean": []}
    for n in (1, 2, 3):
        parts = [list(grams_of(item, n)) for item in items if len(item) >= n]
        pooled = [gram for part in parts for gram in part]
        out["pooled"].append(len(set(pooled)) / len(pooled))
        out["mean"].append(float(np.mean([len(set(part)) / len(part) for part in parts])))
    fours = Counter(gram for item in items for gram in grams_of(item, 4))
    out["repeated"] = sum(c for c in fours.values() if c > 1) / sum(fours.values())
    return out


def frechet():
    """Between Gaussians, by scipy's matrix root."""
    out = []
    for dimension in (1, 2, 4):
        a, b = draw(dimension, dimension), draw(dimension, dimension)
        a, b = np.round(a @ a.T, 6), np.round(b @ b.T + np.eye(dimension), 6)
        mean = draw(dimension), draw(dimension)
        root = sqrtm(a @ b).real
        squared = np.sum((mean[0] - mean[1]) ** 2) + np.trace(a + b - 2 * root)
        out.append(
            {
                "mean_a": mean[0].tolist(),
                "mean_b": mean[1].tolist(),
                "a": a.tolist(),
                "b": b.tolist(),
                "w2_squared": float(squared),
            }
        )
    return out


def numbers():
    return {
        "made_by": f"numpy {np.__version__}, scipy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}, nltk {nltk.__version__}",
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
        "richness": richness(),
        "power_tail": power_tail(),
        "hurwitz": hurwitz(),
        "mtld": mtld(),
        "vendi": vendi(),
        "support": support(),
        "quantile_recall": quantile_recall(),
        "mauve": mauve(),
        "self_bleu": self_bleu(),
        "perplexity": perplexity(),
        "distinct": distinct(),
        "frechet": frechet(),
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
    if made is None or isinstance(made, str):
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
