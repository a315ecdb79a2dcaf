"""The parts of the client that do no I/O: addresses, options, lines, limits, the circuit breaker."""

from __future__ import annotations

import json
import pickle
import unittest
from pathlib import Path
from typing import Any

import support  # noqa: F401  (finds the package in this checkout)

import kindred_db
from kindred_db import calls, options, protocol
from kindred_db.address import TCPAddress, UnixAddress, parse_address
from kindred_db.breaker import Breaker
from kindred_db.errors import reply_error
from kindred_db.many import Limits, ManyKeys
from kindred_db.options import MISSING


class AddressTests(unittest.TestCase):
    def test_the_three_forms(self) -> None:
        for text, address in {
            "/run/kindred/kindred.sock": UnixAddress("/run/kindred/kindred.sock"),
            "./kindred.sock": UnixAddress("./kindred.sock"),
            "unix:///run/k.sock": UnixAddress("/run/k.sock"),
            "tcp://db.example.org:7654": TCPAddress("db.example.org", 7654),
            "tcp://[::1]:7654": TCPAddress("::1", 7654),
        }.items():
            with self.subTest(text=text):
                self.assertEqual(parse_address(text), address)
        self.assertEqual(parse_address(Path("/run/k.sock")), UnixAddress("/run/k.sock"))
        self.assertEqual(str(TCPAddress("::1", 7654)), "tcp://[::1]:7654")

    def test_what_is_no_address_is_refused_with_what_to_write(self) -> None:
        for text in (
            "",
            "localhost",
            "localhost:7654",
            "http://x:1",
            "tcp://x",
            "tcp://x:0",
            "tcp://x:70000",
        ):
            with self.subTest(text=text), self.assertRaisesRegex(ValueError, "write .*tcp://host:port"):
                parse_address(text)
        with self.assertRaisesRegex(ValueError, "absolute"):
            parse_address("unix:kindred.sock")
        with self.assertRaisesRegex(ValueError, "107 bytes"):
            parse_address("/" + "x" * 107)


class OptionTests(unittest.TestCase):
    def test_an_option_that_is_none_counts_as_not_given(self) -> None:
        self.assertEqual(options.load_members({"limit": None, "where": None, "timeout": 1.0}), {})

    def test_an_unknown_option_names_the_nearest(self) -> None:
        wrong: Any = {"ordr": ["id"]}
        with self.assertRaisesRegex(TypeError, "unknown option 'ordr'; did you mean 'order'"):
            options.load_members(wrong)
        with self.assertRaisesRegex(TypeError, "unknown option 'limit'"):
            options.count_members({"limit": 1})  # type: ignore[typeddict-unknown-key]

    def test_values_in_includes_are_written_as_in_loads(self) -> None:
        include = {"reviews": {"where": {"stars": {5}}, "include": {"customer": {"columns": ("name",)}}}}
        self.assertEqual(
            options.load_members({"include": include}),
            {
                "include": {
                    "reviews": {"where": {"stars": [5]}, "include": {"customer": {"columns": ["name"]}}},
                }
            },
        )
        with self.assertRaisesRegex(ValueError, r"^include\.reviews\.where\.stars: nan"):
            options.load_members({"include": {"reviews": {"where": {"stars": float("nan")}}}})

    def test_includes_without_an_end_are_refused(self) -> None:
        endless: dict[str, Any] = {}
        endless["include"] = {"books": endless}
        with self.assertRaisesRegex(ValueError, "nested"):
            options.load_members({"include": {"books": endless}})

    def test_a_key_or_a_parent_and_not_both(self) -> None:
        self.assertEqual(options.key_or_parent(None, MISSING), {"key": None})
        self.assertEqual(options.key_or_parent(MISSING, 7), {"parent": 7})
        for key, parent in ((MISSING, MISSING), (1, 2)):
            with self.assertRaisesRegex(TypeError, "either a key or parent="):
                options.key_or_parent(key, parent)

    def test_positions_go_with_their_keys(self) -> None:
        self.assertEqual(options.positions(None, MISSING, 2), ("after", [None, None]))
        self.assertEqual(options.positions(None, [[1, 2], None], 2), ("before", [[1, 2], None]))
        with self.assertRaisesRegex(ValueError, "after: must be a list of 2 positions"):
            options.positions([[1, 2]], MISSING, 2)
        with self.assertRaisesRegex(TypeError, r"after\[0\]: a position is a list"):
            options.positions([1, 2], MISSING, 2)
        with self.assertRaisesRegex(TypeError, "either after or before="):
            options.position([1], [2])


