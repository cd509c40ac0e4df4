"""What the dashboard makes of Cellwarden's own service, and its words, held against the firmware's."""

import re

import pytest

import roles
from bms import fault_rows, faults, journal, settings
from bms.report import ble_tell, tell_health
from bms.report.ble_frame import Frame
from bms.words import FAULT_WORDS
from btlink import native as btlink
from demo import readable
from demo.session import Session
from demo.state import level
from host_tests.page.modules import run_js

NATIVE = 'import { NativeState } from "link/native_state.js"; import * as native from "link/native_frame.js";'
WORDS = 'import * as words from "words.js";'


@pytest.fixture(scope="module")
def pack():
    """A pack in RUN."""
    session = Session(soc=0.5)
    while session.now_s < 6:
        session.step()
    return session


def test_every_fault_is_told_in_the_words_of_the_firmware_with_its_numbers():
    given = [
        [row[fault_rows.NAME], i, -1234, 65432] for row in fault_rows.ROWS for i in (-1, 0, 15)
    ]
    told = run_js(WORDS, "return given.map((one) => words.reason(...one));", given)
    rows = {row[fault_rows.NAME]: row for row in fault_rows.ROWS}
    assert told == [readable.reason(rows[name], *numbers) for name, *numbers in given]
    known = run_js(
        WORDS,
        "const w = words;"
        "return [w.FAULTS, [...w.WARNINGS], w.MODES, w.FETS, w.OUTPUTS, w.KINDS, w.SOURCES, w.LOOK];",
    )
    names, warnings, modes, *others = known
    assert list(names) == [row[fault_rows.NAME] for row in fault_rows.ROWS] == list(FAULT_WORDS)
    assert set(warnings) == {name for name in rows if not rows[name][fault_rows.BLOCKS]}
    latched = {name for name in rows if rows[name][fault_rows.END] & faults.LATCH}
    assert {name for name, row in names.items() if len(row) == 3} == latched
    assert tuple(modes) == readable.MODE_NAMES
    assert others[0] == readable.fet_names(15) and others[1] == readable.output_names(127)
    assert tuple(others[2]) == journal.NAMES and tuple(others[3]) == settings.SOURCES
    assert tuple(others[4]) == settings.TO_BE_LOOKED_AT == ble_tell._LOOK


def test_every_event_is_told_in_the_words_of_the_demo(pack):
    log = journal.Journal(128)
    for kind in range(len(journal.NAMES)):
        for item, value, limit in ((0, 0, 0), (1, 5, 3), (2, 3, 0x9234), (7, 17, 6)):
            if kind == journal.ANCHOR and item > 2:
                continue
            log.note(kind, item, 1 if kind < journal.MODE else -1, value % 9, limit, pack.pack)
    for item in range(9):  # every source of settings, every cause of a reset, and one unknown
        log.note(journal.SETTINGS, item, -1, 0, 0, pack.pack)
        log.note(journal.RESET, item, -1, 4, 0, pack.pack)
    frame = Frame()
    frames = [list(frame.view[: ble_tell.event(frame, log, n)]) for n in range(log.n)]
    body = """
      const states = new NativeState();
      states.rows = given.rows;
      const frames = new native.Frames();
      states.live(frames.put(given.live)[0].data, 5000.5);
      return given.frames.flatMap((bytes) => frames.put(bytes)).map(({ data }) => states.event(data));
    """
    rows = [row[fault_rows.NAME] for row in fault_rows.ROWS]
    live = list(frame.view[: ble_tell.live(frame, pack.pack)])
    told = run_js(NATIVE, body, {"frames": frames, "rows": rows, "live": live})
    ours = [readable.readable(log.record(n), 0) for n in range(log.n)]
    assert len(told) == log.n > 40
    assert {one["t_s"] for one in told} == {5000.5 - pack.pack.journal.uptime_s}
    assert [one["words"] for one in told] == [one["words"] for one in ours]
    assert [one["kind"] for one in told] == [one["kind"] for one in ours]
    assert [one["level"] for one in told] == [level(one) for one in ours]


