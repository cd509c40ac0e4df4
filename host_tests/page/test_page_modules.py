"""What the dashboard decodes, remembers, exports and proves, checked without a browser."""

import csv
import io
import json
import re

import pytest

from auth import CLIENT_NONCE_N, KeyLock, Session
from bms import fault_rows
from bms.report import jbd_map
from bms.report.jbd_slave import JbdSlave
from demo.session import Session as DemoSession
from host_tests.page.modules import PAGE, run_js
from host_tests.shared import shared
from jbd import READ, START, checksum

KEY = bytes(range(16, 32))
FRAME = (
    'import { Replies, request, decodeBasic, decodeCells, decodeName } from "link/jbd_frame.js";'
)
STATE = 'import { JbdState, BITS } from "link/jbd_state.js";'


@pytest.fixture(scope="module")
def pack():
    """A pack in RUN, bleeding nothing, with some current."""
    session = DemoSession(soc=0.5)
    while session.now_s < 6:
        session.step()
    return session


def reply_of(slave, register):
    """The product's answer to a read."""
    frame = [START, READ, register, 0]
    total = checksum(frame, 2, 4)
    for byte in (*frame, total >> 8, total & 0xFF, 0x77):
        slave.put(byte)
    return list(slave.view[: slave.answer()])


def test_requests_are_those_of_the_protocol():
    asked = run_js(FRAME, "return [3, 4, 5].map((r) => [...request(r)]);")
    assert [bytes(one).hex() for one in asked] == [
        "dda50300fffd77",
        "dda50400fffc77",
        "dda50500fffb77",
    ]


def test_the_products_own_frames_are_read_back_whatever_the_pieces(pack):
    slave = JbdSlave(pack.pack)
    stream = [START, 3, 0xDD, 0] + reply_of(slave, 3) + [0x77, 0xDD] + reply_of(slave, 4)
    body = """
      const sizes = [1, 2, 7, 20, 500];
      return sizes.map((size) => {
        const replies = new Replies();
        const found = [];
        for (let i = 0; i < given.length; i += size) found.push(...replies.put(given.slice(i, i + size)));
        return [found.map((r) => r.register), decodeBasic(found[0].data), decodeCells(found[1].data)];
      });
    """
    results = run_js(FRAME, body, stream)
    assert all(one == results[0] for one in results)
    registers, basic, cells = results[0]
    snap = pack.pack.snap
    assert registers == [3, 4] and cells == list(snap.cell_mv)
    assert abs(basic["stack_mv"] - snap.stack_mv) < 10 and basic["capacity_mah"] == 100000
    assert abs(basic["soc_pm"] - pack.pack.soc.soc_pm) <= 5
    assert basic["temp_ddegc"][:3] == list(snap.temp_ddegc) and basic["chg"] and basic["dsg"]


def test_recorded_replies_of_real_boards_mean_what_was_recorded():
    vectors = json.loads(shared("vectors/jbd_basic_info.json").read_text())["vectors"]
    usable = [
        one for one in vectors if not one["expected"].get("units_x10") and one["status"] == 0
    ]
    body = """
      return given.map((frame) => {
        const found = new Replies().put(frame);
        return found.length === 1 ? decodeBasic(found[0].data) : null;
      });
    """
    read = run_js(FRAME, body, [list(bytes.fromhex(one["frame"])) for one in usable])
    assert len(read) > 20
    for one, basic in zip(usable, read):
        want = one["expected"]
        assert basic["stack_mv"] == round(want["voltage_V"] * 1000), one["source"]
        assert basic["pack_ma"] == round(want["current_A"] * 1000)
        assert basic["soc_pm"] == want["soc_pct"] * 10 and basic["cell_n"] == want["cells"]
        assert basic["protection"] == want["protection_bits"]
        assert basic["temp_ddegc"] == [round(t * 10) for t in want["temps_C"]]


def test_a_million_bytes_of_noise_are_no_reply_and_lose_none_that_follows(pack):
    body = """
      let seed = 1;
      const replies = new Replies();
      let found = 0;
      for (let k = 0; k < 20000; k++) {
        const next = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) >> 16 & 0xff;
        found += replies.put(Array.from({ length: 50 }, next)).length;
      }
      replies.forget();
      return [found, replies.put(given).length];
    """
    assert run_js(FRAME, body, reply_of(JbdSlave(pack.pack), 3)) == [0, 1]


