"""A browser whose password was right and whose second factor is still to come.

It holds a cookie of a few minutes (see `llamora.accounts.half_open`) and has no session: `g.opened`
is never set from it, so that nothing private can be asked for.
"""

from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlencode

from quart import Response, request, url_for

from llamora.accounts import Entered
from llamora.web.hypermedia import see
from llamora.web.rooms import rooms


def ask(entered: Entered, next: str) -> Response:
    """On to the page that asks for the second factor; nothing stays open meanwhile."""
    query = f"?{urlencode({'next': next})}" if next else ""
    response = see(url_for("second_step.ask") + query)
    the = rooms()
    the.cookies.set_half_open(response, the.half_open.seal(entered))
    return response


@contextmanager
def waiting() -> Generator[Entered | None]:
    """What waits in this browser, its vault wiped again unless nothing went wrong."""
    found = rooms().half_open.open(rooms().cookies.half_open(request))
    try:
        yield found
    except BaseException:
        if found is not None:
            found.vault.wipe()
        raise


def forget(response: Response) -> None:
    """Drops the cookie, where the browser has one."""
    the = rooms()
    if the.cookies.half_open(request):
        the.cookies.drop_half_open(response)
