"""No line that a function wrote is left behind when its invocation ends, however busy the machine is."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import textwrap

import pytest

from sandbox import access, places
from sandbox.control_plane import runner
from sandbox.control_plane.runner import Pipe

# ministack's own worker, whose reading thread is so slow that 5 ms pass between two lines.
_SLOW = textwrap.dedent(
    """
    import io, json, queue, runpy, sys, time, zipfile
    from ministack.core.lambda_runtime import Worker

    class Slow(queue.Queue):
        def put(self, line):
            time.sleep(0.05)
            super().put(line)

    runner, mended = sys.argv[1:]
    if mended == "True":
        runpy.run_path(runner)["mend_logs"](Worker)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("app.py", sys.stdin.read())
    queue.Queue = Slow
    config = {"Runtime": "python3.11", "Handler": "app.handler", "FunctionArn":
              "arn:aws:lambda:eu-west-1:111122223333:function:f", "FunctionName": "f", "Timeout": 20}
    worker = Worker("f", config, code.getvalue())
    print(json.dumps([worker.invoke(event, "id")["log"].split("\\n") for event in (4, 3, "error", 1)]))
    worker.kill()
    """
)
_FUNCTION = """
def handler(event, context):
    if event == "error":
        print("about to fail")
        raise ValueError(event)
    for number in range(event):
        print(f"line {number} of {event}")
"""


def invoked(*, mended: bool) -> list[list[str]]:
    """The lines that ministack ascribes to each of four invocations."""
    done = subprocess.run(
        [places.MINISTACK_PYTHON, "-P", "-c", _SLOW, runner.__file__, str(mended)],
        input=_FUNCTION,
        capture_output=True,
        text=True,
        check=True,
        env=access.without_aws(dict(os.environ)),
    )
    lines: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return lines


def test_every_line_is_there_when_its_invocation_ends_though_the_reader_is_slow() -> None:
    assert invoked(mended=True) == [
        [f"line {number} of 4" for number in range(4)],
        [f"line {number} of 3" for number in range(3)],
        ["about to fail"],
        ["line 0 of 1"],
    ]


@pytest.mark.parametrize("ended", [False, True], ids=["it lives", "it ended"])
def test_what_a_process_wrote_is_all_passed_on_though_no_thread_reads_yet(ended: bool) -> None:
    say = (
        "print('one\\ntwo'); print('x' * 30_000); import os; os.write(2, b'half'); print(end='', flush=True)"
    )
    code = f"import sys; sys.stdout = sys.stderr; {say}; sys.__stdout__.write('.'); sys.__stdout__.flush()"
    wait = "" if ended else "; sys.stdin.read()"
    lines: queue.Queue[str] = queue.Queue()
    with subprocess.Popen(
        [sys.executable, "-c", code + wait],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1) == "."
        if ended:
            process.wait()
        Pipe(process.stderr, lines).empty()
        process.communicate()
    found = [lines.get_nowait() for _ in range(lines.qsize())]
    assert found == ["one", "two", "x" * 30_000, *(["half"] if ended else [])]
