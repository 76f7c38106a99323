"""A VPC's dossier, as a person reads it: the answer first, what led to it after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from reconciler.domain.cures import NOTHING_TO_DO

from .findings import STYLES
from .render import STYLES as SIGNS
from .screen import Screen
from .words import count, duration

_CAUSES = 15
_MADE = 10
Document = Mapping[str, Any]


def tell(screen: Screen, vpc: Document, since: str) -> None:
    """Print all of it. `since` says how far back the log was read."""
    _heading(screen, vpc)
    _findings(screen, vpc)
    _plan(screen, vpc)
    _contests(screen, vpc["contests"])
    _leaving(screen, vpc["leaving"])
    _making_way(screen, vpc["making_way"])
    _wanted(screen, vpc)
    _things(screen, vpc["things"])
    _subnets(screen, vpc)
    _history(screen, vpc)
    _log(screen, vpc["log"], since)
    screen.line()


def _heading(screen: Screen, vpc: Document) -> None:
    name = f" ({vpc['name']})" if vpc["name"] else ""
    state = Text(vpc["state"], STYLES.get(vpc["state"], ""))
    age = f" for {duration(vpc['age_seconds'])}" if vpc["age_seconds"] is not None else ""
    screen.line(Text.assemble((vpc["vpc_id"], "bold"), f"{name}: ", state, age))
    if not vpc["opted_in"]:
        screen.line("  It has not opted in: nothing is made in it, and what is owned there goes.")
    elif not vpc["profile"]:
        screen.line("  It is left as it is.")
    else:
        screen.line(f"  It follows profile {vpc['profile']}, in mode {vpc['mode']}.")
    for key, value in vpc["tags"].items():
        screen.line(f"  {key} = {value}", "dim")


def _title(screen: Screen, title: str) -> None:
    screen.line()
    screen.line(title, "bold")


def _findings(screen: Screen, vpc: Document) -> None:
    _title(screen, "What is open")
    if not vpc["findings"]:
        screen.line("  nothing")
    for each in vpc["findings"]:
        status = "drifted" if each["status"] == "remediable" else str(each["status"])
        why = f" ({each['reason']})" if each["reason"] and each["reason"] != each["kind"] else ""
        screen.line(
            Text.assemble(
                "  ", (f"{status}{why}", STYLES.get(status, "")), f"  {each['kind']} on {each['resource']}"
            )
        )
        screen.line(f"      found   {each['found']}")
        screen.line(f"      wanted  {each['wanted']}")
        stands = f"{each['since']}, {duration(each['age_seconds'])} ago" if each["since"] else "not known"
        screen.line(f"      since   {stands}")
        screen.line(f"      by      {_by(each['cause'])}")
        if each["cure"] != NOTHING_TO_DO:
            screen.line(f"      to do   {each['cure']}")
        if each["detail"]:
            screen.line(f"      AWS     {each['detail']}")
    if not vpc["ledger"]:
        screen.line("  Since when and by whom is not known: the ledger cannot be read.")


def _by(cause: Document | None) -> str:
    if cause is None:
        return "not known"
    return (
        f"{cause['actor']}, {cause['event_name']} at {cause['time']} (CloudTrail event {cause['event_id']})"
    )


def _plan(screen: Screen, vpc: Document) -> None:
    _title(screen, "What the next run would do")
    if vpc["mode"] == "audit" and vpc["plan"]:
        screen.line("  Nothing: in audit mode it only reports. In mode enforce it would")
    if waits := vpc["waits_for"]:
        screen.line(
            f"  It waits for its turn to call {waits['call']}: at {waits['time']} the budget of endpoint "
            "calls had no room"
        )
    for each in vpc["plan"]:
        later = "  (in the run after this one, once its marks are back)" if each["later"] else ""
        screen.line(Text.assemble("  ", (each["sign"], SIGNS[each["sign"]]), f" {each['text']}{later}"))
    if not vpc["plan"]:
        screen.line("  nothing")


def _contests(screen: Screen, contests: Iterable[Document]) -> None:
    contests = list(contests)
    if contests:
        _title(
            screen,
            "What is fought about"
            if any(each["is_open"] for each in contests)
            else "What was fought about, and holds now",
        )
    for each in contests:
        against = f"against {each['opponent']}" if each["opponent"] else "against someone who is not known"
        if not each["is_open"]:
            screen.line(
                f"  {each['kind']} on {each['resource']}, {against}: remediated "
                f"{count(each['remediated'], 'time')}, and it holds now"
            )
            continue
        left = (
            f"left alone until {each['until']}" if each["is_paused"] else f"tried again since {each['until']}"
        )
        screen.line(
            f"  {each['kind']} on {each['resource']}, {against}: remediated "
            f"{count(each['remediated'], 'time')}, given up {count(each['given_up'], 'time')}, {left}"
        )


def _leaving(screen: Screen, leaving: Iterable[Document]) -> None:
    leaving = list(leaving)
    if leaving:
        _title(screen, "What is leaving")
    for each in leaving:
        since = f", since {each['since']}" if each["since"] else ""
        screen.line(f"  {each['id']} goes at {each['at'] or 'a time that is not set yet'}{since}")


def _making_way(screen: Screen, way: Document | None) -> None:
    if way is None:
        return
    _title(screen, "What makes way for a deletion")
    if way["asked_by"]:
        screen.line(f"  asked for by {_by(way['asked_by'])}, which EC2 refused")
    if way["vpc"]:
        screen.line("  the whole VPC is let go")
    for what in ("subnets", "endpoints", "groups"):
        if way[what]:
            screen.line(f"  {what}: {', '.join(way[what])}")
    for each in way["stays"]:
        screen.line(f"  stays: {each}")
    for resource, until in way["released_until"].items():
        screen.line(f"  {resource} is left alone until {until}")


def _wanted(screen: Screen, vpc: Document) -> None:
    if not vpc["endpoints_wanted"]:
        return
    _title(screen, f"What profile {vpc['profile']} asks for")
    for each in vpc["endpoints_wanted"]:
        notes = []
        if not each["required"]:
            notes.append(f"not wanted here now ({each['when']})")
        if not each["offered"]:
            notes.append("not offered in this Region" + (", optional" if each["optional"] else ""))
        there = ", ".join(each["endpoints"]) or "no endpoint"
        screen.line(f"  {each['service']} ({each['type']}): {there}{''.join(f'; {note}' for note in notes)}")
    dns = vpc["dns"]
    said = [f"{what} {'on' if dns[what] else 'off'}" for what in ("support", "hostnames")]
    said.append(f"name servers {', '.join(dns['name_servers']) or 'none named'}")
    screen.line(f"  DNS: {', '.join(said)}")


def _things(screen: Screen, things: list[Document]) -> None:
    _title(screen, "What is there, and whose")
    if not things:
        screen.line("  no endpoint, and no security group of ours")
        return
    table = _table("id", "what", "for", "whose", "state", "where")
    for each in things:
        where = ", ".join((*each.get("subnets", ()), *each.get("route_tables", ())))
        if each.get("groups"):
            where += f" behind {', '.join(each['groups'])}"
        if "lets_in" in each:
            where = f"lets in {', '.join(each['lets_in']) or 'nobody'}"
        kept = f"; kept by {each['kept_by']}" if each["kept_by"] else ""
        table.add_row(
            each["id"], each["what"], each["for"], each["whose"], each.get("state", ""), f"{where}{kept}"
        )
    screen.show(table)


def _subnets(screen: Screen, vpc: Document) -> None:
    gateways = ", ".join(vpc["internet_gateways"]) or "none"
    _title(screen, f"Subnets (internet gateway: {gateways})")
    table = _table("subnet", "zone", "id of the zone", "block", "private", "free", "")
    for each in vpc["subnets"]:
        table.add_row(
            each["subnet_id"],
            each["zone"],
            each["zone_id"],
            each["cidr"],
            "private" if each["private"] else "public",
            str(each["free_addresses"]),
            "let go" if each["released"] else "",
        )
    screen.show(table)


def _history(screen: Screen, vpc: Document) -> None:
    _title(screen, "Who did what")
    if not vpc["causes"]:
        screen.line("  nothing that the ledger knows of")
    for each in vpc["causes"][:_CAUSES]:
        named = f" on {', '.join(each['resources'][:3])}{' …' if len(each['resources']) > 3 else ''}"
        refused = ", which EC2 refused" if each["refused"] else ""
        screen.line(
            f"  {each['time']}  {each['event_name']} by {each['actor']}"
            f"{named if each['resources'] else ''}{refused}  ({each['event_id']})"
        )
    _more(screen, len(vpc["causes"]) - _CAUSES)
    if vpc["made"]:
        _title(screen, "What the remediator made")
    for each in vpc["made"][:_MADE]:
        there = "" if each["is_there"] else ("  (gone)" if each["id"] else "  (the answer is not known yet)")
        screen.line(f"  {each['time'] or 'before the ledger'}  {each['id'] or '?'}  {each['purpose']}{there}")
    _more(screen, len(vpc["made"]) - _MADE)
    if vpc["claimed"]:
        screen.line(f"  claimed by a person: {', '.join(vpc['claimed'])}")


def _more(screen: Screen, left: int) -> None:
    if left > 0:
        screen.line(f"  … and {left} more: --json has all", "dim")


def _log(screen: Screen, log: list[Document] | None, since: str) -> None:
    if log is None:
        return
    _title(screen, f"What the remediator did in the last {since}")
    if not log:
        screen.line("  nothing")
    for each in log:
        style = "yellow" if each["level"] in ("WARNING", "ERROR", "CRITICAL") else ""
        screen.line(f"  {each['time']}  {each['message']}", style)
        if each["error"]:
            screen.line(f"      {each['error']}", style)
        for done in each["done"]:
            screen.line(f"      {done.get('call')}, EC2 request {done.get('request_id')}", "dim")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for each in columns:
        table.add_column(each, overflow="fold")
    return table
