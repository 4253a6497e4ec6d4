"""Prints the weights that tests/unit/test_regression.c and test_logistic.c expect, found by numpy and
scipy for the same items, whose numbers are fractional parts of multiples of irrational numbers."""
import numpy as np
from scipy.optimize import minimize

ITEMS, INPUTS = 40, 3


def items(labels):
    k = np.arange(1, ITEMS * INPUTS + 1, dtype=float)
    x = (4 * np.mod(k * np.sqrt(2), 1) - 2).reshape(ITEMS, INPUTS)
    noise = 4 * np.mod(np.arange(1, ITEMS + 1) * np.sqrt(3), 1) - 2
    y = x @ [1, -2, 0.5] + (3 if labels else 1) * noise
    return x, (y > 0).astype(float) if labels else y


def show(name, values):
    print(name, ", ".join(f"{v:.15g}" for v in np.atleast_1d(values)))


x, y = items(False)
w, residual, _, _ = np.linalg.lstsq(x, y, rcond=None)
show("least squares", w)
show("noise", residual / (ITEMS - INPUTS))
show("ridge 0.25", np.linalg.solve(x.T @ x + 0.25 * ITEMS * np.eye(INPUTS), x.T @ y))
weight = np.where(np.arange(ITEMS) < 10, 3.0, 1.0)
show("weighted", np.linalg.lstsq(x * np.sqrt(weight)[:, None], y * np.sqrt(weight), rcond=None)[0])
squares = weight @ (y - x @ np.linalg.lstsq(
    x * np.sqrt(weight)[:, None], y * np.sqrt(weight), rcond=None)[0]) ** 2
show("weighted noise", squares / weight.sum() * ITEMS / (ITEMS - INPUTS))
show("weighted ridge 0.25", np.linalg.solve(
    (x.T * weight) @ x + 0.25 * weight.sum() * np.eye(INPUTS), (x.T * weight) @ y))

x, label = items(True)


def logistic(weight, ridge):
    side = 2 * label - 1

    def loss(w):
        return weight @ np.logaddexp(0, -side * (x @ w)) + ridge * weight.sum() * w @ w / 2

    def slope(w):
        p = 1 / (1 + np.exp(-(x @ w)))
        return x.T @ (weight * (p - label)) + ridge * weight.sum() * w

    def curve(w):
        p = 1 / (1 + np.exp(-(x @ w)))
        return (x.T * (weight * p * (1 - p))) @ x + ridge * weight.sum() * np.eye(INPUTS)

    w = minimize(loss, np.zeros(INPUTS), jac=slope, hess=curve, method="trust-exact",
                 options={"gtol": 1e-9}).x
    for _ in range(3):
        w = w - np.linalg.solve(curve(w), slope(w))
    return w


show("logistic", logistic(np.ones(ITEMS), 0))
show("logistic ridge 0.1", logistic(np.ones(ITEMS), 0.1))
show("logistic weighted ridge 0.1", logistic(weight, 0.1))
