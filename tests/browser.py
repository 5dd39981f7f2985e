"""A headless Chromium, spoken to by its own protocol over two pipes: no driver, no network.

It is found by the environment variable ECGRT_BROWSER, or on PATH.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --disable-dev-shm-usage "
    "--hide-scrollbars --remote-debugging-pipe"
)
#: Becomes the browser, which reads what it is asked from descriptor 3 and answers on 4.
_START = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
#: Page events that are complaints.
_COMPLAINTS = {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}


def find_browser() -> str | None:
    """Return the program, if there is one."""
    return os.environ.get("ECGRT_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page, and what it complains of or asks the network for.

    Attributes
    ----------
    complaints
        Messages of the console, exceptions and refusals of the page's policy.
    requests
        Addresses that the page has loaded.
    """

    def __init__(self, program: str, profile: Path) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._number = 0
        self._rest = b""
        low_read, self._write = os.pipe()
        self._read, low_write = os.pipe()
        # Out of the way of the descriptors that they become in the browser
        to_read, to_write = (fcntl.fcntl(pipe, fcntl.F_DUPFD, 20) for pipe in (low_read, low_write))
        os.close(low_read)
        os.close(low_write)
        flags = [*_FLAGS.split(), f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, str(to_read), str(to_write), program, *flags],
            pass_fds=(to_read, to_write),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, file: Path) -> None:
        """Open a page and wait until it and its scripts are done."""
        self.complaints.clear()
        self.requests.clear()
        self.call("Page.navigate", url=file.as_uri())
        while self._next().get("method") != "Page.loadEventFired":
            pass
        self.settle()

    def settle(self) -> None:
        """Wait until the page has drawn what has changed."""
        frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.call("Runtime.evaluate", expression=frames, awaitPromise=True)

    def value(self, expression: str) -> Any:
        """Return what JavaScript says, as JSON holds it."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"])
        return found["result"].get("value")

    def press(self, key: str, text: str = "") -> None:
        """Press a key and let it go."""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)
        self.settle()

    def drag(self, x: float, y: float, to: float) -> None:
        """Drag the mouse along a row."""
        for kind, place, buttons in (
            ("mouseMoved", x, 0),
            ("mousePressed", x, 1),
            ("mouseMoved", (x + to) / 2, 1),
            ("mouseMoved", to, 1),
            ("mouseReleased", to, 0),
        ):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=place,
                y=y,
                button="none" if kind == "mouseMoved" and not buttons else "left",
                buttons=buttons,
                clickCount=1,
            )
        self.settle()

    def media(self, *, scheme: str = "light", kind: str = "screen") -> None:
        """Let the page believe in a dark system, or in paper."""
        scheme_feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", media=kind, features=[scheme_feature])
        self.settle()

    def spoken(self) -> list[dict[str, str]]:
        """Return role and name of everything that a screen reader knows of."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [
            {part: str(node.get(part, {}).get("value", "")) for part in ("role", "name")}
            for node in nodes
            if not node["ignored"]
        ]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._read, 1 << 20)
            if not more:
                raise RuntimeError("the browser has ended")
            self._rest += more
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if message.get("method") in _COMPLAINTS:
            self.complaints.append(json.dumps(message["params"]))
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        return message
