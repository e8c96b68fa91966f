"""The page in a real browser: headless Chromium, spoken to over a pipe (DevTools protocol)."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"),
)


class Browser:
    """One tab of a headless Chromium."""

    def __init__(self, profile: Path) -> None:
        binary = shutil.which("chromium") or shutil.which("chromium-browser")
        if binary is None:
            missing = "no chromium found: apt-get update && apt-get install -y chromium"
            if "THEORYLAB_REQUIRE_BROWSER" in os.environ:
                pytest.fail(missing)
            pytest.skip(missing)
        read_here, write_there = os.pipe()
        read_there, write_here = os.pipe()
        call = ["bash", "-c", f'exec "$@" 3<&{read_there} 4>&{write_there}', "bash", binary]
        self.process = subprocess.Popen(
            [*call, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(read_there, write_there),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_there)
        os.close(write_there)
        self.out, self.incoming = os.fdopen(write_here, "wb"), os.fdopen(read_here, "rb")
        self.number, self.session, self.buffer = 0, None, b""
        self.events: list[dict[str, Any]] = []
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def message(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            part = os.read(self.incoming.fileno(), 1 << 16)
            if not part:
                pytest.fail("chromium ended before it answered")
            self.buffer += part
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self.number += 1
        question = {"id": self.number, "method": method, "params": params}
        if self.session:
            question["sessionId"] = self.session
        self.out.write(json.dumps(question).encode() + b"\0")
        self.out.flush()
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, url: str) -> None:
        for address in ("about:blank", url):
            self.events.clear()
            self.ask("Page.navigate", url=address)
            while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
                self.events.append(self.message())

    def js(self, expression: str) -> Any:
        answer = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def screen(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if width < 500 else 1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def shoot(self, path: Path) -> None:
        image = self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(image))

    def complaints(self) -> list[str]:
        """What the console said and what was fetched from elsewhere since the page was opened."""
        self.js("new Promise((done) => setTimeout(done, 50))")
        said = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        found = [str(event["params"]) for event in self.events if event.get("method") in said]
        asked = [e for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        urls = [event["params"]["request"]["url"] for event in asked]
        return found + [url for url in urls if not url.startswith(("file:", "data:"))]

    def close(self) -> None:
        self.out.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.incoming.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    tab = Browser(tmp_path_factory.mktemp("profile"))
    yield tab
    tab.close()


@pytest.fixture(scope="module")
def address(verified) -> str:
    report, run = verified
    assert run.returncode == 0, run.stdout + run.stderr
    return (report / "index.html").as_uri()


VISIBLE = """[...document.querySelectorAll("article")].filter((part) => part.checkVisibility())
             .map((part) => part.id)"""
FIRST, SECOND = "circles2024.parabola_bounds_line_of_positive_width", "circles2024.square_of_a_sum"
THIRD, FOURTH = "sums2025.no_square_is_three_of_modulus_five", "sums2025.rare_event_is_rare"


@pytest.mark.parametrize(
    ("fragment", "shown"),
    [
        ("", [FIRST, SECOND, THIRD, FOURTH]),
        ("#evidence=SAMPLED", [FOURTH]),
        ("#relation=SHARPENS", [FIRST]),
        ("#paper=sums2025", [THIRD, FOURTH]),
        ("#paper=sums2025&relation=SHARPENS", []),
        ("#verdict=FAILS", []),
        ("#verdict=HOLDS&q=attained%20BOUND", [FIRST]),
        ("#evidence=NONSENSE", [FIRST, SECOND, THIRD, FOURTH]),
        (f"#{FOURTH}", [FIRST, SECOND, THIRD, FOURTH]),
    ],
)
def test_filters_in_the_address(browser: Browser, address: str, fragment, shown) -> None:
    browser.screen(1100)
    browser.open(address + fragment)
    assert browser.js(VISIBLE) == shown
    assert browser.js("document.getElementById('count').value") == (
        f"{len(shown)} of 4 statements shown"
    )
    assert browser.js("document.getElementById('nothing').checkVisibility()") is (shown == [])
    assert browser.complaints() == []


def test_filters_by_hand_keep_the_address_and_can_be_cleared(browser: Browser, address) -> None:
    browser.open(address)
    browser.js("""(() => { const form = document.getElementById("filters");
        form.elements.relation.value = "REFUTES";
        form.elements.relation.dispatchEvent(new Event("input", {bubbles: true})); })()""")
    assert browser.js(VISIBLE) == [THIRD]
    assert browser.js("location.hash") == "#relation=REFUTES"
    assert browser.js("document.querySelectorAll('h2')[0].checkVisibility()") is False
    browser.js("document.querySelector('button[type=reset]').click()")
    browser.js("new Promise((done) => setTimeout(done, 20))")
    assert browser.js(VISIBLE) == [FIRST, SECOND, THIRD, FOURTH]
    browser.js("document.querySelector('.matrix a[href*=SAMPLED]').click()")
    browser.js("new Promise((done) => setTimeout(done, 50))")
    assert browser.js(VISIBLE) == [FOURTH]
    browser.js("document.querySelector('h3 a').click()")


def test_what_is_not_checked_can_be_filtered_alone(browser: Browser, address: str) -> None:
    browser.open(address + "#verdict=NOT_CHECKED")
    assert browser.js(VISIBLE) == []
    shown = browser.js("""[...document.querySelectorAll(".unchecked")]
        .filter((part) => part.checkVisibility()).map((part) => part.textContent)""")
    assert len(shown) == 2
    assert "Theorem 9" in shown[0]
    assert "no finite check exists" in shown[0]


def test_mathematics_is_typeset(browser: Browser, address: str) -> None:
    browser.screen(1100)
    browser.open(address)
    sizes = browser.js("""[...document.querySelectorAll("article math")].map((part) => {
        const box = part.getBoundingClientRect(); return [box.width, box.height]; })""")
    assert len(sizes) == 10  # 5, 2, 2 and 0 in the statements, 1 in the caption, see conftest
    assert all(width > 5 and height > 5 for width, height in sizes)
    inside = "document.querySelector('article math[display=block]')"
    fraction = browser.js(f"{inside}.querySelector('mfrac').getBoundingClientRect().height")
    letter = browser.js(f"{inside}.querySelector('mfrac mn').getBoundingClientRect().height")
    assert fraction > 1.8 * letter  # a numerator above a denominator, not beside it
    over, under = browser.js(f"""[...{inside}.querySelector('munder').children].map(
        (part) => part.getBoundingClientRect().bottom)""")
    assert under > over + 3  # the limit stands under sup


def test_figure_is_drawn(browser: Browser, address: str) -> None:
    browser.open(address)
    width = "document.querySelector('figure img').naturalWidth"
    browser.js("document.querySelector('figure img').decode()")
    assert browser.js(width) > 200


def test_phone_needs_no_sideways_scrolling(browser: Browser, address: str, tmp_path) -> None:
    browser.screen(390, 844)
    browser.open(address)
    browser.js("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert browser.js("document.documentElement.scrollWidth") == 390
    wide = browser.js("""[...document.querySelectorAll("body *")].filter((part) =>
        part.getBoundingClientRect().right > 390.5 && !part.closest("math, .sr")).length""")
    assert wide == 0
    assert browser.js("parseFloat(getComputedStyle(document.body).fontSize)") >= 16
    browser.shoot(tmp_path / "phone.png")
    assert (tmp_path / "phone.png").stat().st_size > 20_000


def test_dark_scheme_is_dark(browser: Browser, address: str) -> None:
    browser.screen(1100, dark=True)
    browser.open(address)
    colours = """["background-color", "color"].map((name) =>
        getComputedStyle(document.body).getPropertyValue(name).match(/\\d+/g).map(Number))"""
    ground, ink = browser.js(colours)
    assert max(ground) < 60
    assert min(ink) > 180
    browser.screen(1100)
    assert min(browser.js(colours)[0]) > 200


def test_print_shows_everything(browser: Browser, address: str) -> None:
    browser.screen(1100)
    browser.open(address)
    detail = "document.querySelector('article .detail').checkVisibility()"
    assert browser.js(detail) is False
    browser.ask("Emulation.setEmulatedMedia", media="print")
    assert browser.js(detail) is True
    assert browser.js("document.getElementById('filters').checkVisibility()") is False
    browser.ask("Emulation.setEmulatedMedia", media="")
    assert browser.js(detail) is False
    browser.js("dispatchEvent(new Event('beforeprint'))")
    assert browser.js(detail) is True
    pdf = base64.b64decode(browser.ask("Page.printToPDF")["data"])
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") >= 2
    assert browser.complaints() == []


def test_page_reads_without_script(browser: Browser, address: str) -> None:
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(address)
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.js(VISIBLE) == [FIRST, SECOND, THIRD, FOURTH]
    assert browser.js("document.getElementById('filters').checkVisibility()") is False


def test_policy_forbids_foreign_scripts_and_images(browser: Browser, verified, tmp_path) -> None:
    html = (verified[0] / "index.html").read_text()
    planted = (
        '<script>document.title = "owned"</script><img src="https://theorylab.invalid/x.png">'
    )
    spoilt = tmp_path / "spoilt.html"
    spoilt.write_text(html.replace("</main>", planted + "</main>"))
    browser.open(spoilt.as_uri())
    assert browser.js("document.title") == "theorylab: 4 statements, 4 hold"
    assert len(browser.complaints()) >= 2
