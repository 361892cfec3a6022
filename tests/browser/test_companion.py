"""Being answered, in the browser: by the real llama.cpp, by a slow model, by none that is there."""

from playwright.sync_api import expect
from tests.browser.conftest import KeepHouse, Seat
from tests.support.browser import Diarist
from tests.support.llama import Llama
from tests.support.server import ScriptedModel

from llamora.companion.model import CutShort, Unreachable


def test_the_real_llama_answers_an_entry(keep_house: KeepHouse, seat: Seat, llama: Llama):
    house = keep_house(LLM__UPSTREAM__HOST=llama.url, LLM__CHAT__API_KEY=llama.api_key)
    ada = seat(house).sign_in().visit()
    with ada.page.expect_response("**/stream") as streamed:
        response = ada.ask(ada.write("The heron came back to the weir."))
    assert streamed.value.headers["content-type"].startswith("text/event-stream")
    expect(response).to_have_attribute("data-state", "done")
    expect(response).to_contain_text("tiny")
    said = response.locator(".prose").inner_text()
    assert len(said.split()) > 3
    ada.page.reload()
    expect(ada.responses.locator(".prose")).to_have_text(said, use_inner_text=True)


def test_words_appear_as_they_come_and_in_every_tab(keep_house: KeepHouse, seat: Seat):
    model = ScriptedModel("One ", "*two*.\n\n", "- thr", "ee\n- four\n\n", "Five.", hold_at=0)
    house = keep_house(model=model)
    ada = seat(house).sign_in().visit()
    response = ada.ask(ada.write("Count."))
    expect(response.locator(".dots")).to_be_visible()
    expect(response).to_have_attribute("aria-busy", "true")
    other = Diarist(ada.page.context.new_page(), house.url, ada.watch).visit()
    for said, words in enumerate(("One", "two", "thr", "four")):
        house.call(lambda: model.go_on(1))
        for each in (ada, other):
            expect(each.responses).to_contain_text(words)
            expect(each.responses.locator(".dots")).to_be_hidden()
        assert model.left == 0, said
    expect(ada.responses.locator("em")).to_have_text("two")
    ada.write("Writing goes on meanwhile.")

    # She leaves and comes back in the middle.
    ada.page.get_by_role("link", name="Previous day").click()
    ada.arrives_at("Saturday, 21 November")
    ada.page.go_back()
    expect(ada.responses).to_contain_text("four")
    expect(ada.responses).to_have_attribute("data-state", "writing")
    house.call(model.go_on)
    for each in (ada, other):
        expect(each.responses).to_have_attribute("data-state", "done")
        expect(each.responses.locator(".prose")).to_have_text("One two. three four Five.")
        expect(each.responses.locator("li")).to_have_count(2)


def test_stop_keeps_what_was_said(keep_house: KeepHouse, seat: Seat):
    model = ScriptedModel("So far, ", "and further.", hold_at=1)
    house = keep_house(model=model)
    ada = seat(house).sign_in().visit()
    response = ada.ask(ada.write("Tell me."))
    expect(response).to_contain_text("So far,")
    response.get_by_role("button", name="Stop").click()
    expect(response).to_have_attribute("data-state", "stopped")
    assert model.left == 1
    ada.page.reload()
    expect(ada.responses).to_contain_text("So far,")
    expect(ada.responses).to_contain_text("You stopped it here.")


def test_a_model_that_is_away_is_said_calmly_while_writing_goes_on(
    keep_house: KeepHouse, seat: Seat
):
    house = keep_house(
        LLM__UPSTREAM__HOST="http://127.0.0.1:9",  # nobody listens there
        LLM__CHAT__MAX_RETRIES=0,
    )
    ada = seat(house).sign_in().visit()
    entry = ada.write("Anyone there?")
    response = ada.ask(entry)
    expect(response).to_have_attribute("data-state", "failed")
    expect(response.locator(".said p")).to_have_text(Unreachable.sentence)
    ada.write("Well, never mind.")
    first = response.get_attribute("id")
    response.get_by_role("button", name="Try again").click()
    expect(ada.page.locator(f"#{first}")).to_have_count(0)
    expect(response.locator(".said p")).to_have_text(Unreachable.sentence)
    expect(ada.responses).to_have_count(1)
    ada.page.reload()
    expect(ada.responses).to_have_count(0)
    expect(ada.entries).to_have_count(2)


