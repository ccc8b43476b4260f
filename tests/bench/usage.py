"""What a process has used, as Linux counts it under /proc."""

import os
from pathlib import Path

_PROC = Path("/proc")


def is_counted_here() -> bool:
    """Whether this machine tells what a process has used."""
    return (_PROC / "self" / "stat").exists()


def cpu_s(pid: int) -> float:
    """Seconds of CPU time that all threads of a process have used, in user and kernel mode.

    Counted in nanoseconds where the kernel keeps that, else in ticks of about 10 ms.
    """
    tasks = [*(_PROC / str(pid) / "task").iterdir()]
    try:
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except (FileNotFoundError, IndexError):
        # Behind the name, which may hold spaces: the 12th and 13th field are the ticks.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    """The most memory a process has held at once, in MB of 1,000,000 bytes."""
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError("the kernel tells no peak of memory")