@pytest.mark.parametrize("data", [[], [0] * 22, [0] * 22 + [3], [0] * 22 + [3, 0, 0]])
def test_a_basic_reply_that_is_too_short_is_none(data):
    assert run_js(FRAME, "return decodeBasic(Uint8Array.from(given));", data) is None


def test_every_protection_bit_is_told_with_every_fet_that_its_faults_open():
    bits = run_js(STATE, "return BITS.map(([name, words, blocks]) => [name, words, blocks]);")
    assert len(bits) == len(jbd_map.BITS)
    blocks = {row[fault_rows.NAME]: row[fault_rows.BLOCKS] for row in fault_rows.ROWS}
    for (name, words, opens), rows in zip(bits, jbd_map.BITS):
        first = blocks[rows[0]]  # the others of the row may open more
        want = {fet for fet, bit in (("chg", 1), ("dsg", 4)) if first & bit}
        assert words and (set(opens) >= want or name.endswith("fet")), name


def test_a_fault_of_a_jbd_board_becomes_words_with_the_number_of_now():
    body = """
      const states = new JbdState();
      const basic = { ...given, protection: 1 };
      const calm = states.take(given, [3300, 3301], 10);
      const bad = states.take(basic, [3300, 3661], 11);
      const still = states.take(basic, [3300, 3662], 12);
      const over = states.take(given, [3300, 3301], 13);
      return [calm.events, bad.events, bad.state.faults, still.events, still.state.faults[0].since_s, over.events];
    """
    basic = dict(
        stack_mv=6600, pack_ma=-1000, soc_pm=500, remaining_mah=1, capacity_mah=2, cycles=0
    )
    basic |= dict(bleeding=2, protection=0, chg=True, dsg=True, cell_n=2, temp_ddegc=[250])
    calm, bad, told, still, since_s, over = run_js(STATE, body, basic)
    assert calm == [] and still == [] and since_s == 11
    assert bad[0]["words"] == "tripped: cell over-voltage: cell 2 at 3.661 V"
    assert told[0]["blocks"] == ["chg"] and told[0]["now"] == "cell 2 at 3.661 V"
    assert over[0]["words"] == "over: cell over-voltage" and over[0]["kind"] == "clear"


def test_the_pack_accepts_what_the_page_proves_and_the_page_what_the_pack_proves():
    body = """
      const proof = new Proof(await Key.from(readKey(given.key)));
      proof.nonce = fromHex(given.ours);
      const unlock = await proof.unlock(fromHex(given.theirs));
      const right = await proof.check(fromHex(given.proof));
      const wrong = await proof.check(fromHex(given.proof.replace(/./, (d) => (d === "0" ? "1" : "0"))));
      await proof.command(() => "");
      const { counter, proof: tag } = await proof.command((n) => `${n} off`);
      return [toHex(unlock), right, wrong, counter, toHex(tag), new Proof(null).nonce.length];
    """
    session = Session(KeyLock(KEY), lambda n: bytes(range(n)))
    ours = b"\xff" * CLIENT_NONCE_N
    theirs = session.challenge(ours)
    given = {"key": KEY.hex(" ", 4), "ours": ours.hex(), "theirs": theirs.hex()}
    given["proof"] = session.proof().hex()
    imports = 'import { Key, Proof, readKey, toHex, fromHex } from "key.js";'
    unlock, right, wrong, counter, tag, nonce_n = run_js(imports, body, given)
    assert (right, wrong, nonce_n) == (True, False, CLIENT_NONCE_N)
    assert session.prove(bytes.fromhex(unlock))
    assert session.accept(counter, b"2 off", bytes.fromhex(tag)) and counter == 2


@pytest.mark.parametrize("text", ["", "00", "0" * 31, "0" * 33, "g" * 32, "0" * 64])
def test_what_is_no_key_is_not_tried(text):
    assert run_js('import { readKey } from "key.js";', "return readKey(given);", text) is None


def test_csv_keeps_numbers_quotes_text_and_starts_no_formula():
    body = """
      const unknown = { lo_pm: null, hi_pm: null, ddegc: null };
      const points = [{ t_s: 1.25, ma: -5, mv: 3300, soc_pm: 500, ...unknown, cells: [3300, 3301] }];
      const events = [{ t_s: 2, kind: "trip", level: "bad", words: '=1+1, "so"' }];
      return [historyCsv(points, false), eventsCsv(events, false)];
    """
    history, events = run_js('import { historyCsv, eventsCsv } from "csv.js";', body)
    head, row = list(csv.reader(io.StringIO(history)))
    assert row == ["1.25", "-5", "3300", "500", "", "", "", "3300", "3301"]
    assert head[:2] == ["t_s", "pack_ma"] and head[-1] == "cell_2_mv"
    assert list(csv.reader(io.StringIO(events)))[1] == ["2", "trip", "bad", '\'=1+1, "so"']


