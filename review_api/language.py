"""The languages of the review station: what a person reads, and how numbers and times are written in it.

English sentences stand in the code and are the keys of the catalogs in review_api/translations. The language is
chosen for each request: the toggle's cookie, else what the browser accepts, else what LINE.yaml says.
"""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_skeleton, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from starlette.requests import HTTPConnection

from quality.saying import N_, Saying
from quality.wording import percent

__all__ = ["LANGUAGE_COOKIE", "NAMES", "N_", "Language", "Languages", "catalog"]

LANGUAGE_COOKIE = "jidoka_language"
NAMES: Mapping[str, str] = {"en": "English", "ja": "日本語"}
"""The languages by their code, each by its own name."""
_REGIONS = {"en": "en_GB", "ja": "ja_JP"}
_FOLDER = Path(__file__).parent / "translations"
_SIGNIFICANT = 4


@cache
def catalog(code: str) -> NullTranslations:
    """The texts of that language, read from its messages.po once; English needs none."""
    path = _FOLDER / code / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)


@dataclass(frozen=True, slots=True)
class Language:
    """One language on one plant's clock: texts, numbers and times as its reader expects them."""

    code: str
    zone: ZoneInfo
    translations: NullTranslations

    @property
    def locale(self) -> Locale:
        """Babel's rules for the language as plants write it: 24 hours, day before month in English."""
        return Locale.parse(_REGIONS[self.code])

    def gettext(self, message: str) -> str:
        """The text in this language."""
        return self.translations.gettext(message) if message else ""

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The text for that many."""
        return self.translations.ngettext(one, many, count)

    def say(self, said: str) -> str:
        """The saying in this language, and every saying within it; other text as it is."""
        if not isinstance(said, Saying):
            return said
        values = {name: self.say(each) if isinstance(each, str) else each for name, each in said.values.items()}
        return self.gettext(said.template).format(**values)

    def number(self, value: float, like: float | None = None, *, signed: bool = False) -> str:
        """A number with a true minus: to two significant digits of `like` (its uncertainty), else to four.

        `signed` writes the plus too. What is not finite is unknown.
        """
        if not math.isfinite(value):
            return self.gettext("unknown")
        if like is None:
            places = max(0, _SIGNIFICANT - 1 - _exponent(value))
            digits = "#" * places
        else:
            digits = "0" * (0 if like == 0 else max(0, 1 - _exponent(like)))
        pattern = "#,##0." + digits if digits else "#,##0"
        plus = f"+{pattern}" if signed else pattern
        return format_decimal(value, f"{plus};-{pattern}", self.locale).replace("-", "−")

    def percent(self, probability: float) -> str:
        """A probability for people: never 0 % or 100 % unless it is."""
        return self.say(percent(probability))

    def date(self, at: datetime) -> str:
        """The day on the plant's clock, with its year."""
        return format_date(at.astimezone(self.zone), "medium", self.locale)

    def time(self, at: datetime) -> str:
        """The time of day on the plant's clock, to the second."""
        return format_time(at.astimezone(self.zone), "HH:mm:ss", locale=self.locale)

    def moment(self, at: datetime) -> str:
        """Day and time on the plant's clock; the year is left to the reader."""
        local = at.astimezone(self.zone)
        return f"{format_skeleton('MMMd', local, locale=self.locale)} {self.time(at)}"

    def duration(self, seconds: float) -> str:
        """A span of time in its two largest units: days and hours, hours and minutes, minutes and seconds."""
        whole = round(abs(seconds))
        days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
        if days:
            return self.gettext("{days} d {hours} h").format(days=days, hours=hours)
        if hours:
            return self.gettext("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
        if minutes:
            return self.gettext("{minutes} min {seconds} s").format(minutes=minutes, seconds=whole % 60)
        return self.gettext("{seconds} s").format(seconds=whole)


class Languages:
    """The languages of one station, and which of them a request is answered in.

    `default` is a code of NAMES. Other `catalogs` by code are for those that check the pages themselves.
    """

    def __init__(
        self, zone: ZoneInfo, default: str = "en", catalogs: Mapping[str, NullTranslations] | None = None
    ) -> None:
        texts = {code: catalog(code) for code in NAMES} if catalogs is None else catalogs
        self._spoken = {code: Language(code, zone, texts[code]) for code in NAMES}
        self.default = self._spoken[default]

    def of(self, request: HTTPConnection) -> Language:
        """The language of that request's answer."""
        chosen = self._spoken.get(request.cookies.get(LANGUAGE_COOKIE, ""))
        return chosen or self._accepted(request.headers.get("accept-language", "")) or self.default

    def _accepted(self, header: str) -> Language | None:
        code = negotiate_locale(_by_preference(header), list(self._spoken), sep="-")
        return None if code is None else self._spoken[code]


def _by_preference(header: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first; those of quality 0 are left out."""
    wanted = []
    for part in header.split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if name and weight > 0:
            wanted.append((-weight, name))
    return [name for _, name in sorted(wanted, key=lambda each: each[0])]


def _exponent(value: float) -> int:
    return 0 if value == 0 else math.floor(math.log10(abs(value)))
