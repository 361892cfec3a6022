"""Coming back with the recovery code, changing the password, making a new code."""

from tests.support.accounts import NAME, OTHER_PASSWORD, PASSWORD, Registered
from tests.support.server import Server
from tests.support.visitor import TODAY, Visitor, fields, words

THIRD = "copper owl drifting past noon"


async def test_the_code_opens_the_journal_and_everything_old_is_refused(
    server: Server, account: Registered, ada: Visitor, stranger: Visitor
) -> None:
    await ada.write("the heron came back")
    form = {"name": NAME, "code": account.code, "password": OTHER_PASSWORD}

    began = await stranger.send("/recover", form)
    assert (began.status_code, began.headers["Location"]) == (303, "/recovery-code")
    fresh = await stranger.confirm_code()

    assert fresh != account.code
    assert "the heron came back" in words(await stranger.day())
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 303, "the old session"
    async with Visitor(server) as other:
        assert (await other.sign_in(NAME, PASSWORD)).status_code == 401
        again = await other.send("/recover", {**form, "password": THIRD})
        assert again.status_code == 422
        assert "do not go together" in words(again.text)
        await other.enter(NAME, OTHER_PASSWORD)
        last = await other.send("/recover", {**form, "code": fresh, "password": THIRD})
        assert last.status_code == 303


async def test_the_code_may_be_typed_carelessly(account: Registered, stranger: Visitor) -> None:
    code = account.code.lower().replace("-", " ").replace("0", "o").replace("1", "i")
    form = {"name": f" {NAME.upper()} ", "code": code, "password": OTHER_PASSWORD}
    assert (await stranger.send("/recover", form)).status_code == 303


async def test_what_is_wrong_with_a_recovery_stands_beside_its_field(
    account: Registered, stranger: Visitor
) -> None:
    good = {"name": NAME, "code": account.code, "password": OTHER_PASSWORD}
    for wrong, place in (
        ({"code": "XXXX"}, 'id="code-error"'),
        (
            {"code": account.code[:-1] + ("~" if account.code.endswith("*") else "*")},
            'id="code-error"',
        ),
        ({"password": "short"}, 'id="password-error"'),
        ({"name": "Nobody"}, 'role="alert"'),
    ):
        refused = await stranger.send("/recover", {**good, **wrong})
        assert refused.status_code == 422
        assert place in refused.text
        assert fields(refused.text)["name"] == {**good, **wrong}["name"]
        assert OTHER_PASSWORD not in refused.text
        assert account.code not in refused.text
    assert (await stranger.send("/recover", good)).status_code == 303, "none of these used it up"


async def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(
    server: Server, ada: Visitor
) -> None:
    async with Visitor(server) as other:
        await other.enter()
        changed = await ada.send(
            "/settings/keys",
            {"do": "password", "password": PASSWORD, "new_password": OTHER_PASSWORD},
        )
        assert changed.status_code == 200
        assert "Your password was changed." in words(changed.text)

        assert (await ada.visit(f"/days/{TODAY}")).status_code == 200
        await ada.write("and it can still write")
        assert (await other.visit(f"/days/{TODAY}")).status_code == 303
        assert (await other.sign_in(NAME, PASSWORD)).status_code == 401
        await other.enter(NAME, OTHER_PASSWORD)


async def test_the_password_changes_only_for_who_knows_it_and_only_to_a_good_one(
    ada: Visitor,
) -> None:
    for old, new, field in (
        ("not the password", OTHER_PASSWORD, "password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, "", "new_password"),
    ):
        refused = await ada.send(
            "/settings/keys", {"do": "password", "password": old, "new_password": new}
        )
        assert refused.status_code == 422
        assert f'id="{field}-error"' in refused.text
        assert OTHER_PASSWORD not in refused.text
    await ada.send("/logout")
    await ada.enter(NAME, PASSWORD)


async def test_a_new_code_asks_for_the_password_and_replaces_the_old_one(
    account: Registered, ada: Visitor, stranger: Visitor
) -> None:
    refused = await ada.send("/settings/keys", {"do": "code", "password": OTHER_PASSWORD})
    assert refused.status_code == 422
    assert "That is not your present password." in words(refused.text)

    made = await ada.send("/settings/keys", {"do": "code", "password": PASSWORD})
    assert (made.status_code, made.headers["Location"]) == (303, "/recovery-code")
    code = await ada.confirm_code()

    form = {"name": NAME, "code": account.code, "password": OTHER_PASSWORD}
    assert (await stranger.send("/recover", form)).status_code == 422
    assert (await stranger.send("/recover", {**form, "code": code})).status_code == 303
