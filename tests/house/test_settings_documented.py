from tests.house.settings_table import PAGE, placed, rows


def test_the_settings_table_says_what_the_code_says():
    page = PAGE.read_text(encoding="utf-8")

    assert page == placed(page), "stale: run `make docs`"


def test_every_setting_is_described():
    assert [row.name for row in rows() if not row.description.endswith(".")] == []
