from scopesift_files.counted import counted


def test_one_is_singular_and_everything_else_is_not():
    assert [counted(n, "row") for n in (0, 1, 2, 1234)] == ["0 rows", "1 row", "2 rows", "1,234 rows"]
