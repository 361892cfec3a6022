"""A recovery code between its making and the moment its owner has it.

It waits sealed among the drafts, is shown to the session that made it and to no other, and goes
when one group of it was typed back, when that session is ended, or after an hour. That it was not
taken stands in the account's row from the transaction on that makes it count, so that a code which
was lost on its way, in a crash or with a page that was left, is told of.
"""

from datetime import timedelta

from quart import g

from llamora.journal.journal import Journal
from llamora.journal.writing import moment, stamp
from llamora.vault import RecoveryCode
from llamora.web.rooms import journal, rooms

PLACE = "code:recovery"
WAITS = timedelta(hours=1)


async def keep(code: RecoveryCode, own: Journal, session_id: bytes) -> None:
    """Lets a new code wait for the session that made it."""
    counting = rooms().accounts.code_id(own.vault)
    about = {"at": stamp(own.now()), "session": session_id.hex(), "wrap": counting}
    await own.keep_draft(PLACE, str(code), about)


def waiting() -> RecoveryCode | None:
    """The code that waits for this request's session."""
    if not (g.session and g.opened):
        return None
    found = journal().draft(PLACE)
    if not found or found[1].get("session") != g.session.id.hex() or is_over(journal()):
        return None
    return RecoveryCode.read(found[0])


def state() -> str:
    """What the pages say of it: that it "waits" for this session, or is "lost", when nobody has
    said that they have it and it is shown no more; and otherwise nothing."""
    if waiting() is not None:
        return "waits"
    own = journal()
    is_elsewhere = own.draft(PLACE) is not None and not is_over(own)
    is_taken = is_elsewhere or rooms().accounts.is_code_taken(own.vault)
    return "" if is_taken else "lost"


async def take() -> None:
    """Its owner has the code."""
    found = journal().draft(PLACE)
    if found:  # another session may have made another since
        await rooms().accounts.take_code(journal().vault, str(found[1].get("wrap", "")))
    await let_go()


async def let_go() -> None:
    """The code was taken, or its session ends."""
    if waiting() is not None:
        await journal().drop_draft(PLACE)


async def drop_old(own: Journal) -> None:
    """The background step: lets go of a code that has waited its hour."""
    if is_over(own):
        await own.drop_draft(PLACE)


def is_over(own: Journal) -> bool:
    """Whether a code has waited there longer than it may."""
    found = own.draft(PLACE)
    return found is not None and abs(own.now() - moment(found[1]["at"])) > WAITS
