import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT


def test_imports_only_go_down():
    command = Path(sys.executable).with_name("lint-imports")

    outcome = subprocess.run(
        [command], cwd=ROOT, check=False, capture_output=True, text=True, timeout=120
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
