"""A new vendor costs two files and no edit: the guide's two, in a copy of the project."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("connectors", "tests/connectors", "tests/support")
GUIDE = (ROOT / "connectors/GUIDE.md").read_text("utf-8")
VENDOR = re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[1]
TEST = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1]


async def test_a_new_vendor_costs_two_files_and_keeps_every_promise(tmp_path):
    for folder in COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("pyproject.toml", "tests/__init__.py"):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "connectors/vendors/acme.yaml").write_text(VENDOR, encoding="utf-8")
    (tmp_path / "tests/connectors/test_acme.py").write_text(TEST, encoding="utf-8")

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "acme"),
        "tests/connectors/test_conformance.py",
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()

    told = output.decode()
    assert process.returncode == 0, told[-3000:]
    assert " passed, " in told
    assert "failed" not in told
