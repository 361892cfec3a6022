"""What did it read, and keeping an entry from the model, in the browser."""

from playwright.sync_api import expect
from tests.browser.conftest import KeepHouse, Seat
from tests.support.server import ScriptedModel


def test_an_answer_says_what_it_read(keep_house: KeepHouse, seat: Seat):
    house = keep_house(model=ScriptedModel("It came back then, too."))
    ada = seat(house).sign_in()
    ada.post("/days/2024-01-05/entries", text="A heron in the snow by the weir.", key="old")
    ada.visit()
    ada.write("Grey all morning.")
    response = ada.ask(ada.write("The heron came back to the weir."))
    expect(response).to_have_attribute("data-state", "done")
    response.get_by_text("What did it read?").click()
    reading = response.locator(".read")
    expect(reading.get_by_role("listitem")).to_have_count(3)
    expect(reading).to_contain_text("Grey all morning.")
    expect(reading).to_contain_text("respond.txt.j2")
    reading.get_by_role("link", name="Friday, 5 January 2024").click()
    ada.arrives_at("Friday, 5 January 2024")


def test_an_entry_is_kept_from_the_model_and_says_so(keep_house: KeepHouse, seat: Seat):
    house = keep_house(model=ScriptedModel("So."))
    ada = seat(house).sign_in().visit()
    entry = ada.write("The lighthouse letter.")
    entry.get_by_role("link", name="Erase").click()
    entry.get_by_role("button", name="Keep it from the model").click()
    expect(entry).to_contain_text("kept from the model")
    entry.get_by_role("button", name="Respond").click()
    expect(ada.page.locator("#notice")).to_contain_text("You keep this entry from the model")
    expect(ada.responses).to_have_count(0)
    entry.get_by_role("button", name="let it be read").click()
    expect(entry).not_to_contain_text("kept from the model")
    expect(ada.ask(entry)).to_have_attribute("data-state", "done")


def test_from_the_form_that_attaches_traces_it_is_kept_back_too(keep_house: KeepHouse, seat: Seat):
    house = keep_house(model=ScriptedModel("So."))
    ada = seat(house).sign_in()
    ada.post("/days/2024-01-05/entries", text="A heron.", key="old")
    ada.visit()
    entry = ada.write("The heron.")
    id = (entry.get_attribute("id") or "").removeprefix("entry-")
    ada.post(f"/entries/{id}/traces", name="heron")
    ada.visit()
    entry.get_by_role("link", name="Respond with traces in view").click()
    entry.get_by_role("link", name="Leave it").click()
    expect(entry.get_by_role("button", name="Keep it from the model")).to_have_count(0)
    entry.get_by_role("link", name="Respond with traces in view").click()
    entry.get_by_role("button", name="Keep it from the model").click()
    expect(entry).to_contain_text("kept from the model")
