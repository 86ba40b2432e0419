"""The head of every page: where one can go, what is watched, and what is overdue."""

from collections.abc import Sequence
from typing import NamedTuple

from quality.plan import Role
from records.views import CaseRow
from review_api.language import Language


class Place(NamedTuple):
    """A page in the head; `name` is the section that its template says it is, `waits` how much waits there."""

    name: str
    title: str
    path: str
    waits: int


def places(language: Language, role: Role, waiting: Sequence[CaseRow], alarms: int) -> tuple[Place, ...]:
    """Where this person can go."""
    _ = language.gettext
    everywhere = (
        Place("Line", _("Line"), "/line", 0),
        Place("Cases", _("Cases"), "/cases", len(waiting)),
        Place("Parts", _("Parts"), "/parts", 0),
        Place("SPC", _("SPC"), "/spc", 0),
        Place("Alarms", _("Alarms"), "/alarms", alarms),
        Place("Handover", _("Handover"), "/handover", 0),
        Place("Reports", _("Reports"), "/reports", 0),
    )
    return (*everywhere, Place("Admin", _("Admin"), "/admin", 0)) if role is Role.ADMIN else everywhere
