"""Times the peers of the benchmarks, in numpy. Prints one number: seconds, median of three; of CPU
time where ours are, all of it on one core."""
import sys
import time

import numpy as np


def median_of_three(work, clock=time.perf_counter):
    times = []
    for _ in range(3):
        start = clock()
        work()
        times.append(clock() - start)
    return sorted(times)[1]


def cpu_seconds(work):
    return median_of_three(work, time.process_time)


def gaussian_vectorised():
    rng = np.random.default_rng(1)
    mean, deviation = np.zeros((1000, 1)), np.ones((1000, 1))
    for _ in range(2000):
        x = rng.standard_normal((1000, 100)) * deviation + mean
        mean, deviation = x.mean(1, keepdims=True), x.std(1, ddof=1, keepdims=True)


def gaussian_loop():
    """The plain loop over chains: a twentieth of them."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        mean, deviation = 0.0, 1.0
        for _ in range(2000):
            x = rng.normal(mean, deviation, 100)
            mean, deviation = x.mean(), x.std(ddof=1)


def discrete():
    rng = np.random.default_rng(1)
    types = 1_000_000
    p = np.full(types, 1 / types)
    return cpu_seconds(lambda: rng.multinomial(types, p))


def hypergeometric(method):
    rng = np.random.default_rng(1)
    counts = 1 + np.arange(1_000_000) % 3
    return cpu_seconds(
        lambda: rng.multivariate_hypergeometric(counts, 1_000_000, method=method))


def read_blocks(path, count=None):
    words = {}
    with open(path, encoding="utf-8") as file:
        text = file.read().lower()
    tokens = "".join(c if c.isalnum() or c == "_" else " " for c in text).split()
    count = count or len(tokens) // 1000
    ids = np.array([words.setdefault(w, len(words)) for w in tokens[:1000 * count]], dtype=np.int64)
    return ids.reshape(count, 1000), len(words)


class Trigram:
    """Maximum likelihood: occurrences sorted by context, a draw is a uniform pick in its range."""

    def __init__(self, blocks, types):
        start = types
        padded = np.pad(blocks, ((0, 0), (2, 0)), constant_values=start)
        first, second, last = padded[:, :-2].ravel(), padded[:, 1:-1].ravel(), padded[:, 2:].ravel()
        self.scale = types + 1
        context = first * self.scale + second
        self.pairs, self.pair_next = self.order(context, last)
        self.singles, self.single_next = self.order(second, last)
        self.any_next = last

    @staticmethod
    def order(context, following):
        order = np.argsort(context, kind="stable")
        return context[order], following[order]

    def sample(self, rng, count, length):
        first = np.full(count, self.scale - 1)
        second = np.full(count, self.scale - 1)
        out = np.empty((count, length), dtype=np.int64)
        for i in range(length):
            context = first * self.scale + second
            low = np.searchsorted(self.pairs, context, "left")
            size = np.searchsorted(self.pairs, context, "right") - low
            low1 = np.searchsorted(self.singles, second, "left")
            size1 = np.searchsorted(self.singles, second, "right") - low1
            u = rng.random(count)
            pick = self.pair_next[np.minimum(low + (u * size).astype(np.int64), len(self.pairs) - 1)]
            back = self.single_next[
                np.minimum(low1 + (u * size1).astype(np.int64), len(self.singles) - 1)]
            bottom = self.any_next[(u * len(self.any_next)).astype(np.int64)]
            token = np.where(size > 0, pick, np.where(size1 > 0, back, bottom))
            out[:, i] = token
            first, second = second, token
        return out


class Bigram:
    """The same with contexts of one word."""

    def __init__(self, blocks, types):
        self.start = types
        padded = np.pad(blocks, ((0, 0), (1, 0)), constant_values=types)
        self.singles, self.single_next = Trigram.order(padded[:, :-1].ravel(), blocks.ravel())

    def sample(self, rng, count, length):
        token = np.full(count, self.start)
        out = np.empty((count, length), dtype=np.int64)
        for i in range(length):
            low = np.searchsorted(self.singles, token, "left")
            size = np.searchsorted(self.singles, token, "right") - low
            pick = (rng.random(count) * np.maximum(size, 1)).astype(np.int64)
            # A word that was only seen at the end of a block is followed by any.
            low = np.where(size > 0, low + pick, rng.integers(len(self.single_next), size=count))
            token = self.single_next[low]
            out[:, i] = token
        return out


def trigram(path):
    blocks, types = read_blocks(path, 250)
    rng = np.random.default_rng(1)
    return cpu_seconds(lambda: Trigram(blocks, types).sample(rng, 250, 1000))


def ngram(order, path):
    """Sampling alone, as many blocks as the corpus has."""
    blocks, types = read_blocks(path)
    rng = np.random.default_rng(1)
    model = {"2": Bigram, "3": Trigram}[order](blocks, types)
    return cpu_seconds(lambda: model.sample(rng, len(blocks), 1000))


CHAINS, ITEMS, INPUTS, GENERATIONS = 1000, 100, 10, 200


def solve(x, y):
    transposed = x.transpose(0, 2, 1)
    return np.linalg.solve(transposed @ x, transposed @ y)


def regression_vectorised(design):
    """All chains as one array; a fixed design by normal equations in every generation, or by what
    can be computed once."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((CHAINS, ITEMS, INPUTS))
    w = rng.standard_normal((CHAINS, INPUTS, 1))
    inverse = np.linalg.pinv(x) if design == "once" else None
    for _ in range(GENERATIONS):
        if design == "fresh":
            x = rng.standard_normal((CHAINS, ITEMS, INPUTS))
        y = x @ w + rng.standard_normal((CHAINS, ITEMS, 1))
        w = solve(x, y) if inverse is None else inverse @ y


def regression_loop():
    """As published code has it, a pseudo-inverse each time: a fiftieth of the chains."""
    rng = np.random.default_rng(1)
    for _ in range(CHAINS // 50):
        x = rng.standard_normal((ITEMS, INPUTS))
        w = rng.standard_normal(INPUTS)
        for _ in range(GENERATIONS):
            w = np.linalg.pinv(x) @ (x @ w + rng.standard_normal(ITEMS))


if __name__ == "__main__":
    seconds = {
        "gaussian_vectorised": lambda: median_of_three(gaussian_vectorised),
        "gaussian_loop": lambda: 20 * median_of_three(gaussian_loop),
        "discrete": discrete,
        "hypergeometric": lambda: hypergeometric(sys.argv[2]),
        "trigram": lambda: trigram(sys.argv[2]),
        "regression_vectorised": lambda: median_of_three(lambda: regression_vectorised(sys.argv[2])),
        "regression_loop": lambda: 50 * median_of_three(regression_loop),
        "ngram": lambda: ngram(sys.argv[2], sys.argv[3]),
    }[sys.argv[1]]()
    print(f"{seconds:.6f}")
