"""What a server says of its address."""

import pytest

from llamora.cli.doors import invitation
from llamora.settings import App


@pytest.mark.parametrize(
    ("app", "line"),
    [
        (App(), "http://localhost:5000 (also http://llamora.localhost:5000)"),
        (App(port=80), "http://localhost (also http://llamora.localhost)"),
        (
            App(host="0.0.0.0", trusted_hosts=("journal.example.org",), allow_plain_http=True),
            "http://journal.example.org:5000",
        ),
        (
            App(host="::", trusted_hosts=("journal.example.org:8443", "other"), root_path="/j"),
            "http://journal.example.org:8443/j",
        ),
        (App(host="0.0.0.0", trusted_hosts=("[2001:db8::1]",)), "http://[2001:db8::1]:5000"),
    ],
)
def test_the_invitation_names_addresses_that_are_answered(app: App, line: str):
    assert invitation(app) == f"Llamora is open at {line}"
