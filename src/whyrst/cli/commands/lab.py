"""`whyrst lab`: reproduce causes with the real kernel, and check the verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from whyrst.lab.scenario import Found
    from whyrst.lab.score import Outcome

FIRST_SEED = 1


def _chosen(names: tuple[str, ...], *, every: bool) -> list[Found]:
    from difflib import get_close_matches

    from whyrst.lab.scenario import scenarios

    known = scenarios()
    if every or not names:
        return list(known.values())
    for name in names:
        if name.replace("-", "_") not in known:
            similar = get_close_matches(name.replace("-", "_"), known, n=3)
            hint = f"did you mean {', '.join(similar)}?" if similar else "see whyrst lab list"
            raise click.BadParameter(f"no scenario is named {name!r}; {hint}")
    return [known[name.replace("-", "_")] for name in names]


@click.group()
def command() -> None:
    """Reproduce causes with the real kernel and check the verdicts.

    Needs root: hosts are network namespaces of this process, gone when it ends.
    """


@command.command("list")
def list_scenarios() -> None:
    """The scenarios, with the causes that they show."""
    from whyrst.lab.scenario import scenarios

    for found in scenarios().values():
        causes = ", ".join(found.scenario.causes) or "no reset"
        click.echo(f"{found.name:28} {found.scenario.title}  ({causes})")


@command.command("run")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every scenario.")
@click.option("--seed", default=FIRST_SEED, show_default=True, help="Decides ports, sizes, timing and settings.")
@click.option("--family", type=click.Choice(["4", "6"]), help="IP version; the seed decides otherwise.")
@click.option("--keep", type=click.Path(file_okay=False), help="Keep captures and truth.json in this folder.")
def run_scenarios(*, names: tuple[str, ...], every: bool, seed: int, family: str | None, keep: str | None) -> int:
    """Run scenarios and show truth and verdict of each reset."""
    if not names and not every:
        raise click.UsageError("name a scenario, or say --all; see whyrst lab list")
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from whyrst.lab.namespace import LabError

    wrong = 0
    for found in _chosen(names, every=every):
        with TemporaryDirectory(prefix="whyrst-lab-") as temporary:
            folder = Path(keep, found.name) if keep else Path(temporary)
            try:
                wrong += _run(found, folder, seed, int(family) if family else None)
            except LabError as error:
                raise click.ClickException(f"{found.name}: {error}") from error
    return 1 if wrong else 0


def _run(found: Found, folder: Path, seed: int, family: int | None) -> int:
    """Run one scenario and print it; returns how many verdicts were wrong."""
    from whyrst.analysis import analyze
    from whyrst.lab.compared import WAYS, outcomes_of_way
    from whyrst.lab.run import run
    from whyrst.lab.score import compare, missed
    from whyrst.lab.truth import WHERE

    record = run(found, folder, seed=seed, family=family)
    click.echo(f"{found.name}: {found.scenario.title} (IPv{record.family}, seed {seed})")
    for end, names in record.errors.items():
        click.echo(f"  the {end} saw {', '.join(names)}")
    every, seen = [], []
    for where in WHERE:
        outcomes, these = compare(record, where, analyze(folder / f"{where}.pcap").verdicts)
        every += outcomes
        seen += these
        if not outcomes:
            click.echo(f"  {where:7} no resets")
    every += outcomes_of_way(record, folder, WAYS[0])
    for one in every:
        click.echo(f"  {one.where:7} frame {one.frame:<5} {_mark(one)}")
    lacking = missed(record, seen)
    for one in lacking:
        click.echo(f"  no point of capture has a verdict for a reset made as {one.cause}")
    return len(lacking) + sum(not one.right or one.origin_right is False for one in every)


def _mark(one: Outcome) -> str:
    """A verdict beside the truth, as text."""
    truth = "" if one.said == one.cause else f", made as {one.cause}"
    text = f"{'right' if one.right else 'WRONG'}  {one.said} ({one.confidence}){truth}"
    if one.origin_right is None:
        return text
    return f"{text}; {'right' if one.origin_right else 'WRONG'} origin {one.origin_said}, made at {one.origin}"


@command.command("score")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--seeds", default=1, show_default=True, help="Runs of each scenario.")
@click.option("--first", default=FIRST_SEED, show_default=True, help="First seed.")
@click.option("--jobs", default=1, show_default=True, help="Runs at the same time.")
@click.option("--compare", "ways", is_flag=True, help="Compare captures in more ways: fewer, clocks off, packets lost.")
@click.option("--trace", "live", is_flag=True, help="Trace the runs live, and score those verdicts, too.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the page here, too.")
def score_scenarios(
    *, names: tuple[str, ...], seeds: int, first: int, jobs: int, ways: bool, live: bool, output: str | None
) -> int:
    """Run scenarios and count how often the verdicts are right."""
    import os
    from pathlib import Path

    from whyrst.kernel.libbpf import BpfError
    from whyrst.lab.accuracy import page
    from whyrst.lab.compared import WAYS
    from whyrst.lab.measure import score
    from whyrst.lab.namespace import LabError

    numbers = list(range(first, first + seeds))
    try:
        outcomes = score(
            [found.name for found in _chosen(names, every=False)],
            numbers,
            ways=WAYS if ways else WAYS[:1],
            live=live,
            jobs=jobs,
            done=lambda name, seed: click.echo(f"{name} {seed}", err=True),
        )
    except (LabError, BpfError) as error:
        raise click.ClickException(str(error)) from error
    text = page(outcomes, numbers, os.uname().release)
    click.echo(text, nl=False)
    if output:
        Path(output).write_text(text, encoding="utf-8")
    return 0
