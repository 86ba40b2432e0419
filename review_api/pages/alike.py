"""The earlier cases most like one: about the same subject, and of these the ones whose evidence is nearest."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from quality.plan import ControlPlan
from quality.similarity import Sight, nearest, traits
from records.review_records import ReviewRecords
from records.views import EarlierCase, FindingView, ForecastView, InspectionDetail

AMONG = 60
"""So many of the newest cases about the same subject are compared."""
COUNTED = 6
"""Of so many it is told what was decided."""


def most_alike(
    records: ReviewRecords, case_id: UUID, inspection: InspectionDetail | None, plan: ControlPlan
) -> tuple[EarlierCase, ...]:
    """The closed cases most like this one, the most alike first."""
    if inspection is None:
        return ()
    sizes = {frame.camera: (frame.width, frame.height) for frame in inspection.frames}
    wanted = _traits(inspection.forecasts, inspection.findings, sizes, plan)
    earlier = records.earlier_cases(case_id, AMONG)
    return nearest(
        wanted, [(each, _traits(each.forecasts, each.findings, each.sizes, plan)) for each in earlier], COUNTED
    )


def _traits(
    forecasts: Sequence[ForecastView],
    findings: Sequence[FindingView],
    sizes: Mapping[str, tuple[int, int]],
    plan: ControlPlan,
) -> dict[str, float]:
    return traits(
        {forecast.characteristic: forecast.mean for forecast in forecasts},
        {finding.camera: _sight(finding, sizes.get(finding.camera)) for finding in findings},
        plan,
    )


def _sight(finding: FindingView, size: tuple[int, int] | None) -> Sight:
    if size is None or not finding.boxes:
        return Sight(finding.score)
    left, top, width, height, _ = max(finding.boxes, key=lambda box: box[4])
    across, down = size
    middle = ((left + width / 2) / across, (top + height / 2) / down)
    return Sight(finding.score, (*middle, max(width / across, height / down)))