def test_the_memory_fades_but_does_not_end_and_keeps_what_was_around_a_trip():
    body = """
      const memory = new Memory();
      const state = (t_s) => ({ ...blank(), t_s, pack_ma: t_s, cells: [{ mv: 3300 }] });
      for (let t = 0; t < 100; t++) memory.add(state(t));
      const same = memory.add(state(99));
      const trip = memory.note({ t_s: 99, kind: "trip", words: "x" });
      memory.note({ t_s: 99, kind: "mode", words: "y" });
      for (let t = 100; t < 20000; t++) memory.add(state(t));
      const times = memory.points.map((p) => p.t_s);
      return [same, trip.points.map((p) => p.t_s), times.length, times[0], times[times.length - 1],
        times.every((t, i) => !i || t > times[i - 1]), memory.events[0].points === undefined];
    """
    imports = 'import { Memory } from "memory.js"; import { blank } from "state.js";'
    same, around, n, first, last, ordered, plain = run_js(imports, body)
    assert same is False and around == list(range(39, 130))
    assert 3000 <= n <= 6000 and (first, last) == (0, 19999) and ordered and plain


def test_a_record_told_again_is_kept_once_but_a_board_that_starts_again_counts_anew():
    body = """
      const memory = new Memory();
      const boot = { n: 0, t_s: 100, kind: "boot", words: "started" };
      for (const more of [{}, { t_s: 101 }, { n: 1 }, { t_s: 5000 }]) memory.note({ ...boot, ...more });
      for (let k = 0; k < 2; k++) memory.note({ t_s: 100, kind: "clear", words: "over" });
      return memory.events.map((event) => event.t_s);
    """
    assert run_js('import { Memory } from "memory.js";', body) == [100, 100, 5000, 100, 100]


def test_axes_have_round_steps_and_room_for_every_value():
    body = """
      const steps = given.map(([span, most]) => niceStep(span, most));
      return [steps, rangeOf([5, 5], 10, false), rangeOf([3, 90], 1, true)];
    """
    steps, flat, zero = run_js(
        'import { niceStep, rangeOf } from "chart.js";',
        body,
        [[100, 4], [0.9, 4], [7, 4], [30, 3]],
    )
    assert steps == pytest.approx([50, 0.5, 2, 10])
    assert flat == [0, 10] and zero[0] <= 0 and zero[1] >= 90


def test_labels_of_an_axis_differ_however_small_its_steps_are():
    body = """
      const labels = (show, low, high, per) => {
        const step = niceStep(high - low, 4);
        const told = [];
        for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
          told.push(show(value, digitsOf(step / per)));
        }
        return told;
      };
      return [
        labels(amps, -1000, 1000, 1000), labels(amps, 0, 90000, 1000),
        labels(volts, 3328, 3348, 1000), labels(percent, 0, 1000, 10),
      ];
    """
    told = run_js(
        'import { niceStep } from "chart.js";\nimport { amps, digitsOf, percent, volts } from "format.js";',
        body,
        None,
    )
    assert all(len(set(labels)) == len(labels) > 1 for labels in told), told
    assert told[0] == ["−1.0 A", "−0.5 A", "0.0 A", "0.5 A", "1.0 A"]
    assert told[2] == ["3.330 V", "3.335 V", "3.340 V", "3.345 V"]
    assert told[3] == ["0 %", "50 %", "100 %"]


def test_the_service_worker_knows_every_file_of_the_page_and_no_other():
    listed = re.findall(r'^  "(.+)",$', (PAGE / "sw.js").read_text(), re.M)
    files = {p.relative_to(PAGE).as_posix() for p in PAGE.rglob("*") if p.is_file()}
    served = files - {"sw.js", "package.json"}
    assert set(listed) == served | {"./"} and len(listed) == len(set(listed))


def test_the_page_names_no_other_server():
    """Nothing to fetch from elsewhere, nothing to send there."""
    for path in PAGE.rglob("*"):
        if path.suffix in (".html", ".js", ".css", ".webmanifest"):
            addresses = set(re.findall(r"https?://[^\s\"'`)]+", path.read_text()))
            assert not addresses, path
    html = (PAGE / "index.html").read_text()
    assert not re.search(r"\son\w+=|<script(?![^>]*src=)|style=", html), "inline code"
