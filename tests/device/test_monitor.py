# SPDX-License-Identifier: MIT
"""liquid-monitor on a virtual board: it sees what the host sees, and a slider moved in Chromium changes the board."""

import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
from liquid_audio_nets.board.machine import set_audio
from liquid_audio_nets.lnn import load
from liquid_audio_nets.monitor import BoardSource, HostSource, Recording, Session
from virtual_board import MODEL

DECLARED = ("time_s", "gate_open", "label", "steps", "lost")


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "keywords.lnn"
    path.write_bytes(MODEL.read_bytes())
    return path


@pytest.fixture
def hearing(m4f, speech):
    m4f.release()
    set_audio(m4f.board, speech[0])
    yield m4f
    m4f.release()


def test_the_board_and_the_host_see_the_same(hearing, speech, model):
    content = model.read_bytes()
    board = Session(BoardSource(hearing.link(), model, content, None, again=False))
    there = list(board.run())
    here = list(Session(HostSource(model, content, Recording(speech[0], 16000, paced=False))).run())
    assert len(there) == len(here) and board.source.work_unit == "instructions"
    for one, other in zip(there, here, strict=True):
        assert [getattr(one, name) for name in DECLARED] == [getattr(other, name) for name in DECLARED]
        assert np.allclose(one.scores, other.scores, atol=1e-4) and np.array_equal(one.audio, other.audio)
        assert np.array_equal(one.log_mel, other.log_mel) and 0 < one.work < 1_000_000
    assert [event.label for r in there for event in r.events] == [event.label for r in here for event in r.events]


def test_a_setting_is_changed_and_saved_on_the_board(hearing, model):
    source = BoardSource(hearing.link(), model, model.read_bytes(), None, again=True)
    session = Session(source)
    session.start()
    session.change("thresholds.yes", 0.5).result(timeout=20)
    session.change("min_timestep", 0.02).result(timeout=20)
    assert session.settings["thresholds.yes"] == 0.5 and session.settings["min_timestep"] == pytest.approx(0.02)
    session.save().result(timeout=60)
    session.close()
    assert load(model).labels[0].threshold == 0.5 and load(model).policy.min_timestep_us == 20_000
    hearing._link = None  # the session closed it
    said = hearing.exec("import liquid_audio\nprint(liquid_audio.LNN.load('models/keywords.lnn').thresholds['yes'])")
    assert float(said) == 0.5


@pytest.fixture
def browser():
    webdriver = pytest.importorskip("selenium.webdriver")
    program = shutil.which("chromedriver")
    if not program:
        pytest.skip("no chromedriver")
    options = webdriver.ChromeOptions()
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1400,1600"):
        options.add_argument(f"--{argument}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(program))
    driver.implicitly_wait(20)
    yield driver
    driver.quit()


def until(true, timeout_s: float = 120.0):
    """What true() gives once it is true."""
    deadline = time.monotonic() + timeout_s
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
    return found


@pytest.mark.long
def test_a_slider_in_the_browser_changes_the_board(hearing, browser, model, tmp_path):
    """From the command to the file on the board: the page shows what the board hears, and its controls act there."""
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    code = "from liquid_audio_nets.cli.monitor import main; main()"
    words = ["--device", hearing.port, "--model", model, "--record", tmp_path / "session.jsonl", "--keep", tmp_path]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", process.stdout.readline())[0]
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address.partition("?")[0], timeout=10)
        browser.get(address)

        def values() -> list[float]:
            """What the session has recorded of the slider."""
            lines = (tmp_path / "session.jsonl").read_text()
            return list(map(float, re.findall(r'"set": "thresholds.yes", "value": ([\d.]+)', lines)))

        def page() -> str:
            return browser.find_element(By.TAG_NAME, "body").text

        until(lambda: re.search(r"Time\s+[1-9]\d*\.\d s", page()))  # the page is connected
        thumb = browser.find_element(By.CSS_SELECTOR, '[data-setting="thresholds.yes"] .q-slider__thumb')
        ActionChains(browser).drag_and_drop_by_offset(thumb, -30, 0).perform()
        until(values)
        until(lambda: re.search(r"[\d.]+ s\s+(yes|no|stop|go)\s+0\.\d{3}", page()))
        drawn = "const c = document.getElementById('timeline'); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter(v => v).length"
        until(lambda: browser.execute_script(drawn) > 100_000)
        browser.save_screenshot(str(tmp_path / "page.png"))
        browser.find_element(By.XPATH, "//button[contains(., 'Save into keywords.lnn')]").click()
        until(lambda: "saved into" in page())
        value = values()[-1]
        assert load(model).labels[0].threshold == pytest.approx(value, abs=1e-6) and value < 0.9
        assert not [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in err, err
    said = hearing.exec("import liquid_audio\nprint(liquid_audio.LNN.load('models/keywords.lnn').thresholds['yes'])")
    assert float(said) == pytest.approx(value, abs=1e-6)
