"""Attempts are limited per account, per network and in all."""

from datetime import timedelta

import pytest
from tests.support.accounts import TurnedClock

from llamora.accounts import Limit, Limits, Throttled
from llamora.accounts.throttle import Throttle

LIMITS = Limits(account=Limit(3, 60), network=Limit(5, 60), everyone=Limit(8, 60))


@pytest.fixture
def throttle(clock: TurnedClock) -> Throttle:
    return Throttle(LIMITS, clock)


def attempts(throttle: Throttle, *places: tuple[str, str | None]) -> int:
    """How many of these attempts were let through."""
    let = 0
    for account, network in places:
        try:
            throttle.reserve(account, network)
            let += 1
        except Throttled:
            pass
    return let


def test_an_account_has_so_many_attempts_from_wherever_they_come(throttle: Throttle):
    assert attempts(throttle, *[("ada", f"net {i}") for i in range(8)]) == 3


def test_a_network_has_so_many_attempts_at_whatever_accounts(throttle: Throttle):
    assert attempts(throttle, *[(f"name {i}", "net") for i in range(8)]) == 5


def test_all_together_have_so_many_attempts(throttle: Throttle):
    assert attempts(throttle, *[(f"name {i}", f"net {i}") for i in range(20)]) == 8


def test_a_refused_attempt_counts_nowhere(throttle: Throttle):
    attempts(throttle, *[("ada", None)] * 100)
    assert attempts(throttle, *[("eve", f"net {i}") for i in range(3)]) == 3


def test_waiting_as_long_as_was_said_is_enough(throttle: Throttle, clock: TurnedClock):
    attempts(throttle, *[("ada", None)] * 3)
    with pytest.raises(Throttled) as refused:
        throttle.reserve("ada", None)
    clock.turn(timedelta(seconds=refused.value.retry_after - 1))
    assert attempts(throttle, ("ada", None)) == 0
    clock.turn(timedelta(seconds=1))
    assert attempts(throttle, *[("ada", None)] * 4) == 3


@pytest.mark.parametrize("every", [1, 7, 19, 20, 21, 59])
def test_no_window_ever_holds_more_attempts_than_its_limit(
    throttle: Throttle, clock: TurnedClock, every: int
):
    let: list[int] = []
    for second in range(0, 1200, every):
        let += [second] * attempts(throttle, *[("ada", None)] * 5)
        clock.turn(timedelta(seconds=every))
    most = max(sum(start <= at < start + 60 for at in let) for start in let)
    assert most == 3
    assert len(let) >= 3 * (1200 // (60 + every) - 1)  # and whoever waits is let in again


def test_who_is_at_no_account_yet_counts_for_their_network_and_for_all(throttle: Throttle):
    let = 0
    for i in range(30):
        try:
            throttle.reserve(None, f"net {i % 2}")
            let += 1
        except Throttled:
            pass
    assert let == 8
    with pytest.raises(Throttled):
        throttle.reserve("ada", "net 3")


def test_success_clears_the_account_but_not_what_its_network_failed_before(throttle: Throttle):
    attempts(throttle, *[("eve", "net")] * 2)
    attempts(throttle, *[("ada", "net")] * 2)
    throttle.reserve("ada", "net").succeeded()
    assert attempts(throttle, *[("ada", None)] * 4) == 3
    assert attempts(throttle, *[("kim", "net")] * 2) == 1


def test_an_attempt_that_was_not_made_is_given_back(throttle: Throttle):
    for _ in range(100):
        throttle.reserve("ada", "net").unused()
    assert attempts(throttle, *[("ada", "net")] * 4) == 3


def test_memory_does_not_grow_with_the_number_of_names_tried(clock: TurnedClock):
    throttle = Throttle(Limits(), clock)
    for i in range(20_000):
        clock.turn(timedelta(seconds=1))
        attempts(throttle, (f"name {i}", f"net {i}"))
    # Twice what can count at once: 300 accounts, as many networks, and all together.
    assert len(throttle._moments) <= 2 * (300 + 300 + 1)
