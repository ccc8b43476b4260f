"""Files that are ours say nothing of the machine or the mirror they were made with."""

import re

from tests.house.tree import ROOT, files

# Put together from parts, or this file would be the first offender.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("debian", "org"),
        ("crates", "io"),
    )
]
MACHINE_PATH = re.compile(r"(?<![\w.:/*-])/(?:root|work|home|Users)/[\w.]")


def test_no_file_names_a_package_registry():
    found = {
        str(file): hosts
        for file, text in _texts()
        if (hosts := [host for host in REGISTRY_HOSTS if host in text])
    }

    assert found == {}


def test_no_file_names_a_folder_of_somebody_s_machine():
    found = {str(file): paths for file, text in _texts() if (paths := MACHINE_PATH.findall(text))}

    assert found == {}


def _texts():
    for file in files():
        content = (ROOT / file).read_bytes()
        if b"\0" not in content:
            yield file, content.decode()
