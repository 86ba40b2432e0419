"""Single sign-on as a whole: the plant's provider, its people's accounts, and the cookie of who is away."""

import hmac

import httpx2
from starlette.requests import Request

from quality.ports import Clock
from quality.saying import saying
from records.review_records import ReviewRecords
from review_api.plant_accounts import PlantAccounts
from review_api.problems import Problem
from review_api.provider import Provider
from review_api.settings import ReviewSettings, SingleSignOn
from review_api.stamp import Stamp

AWAY_S = 600
BACK = "/sign-in/plant/back"


class SignOn:
    """What the pages need to send somebody to the plant's provider and take them back."""

    def __init__(
        self,
        plant: SingleSignOn,
        settings: ReviewSettings,
        records: ReviewRecords,
        clock: Clock,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._secure = settings.secure
        self.title = plant.title
        self.provider = Provider(plant, settings.secret, clock, transport)
        self.accounts = PlantAccounts(plant, records, clock)
        self.stamp = Stamp(settings.secret, clock, "single sign-on")
        self.cookie = "__Host-jidoka_plant" if self._secure else "jidoka_plant"

    def back(self, request: Request) -> str:
        """Where the provider shall send people back to; plant IT enters it there."""
        scheme = "https" if self._secure else request.url.scheme
        return f"{scheme}://{request.headers.get('host', '')}{BACK}"

    def wanted(self, request: Request, state: str) -> str:
        """Where somebody wanted to, who left this very browser with that state. Raises Problem 403 PLANT."""
        left = self.stamp.read(request.cookies.get(self.cookie, ""), AWAY_S)
        if left is None or not hmac.compare_digest(str(left[0]).encode(), state.encode()):
            raise Problem(
                403,
                "PLANT",
                saying("This sign-in was begun elsewhere, or over ten minutes ago. Begin it again here."),
            )
        return str(left[1])
