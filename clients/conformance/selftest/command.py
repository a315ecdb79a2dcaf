"""The command of the reference client: `command.py [--kind NAME] ADDRESS`, as README.md wants it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import mutants
import variants
from reference import CAPABILITIES, Client


def answer(client: Client, call: dict[str, Any], begun: dict[str, Any]) -> dict[str, Any]:
    do = call["do"]
    if do == "begin":
        begun["finish"] = begin(client, call)
        return {"value": None}
    if do == "finish":
        return {"outcomes": begun["finish"](call.get("cancel", []))}
    if do == "fork":
        return in_child(client, call["call"])
    if do == "breaker":
        client.has_breaker = True
        return {"value": None}
    return client.run(call)


def begin(client: Client, call: dict[str, Any]) -> Any:
    """Begins the calls. Returns what cancels some of them and waits for all."""
    if call.get("in") == "threads":
        wait = client.run_in_threads(call["calls"])
        return lambda cancelled: wait()
    pendings = client.begin(call["calls"])

    def finish(cancelled: Any) -> Any:
        for place in cancelled:
            client.cancel(pendings[place])
        return client.finish(pendings)

    return finish


def in_child(client: Client, call: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writing, "w") as pipe:
            json.dump(client.run(call), pipe)
        client.drop()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        outcome: dict[str, Any] = json.load(pipe)
    os.waitpid(child, 0)
    return outcome


def lines() -> Iterator[bytes]:
    return iter(sys.stdin.buffer.readline, b"")


def main() -> None:
    *options, address = sys.argv[1:]
    name = options[1] if options else "Client"
    kind = getattr(mutants, name, None) or getattr(variants, name)
    client, begun = kind(address), {}
    print(json.dumps({"client": f"the kit's own {kind.__name__}", "can": CAPABILITIES}), flush=True)
    for line in lines():
        print(json.dumps(answer(client, json.loads(line), begun)), flush=True)


if __name__ == "__main__":
    main()
