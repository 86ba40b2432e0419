"""What people call the codes of the plan and of verdicts."""

from enum import StrEnum

from quality.judgement import Verdict
from quality.plan import DecisionKind, Role
from quality.saying import Saying, saying

CALLED: dict[StrEnum, Saying] = {
    Verdict.PASS: saying("passed"),
    Verdict.REVIEW: saying("held for review"),
    Verdict.HOLD: saying("held"),
    DecisionKind.RELEASE: saying("Release"),
    DecisionKind.CONFIRM_HOLD: saying("Confirm hold"),
    DecisionKind.STOP_LINE: saying("Stop the line"),
    DecisionKind.RESUME: saying("Resume the line"),
    DecisionKind.ADJUST_PARAMETER: saying("Adjust"),
    DecisionKind.MEASURE: saying("Measure"),
    Role.OPERATOR: saying("operator"),
    Role.ENGINEER: saying("engineer"),
    Role.SUPERVISOR: saying("supervisor"),
    Role.IT: saying("plant IT"),
    Role.ADMIN: saying("administrator"),
}
