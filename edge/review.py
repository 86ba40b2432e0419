"""Starts the review station from the line's settings; it shares only the store with the edge process."""

from edge.answers import print_line
from edge.settings import LineSettings
from edge.store import live_folder, notice, open_database
from quality.characteristic import LineId, StationId
from records.database import load_or_make_ledger_key
from records.pictures import Pictures
from records.review_records import ReviewRecords
from review_api.seeding import FIRST_ADMIN, make_first_admin, seed_demo_accounts
from review_api.serve import serve
from review_api.settings import ReviewSettings


def run_review(settings: LineSettings) -> None:
    """Serves the tablet and the plant until a signal comes."""
    database = open_database(settings, checkpoint=False)
    try:
        records = ReviewRecords(database, Pictures(settings.store.frames), notice(settings))
        if settings.review.demo:
            seed_demo_accounts(records)
        elif (password := make_first_admin(records)) is not None:
            # Shown once to whoever starts the station, past the log; it is worth nothing once it was changed.
            print_line(f"Nobody has an account yet. Sign in as {FIRST_ADMIN}, one-time password {password}")
        serve(
            ReviewSettings(
                line=LineId(settings.line),
                station=StationId(settings.station),
                time_zone=settings.zone,
                plan=settings.control_plan(),
                live_folder=live_folder(settings),
                secret=load_or_make_ledger_key(settings.store.ledger_key.with_name("session.key")),
                host=settings.review.host,
                port=settings.review.port,
                demo=settings.review.demo,
                secure_cookies=settings.review.secure_cookies,
                idle_minutes=settings.review.idle_minutes,
                shifts=settings.shifts,
            ),
            records,
        )
    finally:
        database.close()
