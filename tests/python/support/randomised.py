"""Users of whom the effect of a contact is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from precision_marketing.uplift.metrics import Trial


def spenders(random: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Amounts before and during, of users who buy the oftener the more they spend."""
    level = random.normal(size=shape)
    buying = 1 / (1 + np.exp(1 - 1.5 * level))
    before, during = (
        np.where(random.random(shape) < buying, np.exp(3 + 0.7 * level + random.normal(scale=0.7, size=shape)), 0.0)
        for _ in range(2)
    )
    return before, during


def randomised_trial(seed: int, rows: int, slope: float, *, is_binary: bool) -> tuple[pd.DataFrame, Trial, np.ndarray]:
    """Return features, a trial, and true effects: .1 + slope x first feature."""
    random = np.random.default_rng(seed)
    features = pd.DataFrame(random.normal(size=(rows, 4)), columns=list("abcd"))
    features["kind"] = random.choice(["x", "y"], rows)
    effect = 0.1 + slope * features["a"].clip(-2, 2).to_numpy()
    treated = random.random(rows) < 0.6
    base = 0.4 + 0.1 * features["b"].clip(-2, 2).to_numpy()
    chance = np.clip(base + treated * effect, 0, 1)
    if is_binary:
        outcome = (random.random(rows) < chance).astype(float)
    else:
        outcome = 10 * chance + random.normal(size=rows)
        effect = 10 * effect
    users = np.array([f"user {number:05d}" for number in range(rows)], dtype=object)
    return features, Trial(users, treated, outcome, np.full(rows, 0.6)), effect
