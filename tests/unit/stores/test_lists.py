"""Lists of addresses: formats, mistakes, and files that change."""

from __future__ import annotations

import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from stores.list_files import ListError, read
from stores.lists import Lists

TRON = "TQ5nWcbAbKz8yD7rmYp2LkfVt4sHgE9uXa"
ETH = "0x8589427373D6D84E98730D7795D8f6f8731FDA16"
BTC = "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"

ADVANCED = f"""<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/ADVANCED_XML">
  <ReferenceValueSets>
    <FeatureTypeValues>
      <FeatureType ID="8" FeatureTypeGroupID="1">Birthdate</FeatureType>
      <FeatureType ID="344" FeatureTypeGroupID="1">Digital Currency Address - XBT</FeatureType>
      <FeatureType ID="345" FeatureTypeGroupID="1">Digital Currency Address - ETH</FeatureType>
    </FeatureTypeValues>
  </ReferenceValueSets>
  <DistinctParties>
    <DistinctParty FixedRef="1"><Comment />
      <Profile ID="1" PartySubTypeID="4">
        <Feature ID="10" FeatureTypeID="8">
          <FeatureVersion ID="1" ReliabilityID="1"><VersionDetail DetailTypeID="1">1970</VersionDetail></FeatureVersion>
        </Feature>
        <Feature ID="11" FeatureTypeID="344">
          <FeatureVersion ID="2" ReliabilityID="1560">
            <Comment />
            <VersionDetail DetailTypeID="1432">{BTC}</VersionDetail>
          </FeatureVersion>
          <IdentityReference IdentityID="1" IdentityFeatureLinkTypeID="1" />
        </Feature>
        <Feature ID="12" FeatureTypeID="345">
          <FeatureVersion ID="3" ReliabilityID="1560">
            <VersionDetail DetailTypeID="1432"> {ETH}
            </VersionDetail>
          </FeatureVersion>
        </Feature>
      </Profile>
    </DistinctParty>
  </DistinctParties>
</Sanctions>
"""
PLAIN = f"""<sdnList xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML"><sdnEntry><uid>1</uid><idList>
<id><uid>2</uid><idType>Passport</idType><idNumber>A1</idNumber></id>
<id><uid>3</uid><idType>Digital Currency Address - XBT</idType><idNumber>{BTC}</idNumber></id>
</idList></sdnEntry></sdnList>"""


def put(folder: Path, name: str, text: str | bytes) -> Path:
    """Writes a file as a person should: beside, then renamed."""
    part = folder / f".{name}.part"
    part.write_bytes(text if isinstance(text, bytes) else text.encode())
    part.replace(folder / name)
    return folder / name


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", f"\ufeff# scams\n\n{TRON}\n  {ETH}  # a phisher's\r\n", {TRON, ETH.lower()}),
        ("a.csv", f"name,Address,since\nEve,{ETH},2026\n\nMallory,{BTC},\n", {ETH.lower(), BTC}),
        ("a.csv", f'address;note\n"{TRON}";"one; two"\n', {TRON}),
        ("a.csv", f"address\n{TRON}\n", {TRON}),
        ("a.xml", ADVANCED, {BTC, ETH.lower()}),
        ("a.xml", PLAIN, {BTC}),
    ],
    ids=["one a line", "csv", "semicolons", "one column", "OFAC advanced", "OFAC plain"],
)
def test_each_format_is_read(tmp_path: Path, name: str, text: str, expected: set[str]) -> None:
    """Addresses in their one spelling, and nothing else."""
    assert read(put(tmp_path, name, text)) == expected


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.txt", f"{TRON}\nnot an address\n", "a.txt:2: expected one address, not 'not an address'"),
        ("a.txt", f"{TRON}\n{'x' * 500}\n", "a.txt:2: expected one address"),
        ("a.txt", "# nothing\n", "a.txt: holds no address"),
        ("a.txt", b"\xff\xfe\x00", "a.txt: not UTF-8"),
        ("a.csv", f"name,wallet\nEve,{TRON}\n", "a.csv:1: expected a header with a column `address`"),
        ("a.csv", f"name,address\nEve,{TRON}\nMallory\n", "a.csv:3: expected 2 columns, found 1"),
        ("a.csv", f'name,address\nEve,{TRON}\n"Mallory', "a.csv:3: "),
        ("a.xml", ADVANCED[:900], "a.xml:"),
        ("a.xml", "<a><b></a>", "a.xml:1: not XML: mismatched tag"),
        ("a.xml", "<sdnList></sdnList>", "a.xml: not OFAC's SDN list"),
        ("a.xml", f'<!DOCTYPE x [<!ENTITY e "{"e" * 40}">]>\n<x>&e;</x>', "a.xml:1: declares a document type or an entity"),
        ("a.xml", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "a.xml:1: declares a document type or an entity"),
    ],
)
def test_a_mistake_is_said_with_its_place(tmp_path: Path, name: str, text: str | bytes, words: str) -> None:
    """File, line, what was expected; entities that expand are refused before they are used."""
    with pytest.raises(ListError) as error:
        read(put(tmp_path, name, text))

    assert words in str(error.value)


