"""The whole API against its own description: no request makes it fail, and every answer is as described.

JIDOKA_FUZZ_EXAMPLES makes it as thorough as one has time for: so many requests for each operation, and so many
scenarios of requests that follow from one another. With --log-cli-level=INFO it says what was answered.
"""

import logging
import os
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.responses import Response

from quality.judgement import Verdict
from quality.plan import Role
from records.views import Account
from review_api.api.description import described as _described
from review_api.collaborators import Collaborators
from review_api.sessions import COOKIE
from tests.unit.review_api.conftest import Store
from tests.unit.review_api.test_auth_matrix import MAY

EXAMPLES = int(os.environ.get("JIDOKA_FUZZ_EXAMPLES", "2"))
STEPS = 8
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LOG = logging.getLogger(__name__)
LONG = "/api/v1/events"
"""A stream that goes on for ever; it has tests of its own."""
FUZZED = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize="JIDOKA_FUZZ_EXAMPLES" not in os.environ,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Caller:
    """Asks each operation as somebody who may use it, with a session that nothing before has ended."""

    def __init__(self, app: FastAPI, store: Store) -> None:
        self._station: Collaborators = app.state.collaborators
        self._store = store
        self._accounts: dict[Role, Account] = {a.role: a for a in store.review.accounts()}
        self.statuses: Counter[int] = Counter()

    def headers(self, case: schemathesis.Case) -> dict[str, str]:
        """What signs the request in."""
        may = MAY.get(f"{case.method.upper()} {case.operation.path}", frozenset())
        role = next((role for role in (Role.ENGINEER, Role.ADMIN, Role.IT) if role in may), Role.ENGINEER)
        account = self._accounts[role]
        self._store.review.save_account(account)
        opened = Response()
        session = self._station.sessions.open(account, opened)
        return {"cookie": opened.headers["set-cookie"].partition(";")[0], "x-csrf-token": session.csrf}


@pytest.fixture
def caller(app: FastAPI, store: Store) -> Caller:
    for verdict in (Verdict.PASS, Verdict.REVIEW, Verdict.HOLD):
        store.make_part(verdict, with_evidence=True)
    store.show_line(parameters={"offset_um": 10.0})
    return Caller(app, store)


@pytest.fixture
def described(app: FastAPI, caller: Caller) -> Any:
    del caller  # the store is filled
    description = _described(app, COOKIE)
    # Each call brings what signs it in.
    del description["security"], description["components"]["securitySchemes"]
    return schemathesis.openapi.from_dict(description).exclude(path=LONG)


def test_no_request_makes_the_station_fail_and_every_answer_is_as_described(
    app: FastAPI, described: Any, caller: Caller, subtests: pytest.Subtests
) -> None:
    described.app = app
    operations = [result.ok() for result in described.get_all_operations()]
    assert len(operations) > 40
    for operation in operations:

        @FUZZED
        @given(operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            answer = case.call(headers=caller.headers(case))
            caller.statuses[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        with subtests.test(operation.label):
            ask()
    LOG.info("%s answers: %s", caller.statuses.total(), dict(caller.statuses))


def test_no_sequence_of_requests_does(app: FastAPI, described: Any, caller: Caller) -> None:
    described.app = app

    scenarios = 0
    failures = []

    class Scenario(described.as_state_machine()):  # type: ignore[misc]  # made while it runs
        def setup(self) -> None:
            nonlocal scenarios
            scenarios += 1

        def call(self, case: schemathesis.Case, **_: Any) -> Any:
            answer = case.call(headers=caller.headers(case))
            caller.statuses[answer.status_code] += 1
            return answer

        def validate_response(self, response: Any, case: schemathesis.Case, **_: Any) -> None:
            try:
                case.validate_response(response, checks=CHECKS)
            except FailureGroup as failure:
                failures.append(f"{case.operation.label}: {failure}")

    while scenarios < EXAMPLES:
        # The station remembers what was done before, so that the same requests may be answered otherwise later:
        # where hypothesis notices, it ends, and begins anew here.
        with suppress(FlakyStrategyDefinition):
            Scenario.run(settings=FUZZED)
    LOG.info("%s scenarios, %s answers: %s", scenarios, caller.statuses.total(), dict(caller.statuses))
    assert failures == []
    assert caller.statuses.total() > EXAMPLES
