import ast

from tests.house.tree import PACKAGES, modules, parsed, read

Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_no_module_is_longer_than_300_lines():
    lengths = {str(file): len(read(file).splitlines()) for file in modules(*PACKAGES)}

    assert {file: length for file, length in lengths.items() if length > 300} == {}


def test_no_module_of_the_tests_is_longer_than_400_lines():
    lengths = {str(file): len(read(file).splitlines()) for file in modules("tests")}

    assert {file: length for file, length in lengths.items() if length > 400} == {}


def test_no_function_is_longer_than_40_lines_without_its_docstring():
    lengths = {
        f"{file}:{function.name}": _length(function)
        for file in modules(*PACKAGES)
        for function in ast.walk(parsed(file))
        if isinstance(function, Function)
    }

    assert {name: length for name, length in lengths.items() if length > 40} == {}


def _length(function: Function) -> int:
    last = function.end_lineno or function.lineno
    return last - function.lineno + 1 - _docstring_length(function)


def _docstring_length(function: Function) -> int:
    if ast.get_docstring(function) is None:
        return 0
    docstring = function.body[0]
    return (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
