"""What the sales tell of prices when demand also moves in ways that stores share. Not for the shocks' law (shocks).

Shocks of a period that all stores share are integrated out of the information (not out of the mode): a parameter is
told by what they do not explain as well. Where stores share more than that (a part of the town, some weeks in a row),
the gradient's parts by blocks of periods vary more than the information says, and draws are spread by as much, never
narrowed (Chandler & Bate 2007). Axes: M stores, T periods, J products, P shared and row parameters, N draws.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ensemble.anchor import arrow
from ensemble.anchor.linearise import Arrow
from ensemble.anchor.shocks import LEAST_STORES, law, roots, smoother

MOST_WIDER = 9.0  # variance of a draw, in that before it is spread: the posterior's form is known near the mode alone
TOLD = 0.5  # information on a direction of the shared parameters, in the prior's, below which it is the prior's alone


class Evidence(NamedTuple):
    """What shocks in common leave of the evidence at one fit: taken [P, P], the information that they take, and scores
    [T, P], the periods' parts of the gradient with shocks at their best."""

    taken: np.ndarray
    scores: np.ndarray


def evidence(blocks: Arrow, shock: np.ndarray) -> Evidence:
    """See Evidence, from the Gauss-Newton blocks of a fit that took its shocks in common [T, J] at their word; few
    stores tell of none."""
    told = blocks.pull, blocks.within, blocks.across, blocks.scores, shock
    pull, within, across, scores, shock = (np.asarray(part, np.float64) for part in told)
    shared = law(pull, within, shock) if len(blocks.store) >= LEAST_STORES else law(0 * pull, within, 0 * shock)
    smooth = smoother(within, *shared)
    level = np.linalg.lstsq(within.sum(0), across.sum(0), rcond=None)[0]  # what the level of every product explains
    apart = across - within @ level
    rows = apart.reshape(-1, apart.shape[-1])
    follow = smooth.solve((pull - smooth.drawn_back(shock))[..., None])[..., 0]
    left = np.einsum("tjk,tk->tj", within, follow) - pull
    return Evidence(
        taken=rows.T @ smooth.solve(apart).reshape(rows.shape),
        scores=scores + np.einsum("tjp,tj->tp", across, follow) - left @ level,
    )


def spread(
    reduced: arrow.Reduced, told: Evidence, count: int, together: int, other: np.ndarray, own: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of a posterior that took its shocks at their word, other [N, P] and intercepts own [N, M, J] around the
    mode, with the first `count` parameters, which products share, as wide as if the information on them were less by
    what shocks take and by as much as the gradient's parts vary more over blocks of `together` periods. Priors count as
    before, and all else moves with the shared ones as the posterior says."""
    before, along = _marginal(reduced.schur, count)
    after, apart = _marginal(arrow.without(reduced.schur, told.taken), count)
    scores = told.scores[:, :count] - told.scores[:, count:] @ apart
    after = after - _lost(after - np.eye(count) - apart.T @ apart, _by_block(scores, together))
    root, inverse = roots(before)
    ratios, turn = np.linalg.eigh(root @ np.linalg.inv(after) @ root)
    wider = inverse @ (turn * np.sqrt(np.clip(ratios, 1, MOST_WIDER))) @ turn.T @ root
    change = other[:, :count] @ (wider - np.eye(count)).T
    change = np.concatenate([change, -change @ along.T], 1)
    return other + change, own - np.einsum("mjp,np->nmj", reduced.through, change)


def _marginal(full: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Precision [n, n] of the first `count` parameters of a system `full` [P, P], and how all others [P − n, n] lean on
    them, with the sign turned."""
    along = np.linalg.solve(full[count:, count:], full[count:, :count])
    return full[:count, :count] - full[:count, count:] @ along, along


def _lost(information: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """[n, n] what scores [blocks, n] that vary more than the information [n, n] says take from it."""
    values, vectors = np.linalg.eigh(0.5 * (information + information.T))
    heard = values > TOLD
    size = np.sqrt(values[heard])
    ratios, turn = np.linalg.eigh(_shrunk(scores @ (vectors[:, heard] / size)))
    turned = vectors[:, heard] * size @ turn
    return (turned * (1 - 1 / np.maximum(ratios, 1))) @ turned.T


def _by_block(scores: np.ndarray, together: int) -> np.ndarray:
    """[blocks, d] sums of standardised scores [T, d] over blocks of periods in which anything is known."""
    sums = np.add.reduceat(scores, np.arange(0, len(scores), together))
    return sums[np.any(sums != 0, 1)]


def _shrunk(scores: np.ndarray) -> np.ndarray:
    """[d, d] second moments of scores [blocks, d] in units of the information, drawn to their mean as far as so few
    blocks would scatter alone (Ledoit & Wolf 2004); 0 of fewer than two blocks."""
    blocks, size = scores.shape
    if blocks < 2 or not size:
        return np.zeros((size, size))
    scores = scores - scores.mean(0)
    moments = scores.T @ scores
    mean = np.trace(moments) / size
    scatter = ((moments - mean * np.eye(size)) ** 2).sum() / size
    kept = max(0.0, 1 - mean**2 * size / blocks / max(scatter, 1e-12))
    return mean * (1 - kept) * np.eye(size) + kept * moments
