"""What the page may ask, typed and limited: anything else is refused before it reaches the model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MOST_CHANGES = 20_000
MOST_MONEY = 1e9


def _writable(words: str) -> str:
    """Raises ValueError for halves of characters, which no file can hold."""
    words.encode("utf-8")
    return words


Text = Annotated[str, AfterValidator(_writable)]
Money = Annotated[float, Field(gt=0, le=MOST_MONEY, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=MOST_MONEY, allow_inf_nan=False)]
Words = Annotated[Text, Field(min_length=1, max_length=500)]


class Strict(BaseModel):
    """Numbers are numbers, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Change(Strict):
    """What a person did to one decision (a price, which several stores may share).

    price: another price than the start's; excluded: it keeps its current price whatever pays; pinned: re-optimising
    leaves its price alone; low, high: re-optimising stays between; cost, stock, competitor: what if they were these.
    """

    decision: Annotated[int, Field(ge=0, le=10**7)]
    price: Money | None = None
    excluded: bool = False
    pinned: bool = False
    low: Money | None = None
    high: Money | None = None
    cost: Amount | None = None
    stock: Amount | None = None
    competitor: Money | None = None


class Plan(Strict):
    """Prices to judge: those recommended or those current, with changes."""

    start: Literal["recommended", "current"] = "recommended"
    changes: Annotated[list[Change], Field(max_length=MOST_CHANGES)] = []


class Scenario(Strict):
    """A plan with a name, to compare."""

    name: Annotated[Text, Field(min_length=1, max_length=80)]
    plan: Plan


class Reason(Strict):
    """Why a price is another than the recommended one."""

    decision: Annotated[int, Field(ge=0, le=10**7)]
    words: Words


class Approval(Strict):
    """A plan that a person stands behind. accept_breaches: although it breaks hard rules, which it then lists."""

    plan: Plan
    person: Annotated[Text, Field(min_length=1, max_length=80)]
    reasons: Annotated[list[Reason], Field(max_length=MOST_CHANGES)] = []
    accept_breaches: bool = False
