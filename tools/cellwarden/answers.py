"""What a board's status means, in words that say what to do."""

from btlink import native

STATUS_REFUSED, NO_OBJECT = 8, 9
WORDS = {
    native.BAD_FORM: "the board does not understand: is its firmware older than this program?",
    native.CLOSED: "this needs the key: --key or CELLWARDEN_KEY; say which file has it",
    native.NO_KEY: "the board has no key yet: `cellwarden unlock --new-key FILE` gives it one",
    native.WRONG: "that is not the board's key",
    native.OLD: "the command was taken already",
    native.UNKNOWN: "the board does not know this: its firmware is older than this program",
    NO_OBJECT: "the board has no such thing",
}
