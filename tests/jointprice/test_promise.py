"""The promise deducts some of what halves of a history disagree by, whether the model shrinks as it should or not."""

import numpy as np
import pytest

from jointprice.promise import promised

OFFERS, DRAWS = 40, 2000
NOISE = 0.7  # sd of the error of the whole history; what a move of each offer is worth has sd 1


@pytest.fixture(scope="module", params=[True, False], ids=["shrunk", "at their word"])
def told(request):
    """[N, 3] promise, model's own gain and truth of many histories, and whether the model shrinks: offers are moved by
    m where the model says m, which is worth θ m − m² / 2."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(DRAWS, OFFERS))
    errors = np.sqrt(2) * NOISE * rng.normal(size=(2, DRAWS, OFFERS))
    variance = np.array([2, 2, 1]) * NOISE**2
    keep = 1 / (1 + variance) if request.param else np.ones(3)
    seen = [truth + error for error in (*errors, errors.mean(0))]
    first, second, whole = (one * share for one, share in zip(seen, keep, strict=True))

    def worth(move, eyes):
        return (move * eyes - move**2 / 2).sum(-1)

    found = []
    for one, other, all_, true in zip(first, second, whole, truth, strict=True):
        judged = [[worth(move, eyes) for move in (one, other, all_)] for eyes in (one, other)]
        found.append(
            (promised(np.array([worth(all_, all_)]), np.array(judged)).mean, worth(all_, all_), worth(all_, true))
        )
    return np.array(found), request.param


def test_the_promise_is_nearer_to_what_comes_for_a_model_that_takes_data_at_their_word(told):
    (promise, own, came), shrunk = told[0].mean(0), told[1]
    if shrunk:
        assert own == pytest.approx(came, rel=0.03)
        assert 0.75 * came < promise < came
    else:
        assert came < promise < 0.75 * own


def test_never_more_is_promised_than_the_model_says(told):
    assert (told[0][:, 0] <= told[0][:, 1] + 1e-9).all()
