"""The search for the greatest likelihood, and its arrays."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

# Parameters are sought as logarithms between these bounds, times measured in mean ages.
LOG_BOUND = 9.0


def as_floats(*arrays: np.ndarray) -> list[np.ndarray]:
    """Return arrays of floats of what was given."""
    return [np.asarray(array, dtype=float) for array in arrays]


def minimum(
    loss: Callable[[np.ndarray], tuple[float, np.ndarray]], starts: Sequence[Sequence[float]], model_name: str
) -> np.ndarray:
    """Minimum found from the first start that leads to one: logs of the parameters."""
    for start in starts:
        found = minimize(
            loss,
            np.array(start, dtype=float),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-LOG_BOUND, LOG_BOUND)] * len(start),
            options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 1000},
        )
        if np.isfinite(found.fun) and np.abs(found.jac).max() < 1e-4:
            return found.x
    raise ValueError(f"{model_name} has no maximum on these purchases.")
