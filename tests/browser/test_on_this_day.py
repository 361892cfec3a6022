"""On this day, in the hand: read, let rest and brought back by pointer, keyboard and touch."""

import pytest
from playwright.sync_api import Locator, expect
from tests.browser.conftest import Seat
from tests.support.browser import Diarist
from tests.support.llamora_server import House

SENTENCES = {
    2025: "First frost, and the whole street quiet.",
    2024: "Moved the desk to the window at last.",
    2023: "The letter to Jonas is still unsent.",
    2022: "Bread again, and better than the last.",
}


def remember(ada: Diarist, house: House) -> None:
    for year, text in SENTENCES.items():
        day = house.today.replace("2026", str(year))
        ada.post(f"/days/{day}/entries", text=text, key=str(year))


def glimpse(ada: Diarist, year: int) -> Locator:
    return ada.page.locator(".glimpse").filter(has_text=SENTENCES[year])


def test_an_earlier_year_leads_to_its_entry(house: House, ada: Diarist):
    remember(ada, house)
    ada.visit()
    expect(glimpse(ada, 2025)).to_be_visible()
    expect(glimpse(ada, 2022)).to_be_hidden()
    ada.page.get_by_text("and one more year").click()
    expect(glimpse(ada, 2022)).to_be_visible()
    glimpse(ada, 2024).get_by_role("link").click()
    expect(ada.page.locator(".written:target")).to_contain_text(SENTENCES[2024])


def test_its_way_to_rest_is_seen_when_the_pointer_or_the_focus_is_near(house: House, ada: Diarist):
    remember(ada, house)
    ada.visit()
    form = glimpse(ada, 2025).locator("form")
    ada.page.mouse.move(0, 0)
    expect(form).to_have_css("opacity", "0")
    top = glimpse(ada, 2024).bounding_box()
    glimpse(ada, 2025).hover()
    expect(form).to_have_css("opacity", "1")
    assert glimpse(ada, 2024).bounding_box() == top, "nothing moves"
    ada.page.mouse.move(0, 0)
    expect(form).to_have_css("opacity", "0")
    glimpse(ada, 2025).get_by_role("link").focus()
    ada.page.keyboard.press("Tab")
    expect(form.get_by_role("button")).to_be_focused()
    expect(form).to_have_css("opacity", "1")


def test_by_keyboard_an_entry_is_let_rest_and_brought_back(house: House, ada: Diarist):
    remember(ada, house)
    ada.visit()
    glimpse(ada, 2023).get_by_role("button").focus()
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_text("Resting.")).to_be_visible()
    expect(glimpse(ada, 2023)).to_have_count(0)
    expect(ada.page.get_by_role("button", name="Undo")).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(glimpse(ada, 2023).get_by_role("button")).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("button", name="Undo")).to_be_focused()
    ada.visit()
    expect(glimpse(ada, 2022)).to_be_visible()  # it has moved up
    expect(glimpse(ada, 2023)).to_have_count(0)
    ada.visit(f"/days/{house.today.replace('2026', '2023')}")
    ada.page.get_by_role("button", name="bring it back").click()
    expect(ada.page.get_by_role("button", name="bring it back")).to_have_count(0)
    ada.visit()
    expect(glimpse(ada, 2023)).to_be_visible()


def test_under_a_finger_its_way_to_rest_is_always_there(house: House, seat: Seat):
    phone = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
    ada = seat(house, **phone).sign_in()
    remember(ada, house)
    ada.visit()
    expect(glimpse(ada, 2025).locator("form")).to_have_css("opacity", "1")
    glimpse(ada, 2025).get_by_role("button").tap()
    expect(ada.page.get_by_text("Resting.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_day_and_an_entry_rest_with_scripts_and_without(house: House, seat: Seat, scripts: bool):
    ada = seat(house, java_script_enabled=scripts).sign_in()
    remember(ada, house)
    ada.visit()
    glimpse(ada, 2024).hover()
    glimpse(ada, 2024).get_by_role("button").click()
    expect(ada.page.get_by_text("Resting.")).to_be_visible()
    ada.page.get_by_role("button", name="Undo").click()
    expect(glimpse(ada, 2024)).to_be_visible()

    ada.visit(f"/days/{house.today.replace('2026', '2025')}")
    ada.page.get_by_role("button", name="Let this day rest").click()
    expect(ada.page.get_by_text("This day rests")).to_be_visible()
    if scripts:
        expect(ada.page.get_by_role("button", name="Bring it back")).to_be_focused()
    ada.visit()
    expect(glimpse(ada, 2025)).to_have_count(0)
    ada.visit(f"/days/{house.today.replace('2026', '2025')}")
    ada.page.get_by_role("button", name="Bring it back").click()
    expect(ada.page.get_by_role("button", name="Let this day rest")).to_be_visible()
    ada.page.get_by_role("link", name="Erase", exact=True).click()
    ada.page.get_by_role("button", name="Let it rest instead").click()
    expect(ada.page.get_by_role("button", name="bring it back")).to_be_visible()
    ada.visit()
    expect(glimpse(ada, 2025)).to_have_count(0)
