"""Which passwords are accepted as new ones."""

import subprocess
import sys

import pytest

from llamora.accounts import WeakPassword, strength
from llamora.accounts.passwords import accepted, tried


@pytest.mark.parametrize(
    "password",
    [
        "violet heron kettle moss",
        "Kx9#mQ2$vL7!",
        "дорога через тихий лес",
        "moss\0heron\0kettle\0violet",  # a NUL is a character like any other
        "violet heron kettle moss " + "é" * 499,  # 1,023 bytes
    ],
)
def test_a_password_that_is_hard_to_guess_is_accepted(password: str):
    assert accepted(password, "ada") == tried(password) != b""


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("", "At least 12 characters"),
        ("Kx9#mQ2$vL7", "A little longer"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "guess"),
        ("passwordpassword", "guess"),
        ("violet heron kettle moss " + "é" * 500, "1,024 bytes"),
        ("x" * 1_000_000, "1,024 bytes"),
        ("violet heron \ud800 moss", "characters"),
    ],
)
def test_a_password_that_breaks_a_rule_is_refused_in_words(password: str, says: str):
    with pytest.raises(WeakPassword, match=says) as refused:
        accepted(password, "ada")
    assert refused.value.field == "password"


def test_a_name_makes_its_own_password_weak():
    password = "wilhelmina-okonkwo"
    assert strength(password).enough
    assert not strength(password, password).enough


def test_one_password_has_one_form_on_every_keyboard():
    composed, decomposed = "caf\u00e9 heron kettle", "cafe\u0301 heron kettle"
    assert accepted(composed, "") == accepted(decomposed, "")


def test_length_is_counted_in_the_form_that_is_kept():
    assert not strength("\ufb03xq7z#w").enough  # a ligature of three letters: ten characters


def test_the_meter_never_shows_good_for_what_would_be_refused():
    for password in ("Kx9#mQ2$vL7", "a", "", "correcthorse"):
        found = strength(password)
        assert found.enough == (found.score >= 3)


def test_the_estimator_is_loaded_only_when_someone_types_a_new_password():
    loaded = "import llamora.accounts, sys; print('zxcvbn' in sys.modules)"
    control = "import llamora.accounts as a, sys; a.strength('x'); print('zxcvbn' in sys.modules)"
    for code, expected in ((loaded, "False"), (control, "True")):
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert found.stdout.strip() == expected, found.stderr
