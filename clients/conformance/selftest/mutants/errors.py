"""What a client does with errors that the daemon tells."""

from __future__ import annotations

from typing import Any

from reference import Client, Outcome, Pending, error

from .registry import fails


@fails(
    "errors/not-retryable",
    "errors/retryable",
    "errors/database-error",
    "errors/database-unavailable",
    "errors/unknown-code",
    "errors/timeout-reply",
    "loads/describe-unknown",
    "pages/page-refused",
)
class OneErrorForAll(Client):
    def error_of(self, members: dict[str, Any]) -> Outcome:
        return error("error", members["message"])


@fails("errors/not-retryable")
class AsksAgainAfterEachError(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        if "error" in reply and self.may_repeat(pending):
            pending.repetitions += 1
            self.send([pending])
            return None  # type: ignore[return-value]
        return super().outcome_of(pending, reply)


@fails("errors/not-retryable", "errors/timeout-reply")
class ClosesAfterEachError(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        if "error" in reply:
            self.drop()
        return super().outcome_of(pending, reply)


@fails("errors/database-error")
class AllIsRetryable(Client):
    def error_of(self, members: dict[str, Any]) -> Outcome:
        return super().error_of({**members, "retryable": True, "mysql_errno": 0})


@fails("errors/first-failed-key")
class SortsPlacesAsText(Client):
    def first_error(self, errors: dict[int, Outcome]) -> Outcome:
        return errors[int(min(str(place) for place in errors))]


@fails(
    "errors/first-failed-key", "errors/count-failed-key", "batch/error-in-place", "pages/page-of-failed-key"
)
class OverlooksErrorsOfKeys(Client):
    def outcome_of_keys(self, pending: Pending, reply: dict[str, Any], results: list[Any]) -> Outcome:
        return super().outcome_of_keys(pending, {**reply, "errors": {}}, results)


@fails("batch/results", "batch/error-in-place")
class BatchOfRows(Client):
    def outcome_of_keys(self, pending: Pending, reply: dict[str, Any], results: list[Any]) -> Outcome:
        return {"value": results}


@fails("batch/whole-failure")
class EmptyWhereTheBatchFailed(Client):
    def outcome_of(self, pending: Pending, reply: dict[str, Any]) -> Outcome:
        if pending.call["do"] == "batch" and "error" in reply:
            return {"outcomes": [{"value": []} for _ in pending.call["keys"]]}
        return super().outcome_of(pending, reply)


@fails("batch/too-few-results")
class CountsNoResults(Client):
    def outcome_of_keys(self, pending: Pending, reply: dict[str, Any], results: list[Any]) -> Outcome:
        keys = pending.call.get("keys", pending.call.get("parents", []))
        return super().outcome_of_keys(pending, reply, results + [[]] * (len(keys) - len(results)))