def test_an_address_is_looked_up_by_the_name_of_its_list(tmp_path: Path) -> None:
    """Files of other kinds and hidden ones are left alone."""
    put(tmp_path, "ofac-sdn.xml", ADVANCED)
    put(tmp_path, "scams.txt", f"{TRON}\n{BTC}\n")
    put(tmp_path, "README.md", "not an address")
    put(tmp_path, ".hidden.txt", "not an address")
    lists = Lists(tmp_path)

    assert lists.refresh() == []
    assert [lists.listed(a) for a in (BTC, ETH.lower(), TRON, "TOther")] == ["ofac-sdn", "ofac-sdn", "scams", ""]


def test_what_a_file_said_before_stays_while_it_has_a_mistake(tmp_path: Path) -> None:
    """Said once; mended, it counts again; deleted, it is gone."""
    lists = Lists(tmp_path)
    put(tmp_path, "scams.txt", f"{TRON}\n")
    assert lists.refresh() == []
    put(tmp_path, "scams.txt", f"{BTC}\ntwo words\n")
    assert lists.refresh() == ["scams.txt:2: expected one address, not 'two words'"]
    assert (lists.listed(TRON), lists.listed(BTC)) == ("scams", "")
    assert lists.refresh() == []
    put(tmp_path, "scams.txt", f"{BTC}\n")
    assert lists.refresh() == []
    assert (lists.listed(TRON), lists.listed(BTC)) == ("", "scams")
    (tmp_path / "scams.txt").unlink()
    assert lists.refresh() == []
    assert lists.lists == ()


def test_two_files_of_one_name_are_said(tmp_path: Path) -> None:
    """The first by name counts."""
    put(tmp_path, "scams.csv", f"address\n{BTC}\n")
    put(tmp_path, "scams.txt", f"{TRON}\n")
    lists = Lists(tmp_path)

    assert lists.refresh() == ["scams.txt: a list scams is in scams.csv already"]
    assert lists.listed(BTC) == "scams"


@pytest.mark.parametrize("folder", [None, "missing"])
def test_without_a_folder_nothing_is_listed(tmp_path: Path, folder: str | None) -> None:
    """None configured, or none there."""
    lists = Lists(tmp_path / folder if folder else None)

    assert lists.refresh() == []
    assert lists.listed(TRON) == ""


@pytest.mark.slow
def test_a_change_is_taken_while_it_runs(tmp_path: Path) -> None:
    """A new file, then a broken one, then the mended one: what is in effect follows, the mistake is told."""
    lists, stop, told = Lists(tmp_path), threading.Event(), list[str]()
    changes = lists.changes(stop, told.append)
    put(tmp_path, "scams.txt", f"{TRON}\n")
    assert [one.name for one in next(changes)] == ["scams"]

    put(tmp_path, "scams.txt", "two words\n")
    put(tmp_path, "ofac.xml", ADVANCED)

    assert [one.name for one in next(changes)] == ["ofac", "scams"]
    assert told == ["scams.txt:1: expected one address, not 'two words'"]
    assert lists.listed(TRON) == "scams"
    stop.set()
    assert list(changes) == []


def test_where_nothing_can_be_watched_the_folder_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system gives out only so many watches."""

    def none_left(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("stores.lists.watch", none_left)
    monkeypatch.setattr("stores.lists._LOOK", 0.01)
    lists, stop = Lists(tmp_path), threading.Event()
    put(tmp_path, "scams.txt", f"{TRON}\n")
    changes = lists.changes(stop, print)
    assert len(next(changes)) == 1
    put(tmp_path, "ofac.xml", ADVANCED)

    assert [one.name for one in next(changes)] == ["ofac", "scams"]


@pytest.mark.slow
def test_a_large_file_costs_the_memory_of_its_addresses(tmp_path: Path) -> None:
    """Eight megabytes of parties without addresses: a fraction of that is ever held."""
    features = '<Feature FeatureTypeID="8"><VersionDetail>1970</VersionDetail></Feature>' * 20
    party = f"<DistinctParty><Profile>{features}</Profile></DistinctParty>\n"
    head, tail = ADVANCED.split("  <DistinctParties>\n")
    path = put(tmp_path, "a.xml", head + "<DistinctParties>\n" + party * (8_000_000 // len(party)) + tail)
    tracemalloc.start()
    try:
        assert read(path) == {BTC, ETH.lower()}
        assert tracemalloc.get_traced_memory()[1] < os.path.getsize(path) / 2
    finally:
        tracemalloc.stop()
