"""Solves and samples the arrow system: store intercepts are eliminated, so cost grows linearly with stores. float64.

Parameters are standardised: every prior precision is 1. Axes: M stores, J products, P other parameters, N draws.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_solve, solve_triangular


class Reduced(NamedTuple):
    """The system after elimination: schur [P, P] with its lower Cholesky factor, through = C⁻¹ B [M, J, P], store
    blocks C [M, J, J]."""

    schur: np.ndarray
    factor: np.ndarray
    through: np.ndarray
    store: np.ndarray


def reduce(arrow, damping: float = 0.0) -> Reduced:
    """Eliminate the store blocks of (arrow + prior + damping)."""
    store = np.asarray(arrow.store, np.float64)
    head = np.asarray(arrow.head, np.float64)
    joint = np.asarray(arrow.joint, np.float64)
    store = store + _ridge(store, damping)
    through = np.linalg.solve(store, joint)
    size = head.shape[0]
    schur = head + _ridge(head, damping) - joint.reshape(-1, size).T @ through.reshape(-1, size)
    schur = _floored(0.5 * (schur + schur.T))
    return Reduced(schur, np.linalg.cholesky(schur), through, store)


def step(arrow, theta, damping: float) -> tuple[np.ndarray, np.ndarray]:
    """The damped step of shared and row parameters [P] and of intercepts [M, J]; theta: their present values."""
    reduced = reduce(arrow, damping)
    other, intercept = theta
    store_gradient = np.asarray(arrow.store_gradient, np.float64) + intercept
    gradient = np.asarray(arrow.gradient, np.float64) + other
    left = gradient - np.einsum("mjp,mj->p", reduced.through, store_gradient)
    change = -cho_solve((reduced.factor, True), left)
    own = -np.linalg.solve(reduced.store, store_gradient[..., None])[..., 0]
    return change, own - reduced.through @ change


def without(schur: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """[P, P] the eliminated system's precision without the information `taken` [P, P]; never less than the priors'."""
    return _floored(schur - taken)


def sample(reduced: Reduced, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws around 0 of shared and row parameters [N, P] and of intercepts [N, M, J]."""
    size = reduced.schur.shape[0]
    other = solve_triangular(reduced.factor, rng.normal(size=(size, count)), lower=True, trans=1).T
    lower = np.linalg.cholesky(reduced.store)
    noise = rng.normal(size=(*reduced.store.shape[:2], count))
    own = np.linalg.solve(np.swapaxes(lower, 1, 2), noise)
    return other, np.moveaxis(own, -1, 0) - np.einsum("mjp,np->nmj", reduced.through, other)


def square(reduced: Reduced, other: np.ndarray, own: np.ndarray) -> np.ndarray:
    """[N] what the quadratic form (arrow + prior) makes of changes other [N, P] and own [N, M, J]."""
    inner = own + np.einsum("mjp,np->nmj", reduced.through, other)
    through_stores = np.einsum("nmj,mjk,nmk->n", inner, reduced.store, inner, optimize=True)
    return np.einsum("np,pq,nq->n", other, reduced.schur, other, optimize=True) + through_stores


def variances(reduced: Reduced) -> np.ndarray:
    """[P] marginal variances of shared and row parameters."""
    return np.diag(cho_solve((reduced.factor, True), np.eye(len(reduced.schur))))


def _floored(schur: np.ndarray) -> np.ndarray:
    """The matrix with eigenvalues of at least 1, the prior's: single-precision sums may have lost what they lack."""
    try:
        np.linalg.cholesky(schur - 0.99 * np.eye(len(schur)))  # a tenth of the time of the eigenvalues
        return schur
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(schur)
        return (vectors * np.maximum(values, 1)) @ vectors.T


def _ridge(blocks: np.ndarray, damping: float) -> np.ndarray:
    """Prior precision and damping, which has a part in proportion to the information."""
    size = blocks.shape[-1]
    diagonal = np.diagonal(blocks, axis1=-2, axis2=-1)
    return (1 + damping * (1 + 0.02 * diagonal))[..., None] * np.eye(size)