def test_a_model_that_breaks_off_leaves_what_it_said_and_can_be_asked_again(
    keep_house: KeepHouse, seat: Seat
):
    house = keep_house(model=ScriptedModel("It was", CutShort()))
    ada = seat(house).sign_in().visit()
    response = ada.ask(ada.write("And then?"))
    expect(response).to_have_attribute("data-state", "cut")
    expect(response).to_contain_text("It was")
    response.get_by_role("button", name="Try again").click()
    expect(ada.responses).to_have_count(2)


def test_echo_answers_with_the_diarists_own_words(keep_house: KeepHouse, seat: Seat):
    house = keep_house()
    ada = seat(house).sign_in()
    ada.post("/days/2026-03-09/entries", text="The kingfisher dived under the willow.")
    ada.visit()
    response = ada.ask(ada.write("A kingfisher again."))
    expect(response).to_contain_text("your own earlier words")
    expect(response.locator("blockquote")).to_have_text("The kingfisher dived under the willow.")
    response.get_by_role("link", name="Monday, 9 March").click()
    ada.arrives_at("Monday, 9 March")
    expect(ada.page.locator(".written:target")).to_contain_text("kingfisher")


def test_a_response_can_be_erased(keep_house: KeepHouse, seat: Seat):
    house = keep_house(model=ScriptedModel("Not wanted."))
    ada = seat(house).sign_in().visit()
    response = ada.ask(ada.write("Hm."))
    expect(response).to_have_attribute("data-state", "done")
    response.locator(".unsay summary").click()
    response.get_by_role("button", name="Erase", exact=True).click()
    expect(ada.responses).to_have_count(0)
    ada.page.reload()
    expect(ada.responses).to_have_count(0)
    expect(ada.entries).to_have_count(1)


def test_traces_are_attached_with_keys_alone_and_stay_beside_the_answer(
    keep_house: KeepHouse, seat: Seat
):
    model = ScriptedModel("It stood there in the snow, too.")
    ada = seat(keep_house(model=model)).sign_in()
    for day, name in (("2026-01-05", "heron"), ("2026-01-06", "rain")):
        kept = ada.post(f"/days/{day}/entries", text=f"Of {name}, in January.")
        entry = kept.headers["location"].partition("#entry-")[2]
        ada.post(f"/entries/{entry}/traces", name=name)
    ada.visit()
    card = ada.write("It came back.")
    attach = card.get_by_role("link", name="Respond with traces in view")
    attach.focus()
    ada.page.keyboard.press("Enter")
    heron = card.get_by_role("checkbox", name="heron")
    expect(card.get_by_role("checkbox").first).to_be_focused()
    heron.press("Space")
    expect(heron).to_be_checked()
    expect(card.get_by_role("checkbox", name="rain")).not_to_be_checked()
    heron.press("Enter")
    expect(ada.responses).to_have_attribute("data-state", "done")
    expect(ada.responses.locator(".with")).to_have_text("with heron")
    expect(attach).to_be_visible()  # the card's foot is as it was
    told = model.asked[0][-1].text
    assert "Of heron, in January." in told
    assert "Of rain, in January." not in told
    ada.page.reload()
    expect(ada.responses.locator(".with")).to_have_text("with heron")
    # Escape takes the question back before anything is sent.
    attach.click()
    expect(card.get_by_role("checkbox").first).to_be_focused()
    ada.page.keyboard.press("Escape")
    expect(attach).to_be_visible()
    assert sum("Answer this entry." in asked[-1].text for asked in model.asked) == 1
