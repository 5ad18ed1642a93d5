"""What a benchmark printed goes into its own section; a person's words stay."""

from benchmarks.record import RECORDED, with_section

RESULTS = f"""# Results

Every figure is of one run.

## first.py

Read with care.

{RECORDED}

| old |

## second.py

Not recorded yet.
"""


def test_recorded_part_is_replaced_and_the_words_stay() -> None:
    text = with_section(RESULTS, "first.py", "| new |")
    assert "| old |" not in text
    assert f"Read with care.\n\n{RECORDED}\n\n| new |\n\n## second.py" in text


def test_first_record_keeps_what_stood_there() -> None:
    assert with_section(RESULTS, "second.py", "| one |").endswith(f"Not recorded yet.\n\n{RECORDED}\n\n| one |\n")


def test_unknown_section_is_added_at_the_end() -> None:
    text = with_section(RESULTS, "third.py", "| three |")
    assert text.endswith(f"## third.py\n\n{RECORDED}\n\n| three |\n")
    assert text.startswith(RESULTS.rstrip())


def test_recording_twice_gives_the_same_text() -> None:
    once = with_section(RESULTS, "first.py", "| new |")
    assert with_section(once, "first.py", "| new |") == once