class CallTests(unittest.TestCase):
    def test_the_line_of_a_load(self) -> None:
        call = calls.load("authors.books", 42, MISSING, {"limit": 3, "where": {"title": "Ü"}})
        self.assertEqual(
            protocol.request_line(call, 7, 1.0).decode(),
            '{"id":7,"timeout_ms":900,"load":"authors.books","key":42,"limit":3,"where":{"title":"Ü"}}\n',
        )

    def test_the_daemon_gets_a_little_less_time_than_the_caller_has(self) -> None:
        call = calls.count("authors.books", 42, MISSING, {})
        for seconds, milliseconds in ((0.001, 1), (0.1, 90), (2.5, 2250), (10.0, 9750), (1e9, 2**31 - 1)):
            line = json.loads(protocol.request_line(call, 1, seconds))
            self.assertEqual(line["timeout_ms"], milliseconds)
        self.assertNotIn(b"timeout_ms", protocol.request_line(calls.ping(), 1, 1.0))

    def test_a_reply_of_another_form_is_a_violation(self) -> None:
        load = calls.many("a.b", "keys", [1, 2], {})
        reply: dict[str, Any]
        for reply in (
            {"results": [[]]},
            {"rows": []},
            {"results": [[], []], "errors": {"7": {}}},
            {"results": 5},
        ):
            with self.subTest(reply=reply), self.assertRaises(kindred_db.ProtocolViolation):
                load.result({"id": 1, **reply})

    def test_an_older_daemon_is_said_to_be_one(self) -> None:
        page = calls.page("a.b", 1, MISSING, order=["x"], limit=1, after=None, before=MISSING, given={})
        error = {"code": "bad_request", "message": "unknown member 'after'", "retryable": False}
        with self.assertRaisesRegex(kindred_db.NotSupported, "older than pages by position"):
            page.result({"error": error})


class LineTests(unittest.TestCase):
    def test_lines_end_at_newlines_only_wherever_the_stream_is_cut(self) -> None:
        lines = ['{"a":"\u2028\u2029\u0085\u000b"}'.encode(), b"", b'{"b":2}\r', "{}ü".encode()]
        stream = b"\n".join(lines) + b"\n"
        for size in range(1, len(stream) + 1):
            buffer = protocol.LineBuffer()
            got = []
            for start in range(0, len(stream), size):
                got += buffer.feed(stream[start : start + size])
            self.assertEqual(got, lines)
            self.assertEqual(buffer.begun_replies([1, 2]), set())

    def test_the_beginning_of_a_reply_tells_whose_it_is(self) -> None:
        for beginning, ids in {
            b"": set(),
            b'{"i': {1, 12},
            b'{"id":1': {1, 12},
            b'{"id":12,"rows"': {12},
            b'{"id":1}': {1},
        }.items():
            buffer = protocol.LineBuffer()
            buffer.feed(b'{"id":7}\n')
            for byte in beginning:
                buffer.feed(bytes([byte]))
            self.assertEqual(buffer.begun_replies([1, 12]), ids)

    def test_a_carriage_return_and_empty_lines_mean_nothing(self) -> None:
        self.assertEqual(protocol.parse_reply(b'{"id":1}\r'), {"id": 1})
        self.assertIsNone(protocol.parse_reply(b"\r"))

    def test_numbers_keep_their_digits(self) -> None:
        digits = "7" * 5000
        reply = protocol.parse_reply(
            f'{{"id":1,"rows":[{{"n":{digits}}},{{"n":9223372036854775807}}]}}'.encode()
        )
        assert reply is not None
        self.assertEqual([str(row["n"]) for row in reply["rows"]], [digits, "9223372036854775807"])

    def test_what_is_no_reply_is_a_violation(self) -> None:
        for line in (b"HTTP/1.1 400 Bad Request", b"[]", b"{", b'"x"', b"\xff", b"[" * 100_000):
            with self.subTest(line=line[:10]), self.assertRaises(kindred_db.ProtocolViolation):
                protocol.parse_reply(line)
        for reply in ({"pong": True}, {"id": "1"}, {"id": [1]}, {"id": True}, {"id": 1.0}):
            with self.subTest(reply=reply), self.assertRaises(kindred_db.ProtocolViolation):
                protocol.reply_id(reply)

    def test_an_error_without_an_id_is_a_lost_connection(self) -> None:
        error = {"code": "overloaded", "message": "too many clients", "retryable": True}
        with self.assertRaisesRegex(kindred_db.ConnectionLost, "overloaded: too many clients") as caught:
            protocol.reply_id({"error": error})
        self.assertTrue(caught.exception.retryable)


