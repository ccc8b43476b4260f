from tests.house.tree import PACKAGES, files, modules, read

# Names that say "container" where a file should be named for what it holds.
SAYS_NOTHING = {
    *("util", "utils", "helper", "helpers", "common", "misc"),
    *("service", "services", "manager", "managers"),
}


def test_every_module_and_folder_is_named_for_what_it_holds():
    assert [str(file) for file in files() if SAYS_NOTHING & {*file.parts, file.stem}] == []


def test_every_package_file_is_empty():
    packages = [file for file in modules(*PACKAGES, "tests") if file.name == "__init__.py"]

    assert [str(file) for file in packages if read(file)] == []
