"""What a header keeps of second factors: all of it comes back, and no more is kept than needed."""

from dataclasses import replace

import pytest

from llamora.accounts.factors import App, Backup, Factors, Passkey, Waiting

KEY = Passkey("0a", "Y3JlZA", "cHVi", 7, "Ring", "localhost", 1_000)
EVERYTHING = Factors(
    App("SECRET", 1_000, 2_000, (33, 34)),
    Waiting("OTHER", 1_500, "5e55"),
    Backup("6b6579", ("aa", "bb")),
    (KEY, replace(KEY, id="0b", used_at=1_200, asked=True, transports=("usb", "nfc"))),
    (("challenge", 1_600),),
)


def header_of(kept: Factors) -> dict[str, object]:
    header: dict[str, object] = {"v": 1, "zone": "Europe/London"}
    kept.put(header)
    return header


@pytest.mark.parametrize(
    "kept",
    [
        EVERYTHING,
        Factors(),
        Factors(app=EVERYTHING.app),
        Factors(waiting=EVERYTHING.waiting),
        Factors(backup=EVERYTHING.backup),
        Factors(backup=Backup("6b6579")),
        Factors(passkeys=EVERYTHING.passkeys),
        Factors(spent=EVERYTHING.spent),
    ],
)
def test_what_is_put_into_a_header_is_what_is_found_there(kept: Factors):
    assert Factors.kept(header_of(kept)) == kept


def test_a_header_says_in_which_form_it_keeps_them_and_keeps_its_other_words():
    header = header_of(Factors(app=App("SECRET", 1_000)))
    app = {"secret": "SECRET", "made": 1_000, "used_at": None, "steps": ()}
    assert header == {"v": 1, "zone": "Europe/London", "factors": {"v": 1, "app": app}}


def test_where_there_is_no_factor_a_header_does_not_speak_of_any():
    header = header_of(EVERYTHING)
    Factors().put(header)
    assert header == {"v": 1, "zone": "Europe/London"}


def test_a_passkey_follows_the_password_only_where_it_says_so():
    silent = {"id": "0a", "credential": "Y3JlZA", "public_key": "cHVi", "count": 0}
    silent |= {"name": "Ring", "host": "localhost", "made": 1_000}
    assert not Factors.kept({"factors": {"passkeys": [silent]}}).asked
    assert Factors.kept({"factors": {"passkeys": [silent, silent | {"asked": True}]}}).asked


def test_signing_in_asks_for_more_where_an_app_counts_and_not_while_it_waits():
    assert Factors(app=EVERYTHING.app).asked
    assert not Factors(waiting=EVERYTHING.waiting, backup=EVERYTHING.backup).asked
    assert not Factors(passkeys=(KEY,)).asked


def test_of_used_steps_the_last_32_are_kept_and_of_spent_challenges_the_last_64():
    app = App("SECRET", 1_000)
    for step in range(40):
        app = app.used(step, 1_000 + step)
    assert app == App("SECRET", 1_000, 1_039, tuple(range(8, 40)))
    spent = tuple((str(n), n) for n in range(100))
    assert Factors.kept(header_of(Factors(spent=spent))).spent == spent[-64:]


def test_a_changed_passkey_keeps_its_place_and_a_new_one_is_the_last():
    first, second = EVERYTHING.passkeys
    renamed = replace(first, name="Key at home")
    assert EVERYTHING.with_passkey(renamed).passkeys == (renamed, second)
    third = replace(first, id="0c")
    assert EVERYTHING.with_passkey(third).passkeys == (first, second, third)


def test_a_passkey_is_found_and_taken_out_by_its_id_alone():
    _, second = EVERYTHING.passkeys
    assert EVERYTHING.passkey("0b") == second
    assert EVERYTHING.passkey("0c") is None
    assert EVERYTHING.without_passkey("0a") == replace(EVERYTHING, passkeys=(second,))
    assert EVERYTHING.without_passkey("0c") == EVERYTHING


def test_no_secret_of_a_factor_is_shown_where_it_is_printed():
    said = repr(EVERYTHING)
    for secret in ("SECRET", "OTHER", "6b6579", "Y3JlZA", "cHVi"):
        assert secret not in said
    assert "Ring" in said, "the control: a passkey is printed"
