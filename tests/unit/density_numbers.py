#!/usr/bin/env python3
"""What scikit-learn makes of the data of test_gmm.c and test_kde.c.

Prints tests/unit/density_numbers.h. Made with Debian's python3-sklearn 1.2.1:

    /usr/bin/python3 tests/unit/density_numbers.py | clang-format > tests/unit/density_numbers.h
"""
import numpy
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

ITEMS = 240
CENTRES = [(0.0, 0.0, 1.0), (4.0, 1.0, -1.0), (-1.0, 5.0, 0.5)]


def uniform(i):
    return i * 7919 % 10007 / 10007.0


def item(i, dimension):
    """As item_of in test_gmm.c: a square about one of three centres."""
    return [CENTRES[i % 3][a] + 3 * uniform(5 * i + a + 1) - 1.5 for a in range(dimension)]


def data(dimension):
    return numpy.array([item(i, dimension) for i in range(ITEMS)])


def rows(name, values):
    values = numpy.asarray(values).ravel()
    print(f"static const double {name}[] = {{")
    for v in values:
        print(f"    {float(v)!r},")
    print("};")


def mixture(dimension, **settings):
    means = numpy.array(CENTRES)[:, :dimension] + 0.5
    identity = numpy.array([numpy.eye(dimension)] * 3)
    model = GaussianMixture(n_components=3, covariance_type="full", reg_covar=1e-3,
                            weights_init=[0.5, 0.25, 0.25], means_init=means,
                            precisions_init=identity, **settings)
    import warnings
    warnings.simplefilter("ignore")
    return model.fit(data(dimension))


def print_mixture(name, model, dimension):
    rows(f"{name}_weights", model.weights_)
    rows(f"{name}_means", model.means_)
    rows(f"{name}_covariances", model.covariances_)
    rows(f"{name}_log_likelihood", [model.lower_bound_])
    rows(f"{name}_score", [model.score(data(dimension))])


print("/* Printed by density_numbers.py; see there. */")
for dimension in (1, 2, 3):
    print_mixture(f"five_{dimension}", mixture(dimension, tol=0, max_iter=5), dimension)
converged = mixture(2, tol=1e-5, max_iter=2000)
print(f"enum {{ CONVERGED_ITERATIONS = {converged.n_iter_} }};")
print_mixture("converged", converged, 2)

for dimension in (1, 2, 3):
    own = data(dimension)
    # Near the data: of an item 4 from the nearest of 240 kernels of width 0.1 in 2-D, whose log
    # density is -348.5 (scipy's logsumexp over all of them), this version says -413.2.
    queries = own[:20] * 0.98 + 0.05
    densities = []
    for width in (0.1, 0.5, "scott", "silverman"):
        kernels = KernelDensity(bandwidth=width).fit(own)
        densities += [kernels.score_samples(queries).sum(), kernels.bandwidth_]
    rows(f"kernels_{dimension}", densities)
