"""A server with Ada's account, and Ada's browser, signed in."""

from tests.support.seats import account as account
from tests.support.seats import ada as ada
from tests.support.seats import server as server
from tests.support.seats import stranger as stranger
