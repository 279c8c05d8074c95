"""Lays a panel out for the anchor: blocks of products × stores × periods. Not for equations or fitting.

A table of at most `block_products` products is one block: all products of a store meet, in the groups of their
categories. A larger one has a block per category, and a category with more products is cut into blocks of equal
size in the order of the names; products of different blocks do not touch each other.

Axes: B blocks, M stores, T periods, J products of a block (padded), G groups of a block, Q promotions, S series.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from data_io.features import season
from data_io.types import SalesPanel
from ensemble.anchor.competitor import competitor, felt
from ensemble.anchor.control import CONTROLS, controls
from ensemble.anchor.relevance import relevance
from ensemble.anchor.settings import AnchorSettings
from ensemble.anchor.treatments import (
    TREATMENTS,
    TYPICAL_OWN,
    mean_rival,
    meetings,
    regular_price,
    treatments,
    usual_price,
)

ABSENT = 1e-6  # units of a product that a store does not sell
SEASON_TERMS = 4
INDEX_RIVALS = 10  # most rivals whose cross effects a price index stands for


class Sets(NamedTuple):
    """What stays of the blocks when the sales are gone.

    Attributes:
        cells: [B, M, J] int32 series of the cell, S where there is none.
        place: [S] int32 flat index of each series among the cells.
        group: [B, J, G] 1 where the product is in the group.
        same: [B, J, J] bool, both in one group.
        rivals: [B, J, J] weight of product k in the cross effects on j: 1, or its part in a price index; own 0.
        dearness: [B, J] log of the reference price less its mean.
        log_level: [B, M, J] log of mean units.
        reference: [S] log of the product's median price.
        regular: [S] log of the last price without promotion.
        promotion_scale: [Q] largest value of each promotion.
        competitor: [S] log of the competitor's usual price, NaN where never known.
        competitor_move: [S] log of its expected price in the period after the history, over the usual one.
        reaction: [1] by how many per cent the competitor follows 1 % of ours.
    """

    cells: np.ndarray
    place: np.ndarray
    group: np.ndarray
    same: np.ndarray
    rivals: np.ndarray
    dearness: np.ndarray
    log_level: np.ndarray
    reference: np.ndarray
    regular: np.ndarray
    promotion_scale: np.ndarray
    competitor: np.ndarray
    competitor_move: np.ndarray
    reaction: np.ndarray


class History(NamedTuple):
    """The sales in cells: z, units, seen and least (of the demand where they sold out, else 0) [B, M, T, J], traffic
    [B, M, T, J], drivers [B, M, T, J, Q + C + 3 + 3] (scaled promotions, C = 3 competitor prices or 0, treatments times
    their relevance and, last, the controls, that of promoted periods times its own), season [T, 4], weight [T],
    relevance [3 + 1] of the treatments and of the usual price, surprise [B, M, T, J] (z less the usual one, times that
    relevance), competitors C."""

    z: np.ndarray
    units: np.ndarray
    seen: np.ndarray
    least: np.ndarray
    traffic: np.ndarray
    drivers: np.ndarray
    season: np.ndarray
    weight: np.ndarray
    relevance: np.ndarray
    surprise: np.ndarray
    competitors: int


def lay_out(panel: SalesPanel, settings: AnchorSettings, weight: np.ndarray) -> tuple[Sets, History]:
    """Arrange a panel; reference prices and levels come from the periods of positive weight [T] alone."""
    product, products = pd.factorize(panel.series["product"], sort=True)
    store, stores = pd.factorize(panel.series["store"])
    seen = panel.observed & (weight > 0)
    log_price = np.log(panel.price)
    reference = _reference(log_price, seen, product, len(products))
    units = np.where(seen, panel.units, 0) * weight
    rows = (seen * weight).sum(1)
    mean = _level(units.sum(1), rows, product, store)
    volume = np.bincount(product, mean, len(products))

    category = panel.series.groupby(product)["category"].last().to_numpy()
    members, group = _blocks(category, settings.block_products)
    blocks, width = members.shape
    slot = np.full(len(products) + 1, -1)
    slot[np.where(members < 0, len(products), members).reshape(-1)] = np.arange(members.size)
    block, column = np.divmod(slot[product], width)
    cells = np.full((blocks, len(stores), width), len(product), np.int32)
    cells[block, store, column] = np.arange(len(product))

    def in_cells(values: np.ndarray, blank: float) -> np.ndarray:
        """[S, ...] -> [B, M, ..., J]: the cells' own, or the blank."""
        padded = np.concatenate([values, np.full((1, *values.shape[1:]), blank, values.dtype)])
        return np.moveaxis(padded[cells], 2, 3) if values.ndim > 1 else padded[cells]

    promoted = (panel.promotions > 0).any(-1)
    z = log_price - reference[product][:, None]
    meeting = meetings(panel.series)
    usual = usual_price(z)
    treated = treatments(z, promoted, meeting, mean)
    rival = competitor(panel, weight, z, settings.reaction)
    prices = np.zeros((*z.shape, 0))
    if rival:
        theirs = np.asarray(felt(rival.moves))
        prices = np.stack([theirs, mean_rival(theirs, meeting), mean_rival(theirs, block * len(stores) + store)], -1)
    control = controls(panel, weight) if settings.control else np.zeros((*z.shape, CONTROLS))
    if control[..., -1].any():
        beside = np.concatenate([prices, control[..., :-1]], -1)
        control[..., -1:] *= relevance(panel, control[..., -1:], z, beside, seen, settings.block)
    likely = np.zeros(len(TREATMENTS) + 1)
    if settings.treatments:
        effects = np.concatenate([treated, usual[..., None]], -1)
        likely = relevance(panel, effects, z, prices, seen, settings.block)
        likely[-1] /= TYPICAL_OWN
    scale = np.maximum(np.abs(panel.promotions).max((0, 1), initial=0), 1e-9)
    known = members >= 0
    dear = np.where(known, reference[members], 0)
    centre = dear.sum(1, keepdims=True) / known.sum(1, keepdims=True)
    same = np.einsum("bjg,bkg->bjk", group, group) > 0
    sets = Sets(
        cells=cells,
        place=((block * len(stores) + store) * width + column).astype(np.int32),
        group=group,
        same=same,
        rivals=_rivals(known, same, np.where(known, volume[members], 0), settings.full_cross),
        dearness=np.where(known, dear - centre, 0).astype(np.float32),
        log_level=np.log(in_cells(mean, ABSENT)).astype(np.float32),
        reference=reference[product],
        regular=regular_price(log_price, promoted)[:, _last(seen)],
        promotion_scale=scale.astype(np.float32),
        competitor=rival.usual if rival else np.full(len(product), np.nan),
        competitor_move=(rival.coming if rival else np.zeros(len(product))).astype(np.float32),
        reaction=np.array([rival.reaction if rival else 0], np.float32),
    )
    history = History(
        z=in_cells(z.astype(np.float32), 0),
        units=in_cells(panel.units.astype(np.float32), 0),
        seen=in_cells(panel.observed.astype(np.float32), 0),
        least=in_cells(np.where(panel.censored, panel.units, 0), 0),
        traffic=in_cells(panel.traffic, 0),
        drivers=in_cells(
            np.concatenate([panel.promotions / scale, prices, treated * likely[:-1], control], -1).astype(np.float32), 0
        ),
        season=season(panel.periods),
        weight=weight.astype(np.float32),
        relevance=likely.astype(np.float32),
        surprise=in_cells((likely[-1] * (z - usual)).astype(np.float32), 0),
        competitors=prices.shape[-1],
    )
    return sets, history


