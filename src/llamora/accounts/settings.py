"""What a diarist can set about their own journal; sealed in the account's row."""

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from llamora.accounts.errors import BadSetting
from llamora.kernel import zone as zone_named

THEMES = ("system", "light", "dark")
CLOCKS = (12, 24)
TRACE_ORDERS = ("count", "name", "recent")
LATEST_START = 6
LONGEST_NAME = 60


@dataclass(frozen=True)
class Settings:
    """A diarist's settings, checked when they are made.

    `zone_known` says whether anybody chose the zone, a browser included; `day_starts_at` is the
    hour, 0 to 6, at which a new day begins; `companion` says whether the companion may answer at
    all, `remember_searches` whether what is searched for is offered again, `on_this_day` whether a
    day's page shows earlier years of its date, `opening_folded` whether the openings of days are
    folded away; `trace_order` says what comes first in the list of traces.

    Raises:
        BadSetting: a value is not possible; `field` names the setting.
    """

    display_name: str = ""
    zone: str = "UTC"
    zone_known: bool = False
    theme: str = "system"
    clock_hours: int = 24
    spellcheck: bool = False
    day_starts_at: int = 0
    companion: bool = True
    remember_searches: bool = True
    on_this_day: bool = True
    opening_folded: bool = False
    trace_order: str = "count"

    def __post_init__(self) -> None:
        for field in fields(self):
            if type(getattr(self, field.name)) is not type(field.default):
                raise BadSetting(field=field.name)
        if len(self.display_name) > LONGEST_NAME:
            raise BadSetting(f"A name has at most {LONGEST_NAME} characters.", "display_name")
        if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in self.display_name):
            raise BadSetting("A name is one line of text.", "display_name")
        if self.theme not in THEMES:
            raise BadSetting("The theme is system, light or dark.", "theme")
        if self.clock_hours not in CLOCKS:
            raise BadSetting("A clock has 12 or 24 hours.", "clock_hours")
        if self.trace_order not in TRACE_ORDERS:
            raise BadSetting("Traces are listed by count, by name or by use.", "trace_order")
        if not 0 <= self.day_starts_at <= LATEST_START:
            raise BadSetting("A day starts between 0 and 6 o'clock.", "day_starts_at")
        try:
            zone_named(self.zone if len(self.zone) <= 64 else "")
        except ValueError as e:
            raise BadSetting("There is no such time zone.", "zone") from e

    @classmethod
    def kept(cls, values: Mapping[str, Any]) -> "Settings":
        """The settings in an account's row. One we cannot use, from a later version or because
        this machine lacks the time zone, is read as its default: nobody is shut out by it."""
        good: dict[str, Any] = {}
        for field in fields(cls):
            if field.name in values:
                try:
                    cls(**{field.name: values[field.name]})
                except BadSetting:
                    continue
                good[field.name] = values[field.name]
        return cls(**good)

    def to_keep(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The values for the account's row; those of `before` that we do not know stay."""
        return {**before, **asdict(self)}
