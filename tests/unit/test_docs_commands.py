"""The commands that the documents say can be pasted are commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests import aws_cli
from tests.documents import DOCS, blocks, pages, read, without_blocks
from tests.shell import OUTPUT, Command, commands
from tests.template.deployed import resources, template
from vpce.app import cli

# A command of ours that stands within a sentence, also in what an alarm says.
_INLINE = re.compile(r"`vpce ([^`]+)`")
PASTED = [
    (page.name, words) for page in pages() for block in blocks(page, "console") for words in commands(block)
]
# The two functions of the runbook, which have a name of something in the template as their first word.
CHANGE, NAMED = "change", "named"


def all_of(program: str) -> list[Command]:
    """What is pasted of a program, each once."""
    return list(dict.fromkeys(words[1:] for _, words in PASTED if words[0] == program))


@pytest.mark.parametrize("words", all_of("aws"), ids=" ".join)
def test_a_command_of_aws_is_an_operation_with_its_parameters(words: Command) -> None:
    aws_cli.check(words)


def named_of_vpce() -> list[Command]:
    """The commands of `vpce` that are pasted, or named in a sentence."""
    texts = [re.sub(r"\s+", " ", without_blocks(read(page))) for page in pages()]
    texts += [each["AlarmDescription"] for each in resources("AWS::CloudWatch::Alarm").values()]
    named = [tuple(words.split()) for text in texts for words in _INLINE.findall(text)]
    return list(dict.fromkeys([*all_of("vpce"), *(words for words in named if len(words) > 1)]))


@pytest.mark.parametrize("words", named_of_vpce(), ids=" ".join)
def test_a_command_of_vpce_is_one_that_it_takes(
    words: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for word in ("FILE", "profiles.toml"):
        Path(word).touch()
    _parse(cli, words)


def _parse(command: click.Command, words: Command) -> None:
    """Read the words as click does, without running anything."""
    while isinstance(command, click.Group):
        assert words, f"{command.name} wants a command"
        assert words[0] in command.commands, f"{command.name} has no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    command.make_context(command.name, list(words))


def test_every_command_of_vpce_is_in_the_runbook() -> None:
    assert {words[0] for words in named_of_vpce()} == set(cli.commands)


@pytest.mark.parametrize("words", all_of(CHANGE), ids=" ".join)
def test_what_the_runbook_changes_is_a_parameter_and_takes_the_value(words: Command) -> None:
    name, value = words
    parameter = template()["Parameters"][name]
    assert value in [str(each) for each in parameter.get("AllowedValues", [value])]
    assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value)
    assert parameter["Type"] != "Number" or float(value) >= parameter.get("MinValue", 0)


@pytest.mark.parametrize("words", all_of(NAMED), ids=" ".join)
def test_what_the_runbook_names_is_a_resource_of_the_stack(words: Command) -> None:
    assert words[0] in template()["Resources"] or words[0] == "$queue"


def test_what_the_runbook_loops_over_are_resources_of_the_stack() -> None:
    loops = all_of("for")
    assert loops
    for variable, _, *names in loops:
        assert variable == "queue"
        assert set(names) <= set(template()["Resources"])


def test_the_runbooks_commands_are_read_at_all() -> None:
    text = (DOCS / "operating.md").read_text(encoding="utf-8")
    pasted = list(_first_words("operating.md"))
    assert pasted.count("aws") == len(re.findall(r"\baws [a-z0-9-]+ [a-z-]+ ", "\n".join(_consoles(text))))
    assert pasted.count("vpce") == len(re.findall(r"^ *\$ vpce ", text, flags=re.MULTILINE))


def _first_words(page: str) -> Iterator[str]:
    return (words[0] for name, words in PASTED if name == page)


def _consoles(text: str) -> list[str]:
    return re.findall(r"```console\n(.*?)```", text.replace("\\\n", " "), flags=re.DOTALL)


# ---- the test's own reading of a shell and of AWS's command line


def test_a_shell_is_read_with_quotes_loops_functions_and_commands_within() -> None:
    block = (
        '$ f() { aws a b --x "$1" \\\n    $(aws c d --q "join(\'\', [])"); }  # says what\noutput\n'
        '$ for q in A B; do aws e f "$(g $q)" | sort; done\n'
    )
    assert list(commands(block)) == [
        ("f()",),
        ("aws", "c", "d", "--q", "join('', [])"),
        ("aws", "a", "b", "--x", "$1", OUTPUT),
        ("for", "q", "in", "A", "B"),
        ("g", "$q"),
        ("aws", "e", "f", OUTPUT),
        ("sort",),
        ("done",),
    ]


@pytest.mark.parametrize(
    ("pasted", "wrong"),
    [
        ("sqs redrive", "no operation"),
        ("sqs purge-queue", "QueueUrl"),
        ("sqs purge-queue --queue-url X --force", "no option"),
        ("sqs purge-queue X --queue-url Y", "what are"),
        ("dynamodb wait table-gone --table-name X", "no waiter"),
        ("dynamodb wait table-exists", "TableName"),
        ("ec2 create-tags --resources vpc-1 --tags Key=a,Worth=b", "Worth"),
        ("lambda invoke --function-name X --invocation-type Later /dev/null", "none of"),
    ],
)
def test_what_is_no_command_of_aws_is_found_out(pasted: str, wrong: str) -> None:
    with pytest.raises(AssertionError, match=wrong):
        aws_cli.check(pasted.split())
