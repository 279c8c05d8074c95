"""The real tables load as their owners describe them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_io.load import load_tables
from data_io.panel import build_panel
from data_io.settings import DataSettings, FeatureSettings, PolicySettings

DATA = Path(__file__).parents[2].parent / "shared" / "data"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real sales tables (../shared/data) are not here"),
]


def test_orange_juice_loads_with_its_absurd_costs_repaired():
    settings = DataSettings(
        sales=str(DATA / "orange_juice" / "sales.parquet"),
        products=str(DATA / "orange_juice" / "products.csv"),
        stores=str(DATA / "orange_juice" / "stores.csv"),
        features=FeatureSettings(promotion=["deal", "feat"]),
    )
    tables = load_tables(settings)
    assert (len(tables.sales), len(tables.offers), tables.frequency) == (85_085, 913, "week")
    assert tables.sales["date"].dt.day_of_week.unique().tolist() == [3]
    assert tables.sales["cost"].min() > 0.3
    assert any("absurd cost" in sentence for sentence in tables.warnings)
    panel = build_panel(tables, settings)
    assert panel.units.shape == (913, 97)
    assert panel.observed.sum() == 85_085
    assert panel.series["choice_set"].nunique() == 83


def test_avocado_loads_by_mapping_format_and_exclusion():
    settings = DataSettings(
        sales=str(DATA / "avocado" / "sales.csv"),
        columns={"units": "units_sold", "product": "type", "store": "region"},
        date_format="%m/%d/%y %H:%M",
        policy=PolicySettings(exclude=["store == 'Total_US'"]),
    )
    tables = load_tables(settings)
    assert (len(tables.sales), len(tables.offers)) == (2_752, 16)
    assert tables.sales["date"].dt.day_of_week.unique().tolist() == [6]
    assert not tables.aggregated
    assert tables.offers["cost"].isna().all()


@pytest.mark.parametrize(
    ("exclude", "series"), [(["store != 'United Kingdom'"], 3_908), ([], 19_409)], ids=["uk", "all countries"]
)
def test_online_retail_orders_are_added_up_to_weeks(exclude, series):
    settings = DataSettings(
        sales=str(DATA / "online_retail" / "sales.parquet"),
        columns={"date": "Date", "product": "StockCode", "store": "Country", "units": "Quantity", "price": "UnitPrice"},
        policy=PolicySettings(exclude=exclude),
    )
    tables = load_tables(settings)
    assert (tables.frequency, tables.aggregated) == ("week", True)
    panel = build_panel(tables, settings)
    assert panel.units.shape == (series, 54)
    np.testing.assert_allclose(panel.units.sum(dtype=np.float64), tables.sales["units"].sum())
    assert (panel.price > 0).all()
    assert panel.warnings
