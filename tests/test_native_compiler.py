"""The cache of the compiled loops: its names, its place, and how a library comes into it."""

import os
from pathlib import Path

import pytest

from theorylab.native import compiler, library

needs_compiler = pytest.mark.skipif(library() is None, reason="no C compiler on this machine")


@needs_compiler
def test_every_part_of_the_name_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cc = compiler._compiler()
    names = [compiler._key(cc, ())]
    for attribute, value in (("_FLAGS", ("-O0",)), ("_version", lambda _: "another compiler")):
        with monkeypatch.context() as patch:
            patch.setattr(compiler, attribute, value)
            names.append(compiler._key(cc, ()))
    for changed in ("mixture.c", "flow.h"):
        for file in compiler._HERE.glob("*.[ch]"):
            more = b" " if file.name == changed else b""
            (tmp_path / file.name).write_bytes(file.read_bytes() + more)
        with monkeypatch.context() as patch:
            patch.setattr(compiler, "_HERE", tmp_path)
            names.append(compiler._key(cc, ()))
    assert len(set(names)) == 5


def test_a_library_appears_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """While the compiler writes, nothing has the name that another process would load."""
    target, seen = tmp_path / "native.so", []

    def compile_(command: list[str], **_: object) -> object:
        out = Path(command[command.index("-o") + 1])
        seen.append((out.parent, out.name == target.name, target.exists()))
        out.write_bytes(b"all of it")
        return type("Done", (), {"returncode": 0, "stderr": ""})()

    monkeypatch.setattr(compiler.subprocess, "run", compile_)
    assert compiler._compile("cc", (), target) is None
    assert seen == [(tmp_path, False, False)]
    assert target.read_bytes() == b"all of it"
    assert list(tmp_path.iterdir()) == [target]


def test_the_cache_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("THEORYLAB_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiler.cache_folder() == tmp_path / "theorylab"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert compiler.cache_folder() == tmp_path / ".cache" / "theorylab"
    monkeypatch.setenv("THEORYLAB_CACHE", str(tmp_path / "own"))
    assert compiler.cache_folder() == tmp_path / "own"


@needs_compiler
def test_a_compiler_without_tuning_is_given_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that knows no -march=native still compiles, into a folder of its user alone."""
    plain = tmp_path / "plain"
    script = 'case "$*" in *-march=native*) echo no such option >&2; exit 1;; esac\nexec cc "$@"\n'
    plain.write_text("#!/bin/sh\n" + script)
    plain.chmod(0o700)
    monkeypatch.setenv("THEORYLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(compiler, "_FLAGS", ("-O0", *compiler._FLAGS[1:]))
    built = compiler._compiled(str(plain))
    assert built.exists()
    assert os.stat(built.parent).st_mode & 0o77 == 0
