"""What the terminal is told while the demo is set up."""

import io

from hearth.demo.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_step_is_one_line_in_a_log_file() -> None:
    out = io.StringIO()
    progress = Progress(out)

    with progress.step("Sample data") as step:
        step.advance(1, 60)

    [line] = out.getvalue().splitlines()
    assert "Sample data" in line
    assert line.endswith(" s")


def test_a_long_step_grows_a_bar_in_its_line_on_a_terminal() -> None:
    out = Terminal()
    progress = Progress(out)

    with progress.step("Sample data") as step:
        step.began = step.shown_at = float("-inf")
        step.advance(30, 60)

    assert "████████████░░░░░░░░░░░░ 30/60" in out.getvalue()
    assert out.getvalue().count("\n") == 1


def test_a_message_in_the_middle_of_a_step_has_a_line_of_its_own() -> None:
    out = Terminal()
    progress = Progress(out)

    with progress.step("Web pages"):
        progress.say("Worker for mail ended unexpectedly")

    lines = out.getvalue().splitlines()
    assert "Worker for mail ended unexpectedly" in lines
