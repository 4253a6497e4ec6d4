"""Times scikit-learn at what bench/densities.c does, on the same vectors. Prints seconds of wall
time, the median of three, and the mean log density that it found."""
import sys
import time
import warnings

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

ITERATIONS = 20

warnings.simplefilter("ignore")


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def median_of_three(work):
    times = [timed(work) for _ in range(3)]
    return sorted(t for t, _ in times)[1], times[0][1]


def vectors(path, dimension):
    return np.fromfile(path).reshape(-1, dimension)


def gmm(path, dimension, components):
    """Fits of 1 and of 1 + 20 iterations from the same start: what is beside iterations cancels."""
    x = vectors(path, dimension)

    def fit(iterations):
        return GaussianMixture(
            n_components=components, max_iter=iterations, tol=0, init_params="random_from_data",
            weights_init=np.full(components, 1 / components), means_init=x[:components],
            precisions_init=np.array([np.eye(dimension)] * components), random_state=1).fit(x)

    few = [timed(lambda: fit(1))[0] for _ in range(3)]
    many = [timed(lambda: fit(1 + ITERATIONS)) for _ in range(3)]
    seconds = (sorted(t for t, _ in many)[1] - sorted(few)[1]) / ITERATIONS
    return seconds, fit(ITERATIONS).lower_bound_


def nature():
    """The loop of the notebook of Shumailov et al. 2024, once."""
    rng = np.random.default_rng(1)

    def loop():
        x = rng.standard_normal((1000, 2))
        for _ in range(2051):
            model = GaussianMixture(n_components=2, tol=1e-5, covariance_type="full",
                                    max_iter=2000).fit(x)
            x, _ = model.sample(1000)
        return 0.0

    return timed(loop)


def kde(path, kernels, dimension):
    x = vectors(path, dimension)
    model = KernelDensity(bandwidth=0.1).fit(x[:kernels])
    return median_of_three(lambda: model.score_samples(x[kernels:]).mean())


if __name__ == "__main__":
    seconds, result = {
        "gmm": lambda: gmm(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])),
        "nature": nature,
        "kde": lambda: kde(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])),
    }[sys.argv[1]]()
    print(f"{seconds:.6f} {result:.12f}")