def _last(seen: np.ndarray) -> int:
    """The last period in which anything was seen, else the last."""
    periods = np.flatnonzero(seen.any(0))
    return int(periods[-1]) if len(periods) else -1


def _reference(log_price: np.ndarray, seen: np.ndarray, product: np.ndarray, products: int) -> np.ndarray:
    """[products] median log price where seen, else anywhere."""
    frame = pd.DataFrame({"product": np.broadcast_to(product[:, None], seen.shape)[seen], "log": log_price[seen]})
    found = frame.groupby("product")["log"].median().reindex(range(products)).to_numpy()
    anywhere = pd.Series(np.median(log_price, 1)).groupby(product).median().to_numpy()
    return np.where(np.isnan(found), anywhere, found)


def _level(total: np.ndarray, rows: np.ndarray, product: np.ndarray, store: np.ndarray) -> np.ndarray:
    """[S] mean units + .3; the fewer rows a series has, the nearer to its product's mean times its store's size."""

    def ratio(code: np.ndarray, expected: np.ndarray) -> np.ndarray:
        return ((np.bincount(code, total) + 1e-3) / (np.bincount(code, expected) + 1e-3))[code]

    usual = ratio(product, rows)
    usual = usual * ratio(store, rows * usual)
    return (total + usual) / (rows + 1) + 0.3


def _blocks(category: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Products by block [B, J] (-1 = none) and their groups [B, J, G], from the categories of all products."""
    code = pd.factorize(category)[0]
    if len(code) <= most:
        parts = [np.argsort(code, kind="stable")]
    else:
        whole = [np.flatnonzero(code == number) for number in range(code.max() + 1)]
        parts = [part for each in whole for part in np.array_split(each, -(-len(each) // most))]
    width = max(len(part) for part in parts)
    members = np.stack([np.pad(part, (0, width - len(part)), constant_values=-1) for part in parts])
    local = [pd.factorize(code[part])[0] for part in parts]
    group = np.zeros((*members.shape, max(numbers.max() for numbers in local) + 1), np.float32)
    for block, numbers in enumerate(local):
        group[block, np.arange(len(numbers)), numbers] = 1
    return members, group


def _rivals(known: np.ndarray, same: np.ndarray, volume: np.ndarray, full_cross: int) -> np.ndarray:
    """[B, J, J] see Sets. An index weighs its products by volume and counts as at most INDEX_RIVALS of them."""
    other = known[:, :, None] & known[:, None, :] & ~np.eye(known.shape[1], dtype=bool)
    if known.shape[1] <= full_cross:
        return other.astype(np.float32)
    weights = np.zeros(other.shape)
    for part in (other & same, other & ~same):
        heavy = part * volume[:, None, :]
        count = np.minimum(part.sum(2, keepdims=True), INDEX_RIVALS)
        weights += heavy / np.maximum(heavy.sum(2, keepdims=True), 1e-12) * count
    return weights.astype(np.float32)
