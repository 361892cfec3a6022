"""Passkeys in a real browser, with an authenticator that is not there."""

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import KeepHouse, Seat
from tests.support.accounts import NAME, PASSWORD
from tests.support.browser import Diarist, authenticator


def make(ada: Diarist, name: str) -> None:
    page = ada.visit("/settings/factors").page
    page.locator("#passkey-password").fill(PASSWORD)
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def unfold(ada: Diarist, what: str, password: str) -> None:
    """Opens a passkey's form and fills in the password."""
    ada.page.locator("summary", has_text=what).click()
    form = ada.page.locator("details[open] form")
    form.get_by_label("Password").fill(password)
    if what == "Rename":
        form.get_by_label("Name").fill("The key on my ring")
    form.get_by_role("button").click()


def test_a_passkey_that_keeps_a_secret_opens_the_journal_alone(keep_house: KeepHouse, seat: Seat):
    house = keep_house()
    ada = seat(house, clock="its own").sign_in().visit()
    ada.write("The heron came back.")
    authenticator(ada, prf=True)
    make(ada, "My laptop")
    expect(ada.page.get_by_role("status").first).to_contain_text("opens the journal from now on")
    unfold(ada, "Rename", PASSWORD)
    expect(ada.page.get_by_role("heading", name="The key on my ring")).to_be_visible()

    ada.lock()
    ada.page.get_by_role("link", name="Use a passkey").click()
    ada.page.get_by_role("button", name="Use a passkey").click()
    expect(ada.page.get_by_text("The heron came back.")).to_be_visible()

    ada.visit("/settings/factors")
    expect(ada.page.get_by_text("Last used", exact=True).locator("xpath=..")).to_contain_text(
        "today"
    )
    unfold(ada, "Remove", "not the password at all")
    expect(ada.page.get_by_role("alert")).to_be_visible()
    form = ada.page.locator("details[open] form")
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button").click()
    expect(ada.page.get_by_role("heading", name="The key on my ring")).to_have_count(0)

    ada.lock()
    ada.visit("/login/passkey").page.get_by_role("button", name="Use a passkey").click()
    expect(ada.page.get_by_role("alert").first).to_contain_text("was not taken")
    ada.visit("/login").open_door(NAME, PASSWORD)
    expect(ada.page.get_by_text("The heron came back.")).to_be_visible()


def test_one_that_keeps_none_follows_the_password(keep_house: KeepHouse, seat: Seat):
    house = keep_house()
    ada = seat(house, clock="its own").sign_in().visit()
    ada.write("The heron came back.")
    authenticator(ada, prf=False)
    make(ada, "A plain key")
    expect(ada.page.get_by_text("Second factor only")).to_be_visible()

    ada.lock()
    ada.visit("/login/passkey").page.get_by_role("button", name="Use a passkey").click()
    expect(ada.page.get_by_role("alert").first).to_contain_text("by itself")
    ada.visit("/login").open_door(NAME, PASSWORD)
    ada.arrives_at("One more step")
    ada.page.get_by_role("button", name="Use a passkey").click()
    expect(ada.page.get_by_text("The heron came back.")).to_be_visible()


@pytest.mark.parametrize("prf", [True, False])
def test_who_is_not_verified_is_let_in_by_no_passkey(keep_house: KeepHouse, seat: Seat, prf: bool):
    house = keep_house()
    ada = seat(house, clock="its own").sign_in().visit()
    line, id = authenticator(ada, prf=prf)
    make(ada, "My laptop")
    ada.lock()
    line.send("WebAuthn.setUserVerified", {"authenticatorId": id, "isUserVerified": False})
    ada.visit("/login/passkey").page.get_by_role("button", name="Use a passkey").click()
    expect(ada.page.get_by_role("alert").first).to_contain_text("did not use a passkey")