def test_no_code_name_is_shown_to_a_person_whatever_the_monitor_raised(pack):
    """Each bit that a monitor can raise has its words, the same at a terminal and in the page."""
    names = [name for name in vars(roles) if name.startswith("TRIP_")]
    words = [getattr(roles, name) for name in names] + [roles.TRIP_SCD | roles.TRIP_OCD2, 0]
    record = dict.fromkeys("item cell mode soc_pm value limit".split(), 0)
    alerts = [record | {"kind": journal.ALERT, "limit": word} for word in words]
    alerts += [record | {"kind": journal.REQUEST, "value": bit} for bit in range(1, 64)]
    alerts += [record | {"kind": journal.REQUEST, "item": 1, "value": bit} for bit in range(16)]
    ours = [readable.readable(one, 0)["words"] for one in alerts]
    told = run_js(WORDS, "return given.map((one) => words.describe(one, []).words);", alerts)
    assert told == ours
    said = ours[: len(names)]
    assert len(set(said)) == len(said) and all("cause already over" not in one for one in said)
    assert ours[names.index("TRIP_SCD")].endswith("alert: short circuit")
    assert ours[len(names)].endswith("alert: discharge over-current, strong; short circuit")
    codes = {row[fault_rows.NAME] for row in fault_rows.ROWS} - {
        "late",
        "interlock",
        "precharge",
        "reset",
    }
    codes |= {"occ", "chg", "dsg", "pchg", "pdsg", "selftest"}
    assert not [text for text in ours if codes & set(re.split(r"\W+", text))]
    stops = [["chg"], ["chg", "dsg"], ["pchg", "pdsg"], []]
    told = run_js(WORDS, "return given.map((names) => words.stopped(names));", stops)
    assert told == [readable.stopped(names) for names in stops]
    assert told[1] == "charging and discharging stopped"


def test_a_row_of_a_newer_firmware_is_called_unknown():
    told = run_js(WORDS, "return words.reason('xyz', 1, 2, 3);")
    assert told == "a fault that this page does not know (xyz)"


def test_frames_of_the_native_service_are_found_however_they_are_cut(pack):
    frame = Frame()
    live = list(frame.view[: ble_tell.live(frame, pack.pack)])
    spoiled = live[:-1] + [live[-1] ^ 1]
    body = """
      const read = (size) => {
        const frames = new native.Frames();
        const found = [];
        for (let i = 0; i < given.length; i += size) found.push(...frames.put(given.slice(i, i + size)));
        return found.map(({ kind, data }) => [kind, native.decodeLive(data)]);
      };
      return [1, 3, 20, 999].map(read);
    """
    results = run_js(NATIVE, body, [0xC3] + live + spoiled + live)
    assert all(one == results[0] for one in results)
    (kind, first), (_, second) = results[0]
    want = btlink.live(bytes(live[3:-1]))
    assert kind == ble_tell.LIVE and first == second == {
        **want,
        "cells": list(want["cells"]),
        "temps": list(want["temps"]),
    }


def test_requests_of_the_native_service_are_those_it_takes():
    sent = run_js(
        NATIVE,
        "return given.map(([kind, data]) => [...native.frame(kind, data)]);",
        [[2, [1, 2, 3]], [1, []]],
    )
    assert [bytes(one) for one in sent] == [btlink.frame(2, b"\x01\x02\x03"), btlink.frame(1)]
    uuids = run_js(NATIVE, "return [native.SERVICE, native.FROM_PACK, native.TO_PACK];")
    assert uuids == [btlink.SERVICE, btlink.OUT, btlink.INTO]


def test_what_the_pack_is_worth_is_told_with_its_evidence(pack):
    """The firmware's own answer, decoded by the page and by the program."""
    known = pack.pack.health
    known.capacity.full(known.life.age_min)
    known.capacity.move(-92000)
    known.capacity.empty(known.life.age_min)
    known.to_empty_min = 187
    frame = Frame()
    answer = bytes(frame.view[: tell_health.health(frame.begin(0x86).number(0, 1), pack.pack)])
    body = """
      const states = new NativeState();
      const [one] = new native.Frames().put(given.answer);
      states.health(one.data.slice(1));
      return states.live(new native.Frames().put(given.live)[0].data, 1).worth;
    """
    live = list(frame.view[: ble_tell.live(frame, pack.pack)])
    found = run_js(NATIVE, body, {"answer": list(answer), "live": live})
    want = btlink.health(answer[4:-1])
    assert found["energy_wh"] == want["energy_wh"] == known.energy_wh(pack.pack.soc)
    assert (found["to_empty_min"], found["to_full_min"]) == (187, None)
    assert found["capacity"]["part_e4"] == want["capacity_e4"] == known.capacity.e4
    assert (found["capacity"]["from"], found["capacity"]["to"]) == ("full", "empty")
