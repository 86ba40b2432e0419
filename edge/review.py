"""Starts the review station from the line's settings; it shares only the store with the edge process."""

from edge.answers import print_line
from edge.review_settings import SingleSignOnSection, TlsSection
from edge.settings import LineSettings
from edge.store import live_folder, notice, open_database
from quality.characteristic import LineId, StationId
from records.database import load_or_make_ledger_key
from records.pictures import Pictures
from records.review_records import ReviewRecords
from review_api.seeding import FIRST_ADMIN, make_first_admin, seed_demo_accounts
from review_api.serve import serve
from review_api.settings import ReviewSettings, SingleSignOn, TlsFiles


class StationFault(Exception):  # noqa: N818 - it says what is at fault
    """The station cannot be started as LINE.yaml wants it; says which file stands in the way, and the mend."""


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
                single_sign_on=_single_sign_on(settings.review.single_sign_on),
                tls=_tls(settings.review.tls),
                idle_minutes=settings.review.idle_minutes,
                language=settings.review.language,
                shifts=settings.shifts,
            ),
            records,
        )
    finally:
        database.close()


def _tls(section: TlsSection | None) -> TlsFiles | None:
    return None if section is None else TlsFiles(section.certificate, section.key)


def _single_sign_on(section: SingleSignOnSection | None) -> SingleSignOn | None:
    if section is None:
        return None
    file = section.client_secret_file
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StationFault(
            f"review.single_sign_on.client_secret_file {file} cannot be read: {error.strerror}; put the client's"
            " secret into it, readable by this user alone."
        ) from error
    return SingleSignOn(
        title=section.title,
        issuer=section.issuer,
        client_id=section.client_id,
        client_secret=secret,
        roles=section.roles,
        claim=section.claim,
        name_claim=section.name_claim,
        ca=section.ca,
    )
