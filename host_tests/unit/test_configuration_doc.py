"""docs/configuration.md is what the field table says."""

from bms.fields import FIELDS
from checks import configuration


def test_the_document_is_as_the_table_is_now():
    written = configuration.DOC.read_text(encoding="utf-8")
    assert written == configuration.text(), "run `make defaults`"


def test_every_field_is_in_it_once():
    names = [name for _, names in configuration.headings() for name in names]
    assert names == [row[0] for row in FIELDS]
