"""The README is true: its Python runs, its theorem holds, its numbers and links exist."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_example_with_a_mixture_runs(tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(BLOCKS[0], encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert "tensor" in ran.stdout


def test_the_theorem_in_one_file_holds_and_its_twin_is_rejected(tmp_path: Path) -> None:
    name = re.search(r"`proofs_check/(\w+)/(\w+)\.py`:", README)
    assert name is not None
    folder = tmp_path / "proofs_check" / name[1]
    folder.mkdir(parents=True)
    (tmp_path / "proofs_check" / "__init__.py").touch()
    shutil.copy(ROOT / "proofs_check" / name[1] / "__init__.py", folder)
    (folder / f"{name[2]}.py").write_text(BLOCKS[1], encoding="utf-8")
    claims, report = tmp_path / "proofs_check", tmp_path / "report"
    command = [sys.executable, "-m", "theorylab", "verify", f"{name[1]}/{name[2]}"]
    command += ["--from", str(claims), "--report", str(report)]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ledger = (report / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    verdicts = [json.loads(line)["verdict"] for line in ledger]
    assert verdicts == ["HOLDS"] * 4 + ["REJECTED"]


def test_every_link_into_the_project_exists() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    missing = [target for target in targets if not (ROOT / target).exists()]
    assert not missing
