"""The cookies, and their names: `__Host-` under TLS; on plain loopback the port is in the name,
because cookies do not know ports and other local programs have some too."""

from quart import Request, Response

NAME_DAYS = 365


class CookieJar:
    """Sets and reads the session cookie, what waits for a second factor, and the name that a locked
    door remembers."""

    def __init__(self, name: str, *, secure: bool, port: int) -> None:
        self.secure = secure
        self._session = f"__Host-{name}" if secure else f"{name}_{port}"
        self._who = f"__Host-{name}-who" if secure else f"{name}_{port}_who"
        self._half = f"__Host-{name}-half" if secure else f"{name}_{port}_half"
        self._challenge = f"__Host-{name}-key" if secure else f"{name}_{port}_key"

    def session(self, request: Request) -> str:
        """The session cookie's value; empty when there is none."""
        return request.cookies.get(self._session, "")

    def who(self, request: Request) -> str:
        """The name of whoever locked the journal last in this browser."""
        return request.cookies.get(self._who, "")[:60]

    def set_session(self, response: Response, value: str) -> None:
        # Without Max-Age it goes with the browser; the server enforces the rest. Lax, because
        # Strict would show the door to whoever follows a link to their own journal.
        self._set(response, self._session, value)

    def drop_session(self, response: Response) -> None:
        self._drop(response, self._session)

    def set_who(self, response: Response, name: str) -> None:
        self._set(response, self._who, name)

    def drop_who(self, response: Response) -> None:
        self._drop(response, self._who)

    def half_open(self, request: Request) -> str:
        """What waits for a second factor; empty when nothing does."""
        return request.cookies.get(self._half, "")

    def set_half_open(self, response: Response, value: str) -> None:
        self._set(response, self._half, value)

    def drop_half_open(self, response: Response) -> None:
        self._drop(response, self._half)

    def challenge(self, request: Request) -> str:
        """What goes with the challenge that an authenticator was given; empty when none was."""
        return request.cookies.get(self._challenge, "")

    def set_challenge(self, response: Response, value: str) -> None:
        self._set(response, self._challenge, value)

    def drop_challenge(self, response: Response) -> None:
        self._drop(response, self._challenge)

    def _set(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(
            name, value, httponly=True, secure=self.secure, samesite="Lax", path="/"
        )

    def _drop(self, response: Response, name: str) -> None:
        response.delete_cookie(name, httponly=True, secure=self.secure, samesite="Lax", path="/")
