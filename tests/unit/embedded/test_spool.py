"""Where caught mails and texts lie."""

from pathlib import Path

from embedded.spool import Spool


def test_the_newest_comes_first(tmp_path: Path) -> None:
    """Ids sort by the time of writing."""
    spool = Spool(tmp_path, ".eml")
    spool.open()
    written = [spool.add(f"{n}".encode()) for n in range(20)]

    assert spool.ids() == written[::-1]


def test_another_process_reads_what_was_written(tmp_path: Path) -> None:
    """A second Spool over the same folder sees the same content."""
    writer, reader = Spool(tmp_path, ".eml"), Spool(tmp_path, ".eml")
    writer.open()
    name = writer.add("Grüße".encode())

    assert reader.get(name) == "Grüße".encode()


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    """The oldest go when a tenth more than the bound has come."""
    spool = Spool(tmp_path, ".eml", keep=20)
    spool.open()
    written = [spool.add(b"x") for _ in range(500)]

    assert len(spool.ids()) <= 22
    assert spool.ids()[0] == written[-1]


def test_half_written_files_of_a_killed_writer_are_cleared_and_never_listed(tmp_path: Path) -> None:
    """A .tmp file is not a mail, and the next start removes it."""
    (tmp_path / "0000000000000001-0000.tmp").write_bytes(b"half")
    spool = Spool(tmp_path, ".eml")

    assert spool.ids() == []
    spool.open()
    assert list(tmp_path.iterdir()) == []


def test_a_path_is_no_id(tmp_path: Path) -> None:
    """What comes from a URL can't leave the folder."""
    (tmp_path / "secret.eml").write_bytes(b"secret")
    spool = Spool(tmp_path / "inner", ".eml")
    spool.open()

    assert spool.get("../secret") is None
    assert spool.get("") is None


def test_nothing_was_ever_written(tmp_path: Path) -> None:
    """A folder that isn't there is an empty one."""
    assert Spool(tmp_path / "none", ".eml").ids() == []
