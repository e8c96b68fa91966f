"""Run every command of the README's bash blocks, in order, in this checkout, and stop at red.

A block opened with ```bash is run line by line; `--done COMMAND` names a command that the caller
has just run itself. The programs of `.venv` are on the path, as the README tells its reader.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path


def commands(text: str) -> list[str]:
    """The lines of all bash blocks, continuation lines joined, comments dropped."""
    blocks = re.findall(r"^```bash\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    joined = "".join(blocks).replace("\\\n", " ")
    lines = [line.split("  #")[0].strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def main() -> int:
    """Run them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readme", type=Path)
    parser.add_argument("--done", action="append", default=[])
    options = parser.parse_args()
    found = commands(options.readme.read_text(encoding="utf-8"))
    unknown = set(options.done) - set(found)
    if not found or unknown:
        sys.exit(f"the README must hold the commands {sorted(unknown) or '(any)'}, got {found}")
    path = f"{Path('.venv/bin').resolve()}{os.pathsep}{os.environ.get('PATH', '')}"
    for command in found:
        if command in options.done:
            continue
        sys.stdout.write(f"$ {command}\n")
        sys.stdout.flush()
        done = subprocess.run(["bash", "-c", command], env={**os.environ, "PATH": path})
        if done.returncode != 0:
            sys.exit(f"the README's command failed with {done.returncode}: {command}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