class LimitTests(unittest.TestCase):
    def many(self, keys: list[Any], **page: Any) -> ManyKeys:
        return ManyKeys("authors.books", "keys", keys, {"limit": 1}, **page)

    def sent(self, many: ManyKeys, limits: Limits | None) -> list[Any]:
        return [json.loads(b"{" + call.body) for call in many.calls(limits)]

    def test_few_keys_are_one_request_without_knowing_limits(self) -> None:
        many = self.many([1, 2])
        self.assertFalse(many.needs_limits)
        self.assertEqual([line["keys"] for line in self.sent(many, None)], [[1, 2]])
        self.assertEqual([line["keys"] for line in self.sent(self.many([]), None)], [[]])

    def test_more_keys_than_a_request_may_have_are_several_requests(self) -> None:
        many = self.many(list(range(250)))
        self.assertTrue(many.needs_limits)
        lines = self.sent(many, Limits(100, 1 << 20))
        self.assertEqual([len(line["keys"]) for line in lines], [100, 100, 50])
        self.assertEqual([key for line in lines for key in line["keys"]], list(range(250)))

    def test_long_keys_are_cut_by_the_length_of_the_line(self) -> None:
        keys = [f"{number:0100}" for number in range(300)]
        lines = self.sent(self.many(keys), Limits(10_000, 8192))
        self.assertEqual([key for line in lines for key in line["keys"]], keys)
        self.assertTrue(all(len(json.dumps(line)) < 8192 for line in lines))

    def test_positions_stay_with_their_keys(self) -> None:
        keys = list(range(150))
        lines = self.sent(
            self.many(keys, direction="after", positions=[[key] for key in keys]), Limits(100, 1 << 20)
        )
        for line in lines:
            self.assertEqual(line["after"], [[key] for key in line["keys"]])

    def test_one_key_that_is_too_long_is_refused(self) -> None:
        with self.assertRaisesRegex(kindred_db.TooLarge, "limits.line_bytes"):
            self.many(["x" * 2000, 1]).calls(Limits(10_000, 1024))


class ErrorTests(unittest.TestCase):
    def test_each_code_has_its_class_and_keeps_its_fields(self) -> None:
        wire = {"code": "database_error", "message": "no", "retryable": True, "mysql_errno": 1205}
        error = reply_error(wire)
        self.assertIsInstance(error, kindred_db.DatabaseError)
        self.assertEqual(
            (error.code, error.message, error.retryable, error.mysql_errno),
            ("database_error", "no", True, 1205),
        )
        self.assertEqual(str(reply_error({"code": "new_one", "message": "m"})), "new_one: m")
        self.assertIs(type(reply_error({"code": "new_one", "message": "m"})), kindred_db.ReplyError)
        self.assertIsInstance(reply_error("nonsense"), kindred_db.ReplyError)

    def test_errors_survive_being_pickled(self) -> None:
        for error in (
            reply_error({"code": "timeout", "message": "late", "retryable": True}),
            kindred_db.Unreachable("gone"),
        ):
            copy = pickle.loads(pickle.dumps(error))
            self.assertEqual(
                (type(copy), str(copy), copy.retryable), (type(error), str(error), error.retryable)
            )


class BreakerTests(unittest.TestCase):
    def test_a_failure_opens_it_and_pauses_between_probes_grow(self) -> None:
        breaker = Breaker()
        self.assertFalse(breaker.admit(0.0))
        breaker.failed(kindred_db.NoReply("silence"), 0.0)
        now, pauses = 0.0, []
        for _ in range(8):
            start = now
            while True:
                try:
                    self.assertTrue(breaker.admit(now))
                    break
                except kindred_db.CircuitOpen:
                    now += 0.01
            pauses.append(round(now - start, 1))
            breaker.failed(kindred_db.NoReply("silence"), now)
        self.assertEqual(pauses, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])

    def test_one_probe_at_a_time(self) -> None:
        breaker = Breaker()
        breaker.failed(kindred_db.Unreachable("gone"), 0.0)
        self.assertTrue(breaker.admit(0.2))
        with self.assertRaises(kindred_db.CircuitOpen):
            breaker.admit(0.2)
        # Of that probe nothing was heard, and so the next one is let through.
        self.assertTrue(breaker.admit(0.5))

    def test_a_success_closes_it(self) -> None:
        breaker = Breaker()
        breaker.failed(kindred_db.Unreachable("gone"), 0.0)
        breaker.succeeded()
        self.assertFalse(breaker.admit(0.0))

    def test_it_says_since_when_and_why(self) -> None:
        breaker = Breaker()
        breaker.failed(kindred_db.Unreachable("nobody listens"), 0.0)
        with self.assertRaisesRegex(
            kindred_db.CircuitOpen, r"since \d\d:\d\d:\d\d .*nobody listens"
        ) as caught:
            breaker.admit(0.04)
        self.assertAlmostEqual(caught.exception.retry_after, 0.06)
        self.assertEqual(caught.exception.reason, "unreachable: nobody listens")


if __name__ == "__main__":
    unittest.main()
