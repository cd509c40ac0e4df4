"""Challenge and answer: who has the key gets in, who has not learns nothing and waits ever longer."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import KeyLock, Session, hmac_sha256, same

KEY = bytes(range(16))
NONCE = b"87654321"


def fixed(n):
    return bytes([7] * n)


def tag(key, purpose, nonce, body=b""):
    return hmac.new(key, purpose + nonce + body, hashlib.sha256).digest()[:16]


def unlocked():
    lock = KeyLock(KEY)
    session = Session(lock, fixed)
    nonce = session.challenge(NONCE) + NONCE
    assert session.prove(tag(KEY, b"cellwarden unlock", nonce))
    return lock, session, nonce


@pytest.mark.parametrize(
    "key, data, digest",
    [
        # RFC 4231, cases 1 to 3
        (
            b"\x0b" * 20,
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            b"\xaa" * 20,
            b"\xdd" * 50,
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
    ],
)
def test_the_published_vectors(key, data, digest):
    assert hmac_sha256(key, data).hex() == digest


@given(st.binary(max_size=64), st.binary(max_size=300))
def test_it_is_the_standard_librarys_hmac(key, data):
    assert hmac_sha256(key, data) == hmac.new(key, data, hashlib.sha256).digest()


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_same_is_equality(a, b):
    assert same(a, b) == (a == b) and same(a, a)


def test_a_comparison_looks_at_every_byte_wherever_the_first_differs():
    class Counting:
        def __init__(self, data):
            self.data, self.reads = data, 0

        def __len__(self):
            return len(self.data)

        def __getitem__(self, i):
            self.reads += 1
            return self.data[i]

    for at in (0, 7, 15):
        wrong = Counting(bytes([1 if i == at else 0 for i in range(16)]))
        assert not same(bytes(16), wrong) and wrong.reads == 16


def test_the_right_proof_opens_and_is_answered_with_the_devices_own():
    _, session, nonce = unlocked()
    assert session.open and session.proof() == tag(KEY, b"cellwarden pack", nonce)


def test_a_proof_of_another_session_is_worth_nothing():
    counter = iter(range(9))
    session = Session(KeyLock(KEY), lambda n: bytes([next(counter)] * n))
    proof = tag(KEY, b"cellwarden unlock", session.challenge(NONCE) + NONCE)
    session.challenge(NONCE)
    assert not session.prove(proof)


def test_a_challenge_is_good_for_one_try_and_not_for_long():
    lock = KeyLock(KEY)
    session = Session(lock, fixed)
    nonce = session.challenge(NONCE) + NONCE
    assert not session.prove(bytes(16))
    lock.advance(10000)
    assert not session.prove(tag(KEY, b"cellwarden unlock", nonce))
    session.challenge(NONCE)
    session.advance(30000)
    assert not session.prove(tag(KEY, b"cellwarden unlock", nonce))


def test_without_a_key_nobody_gets_in():
    session = Session(KeyLock(None), fixed)
    assert session.challenge(NONCE) == b"" and not session.prove(bytes(16)) and not session.open


@pytest.mark.parametrize("nonce", [b"", b"1234567", b"123456789"])
def test_a_nonce_of_another_length_is_none(nonce):
    assert Session(KeyLock(KEY), fixed).challenge(nonce) == b""


def test_every_failure_doubles_the_wait_of_everybody_up_to_four_minutes():
    lock = KeyLock(KEY)
    waits = []
    for _ in range(12):
        session = Session(lock, fixed)
        assert session.challenge(NONCE)
        assert not session.prove(bytes(16))
        assert Session(lock, fixed).challenge(NONCE) == b""
        waits.append(lock.wait_ms)
        lock.advance(lock.wait_ms)
    assert waits == [1000 << min(i, 8) for i in range(12)]
    _, session, _ = unlocked()
    nonce = session.challenge(NONCE)
    assert nonce


def test_a_challenge_drawn_before_somebody_elses_failure_cannot_be_answered_meanwhile():
    lock = KeyLock(KEY)
    mine, theirs = Session(lock, fixed), Session(lock, fixed)
    nonce = mine.challenge(NONCE) + NONCE
    theirs.challenge(NONCE)
    theirs.prove(bytes(16))
    assert not mine.prove(tag(KEY, b"cellwarden unlock", nonce)) and lock.wait_ms == 1000


def test_success_and_the_button_forget_the_failures():
    lock = KeyLock(KEY)
    lock.fail()
    lock.fail()
    lock.forgive()
    assert lock.wait_ms == lock.failures == 0


def test_a_command_is_accepted_once_and_in_order():
    _, session, nonce = unlocked()
    body = b"\1\0\0\0do"
    proof = tag(KEY, b"cellwarden do", nonce, body)
    assert session.accept(1, body, proof)
    assert not session.accept(1, body, proof) and session.open
    later = b"\5\0\0\0do"
    assert session.accept(5, later, tag(KEY, b"cellwarden do", nonce, later))
    assert session.is_old(4) and not session.is_old(6)


def test_a_wrong_command_ends_the_session_and_counts_as_a_failure():
    lock, session, nonce = unlocked()
    assert not session.accept(1, b"\1\0\0\0do", tag(KEY, b"cellwarden do", nonce, b"\1\0\0\0no"))
    assert not session.open and lock.failures == 1
    assert not session.accept(1, b"\1\0\0\0do", tag(KEY, b"cellwarden do", nonce, b"\1\0\0\0do"))


def test_a_session_ends_when_nobody_uses_it():
    _, session, _ = unlocked()
    session.advance(599999)
    assert session.open
    session.advance(1)
    assert not session.open


def test_a_proof_for_one_purpose_does_not_serve_another():
    lock = KeyLock(KEY)
    session = Session(lock, fixed)
    nonce = session.challenge(NONCE) + NONCE
    assert not session.prove(tag(KEY, b"cellwarden pack", nonce))
    _, session, nonce = unlocked()
    assert not session.accept(1, b"", tag(KEY, b"cellwarden unlock", nonce))
