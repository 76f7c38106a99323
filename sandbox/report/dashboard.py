"""The deployed dashboard, drawn: each of its widgets from the metrics, log lines and alarms of the demo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from sandbox.report import charts, insights, markdown
from sandbox.report.expressions import Sum
from sandbox.report.html import Html, table, tag
from sandbox.report.record import Alarm, Record
from sandbox.report.series import Clock, NotDrawable, Series
from sandbox.report.widgets import Body, Widget

_COLUMN, _PADDING = 47.5, 26.0
_ROW, _HEAD = 44.0, 62.0
_LOWEST = 110.0
_STATES = {"OK": ("ok", "✓", "OK"), "ALARM": ("alarm", "▲", "in alarm")}
_UNKNOWN = ("unknown", "?", "insufficient data")


@dataclass(frozen=True)
class Drawing:
    """Draws the widgets of one dashboard."""

    record: Record
    body: Body

    @property
    def clock(self) -> Clock:
        """The demo's time for the dashboard's."""
        return Clock(self.record.begun, max(self.record.seconds, 1), self.body.window)

    def html(self) -> Html:
        """All widgets, each in its place."""
        return tag("div", *(self._placed(each) for each in self.body.widgets), class_="board")

    def _placed(self, widget: Widget) -> Html:
        """A widget in the dashboard's grid of 24 columns. What cannot be drawn says why."""
        try:
            inside, drawn = self._inside(widget), True
        except NotDrawable as error:
            inside, drawn = _note(f"Not drawn: {error}."), False
        place = f"--x:{widget.x + 1};--y:{widget.y + 1};--w:{widget.width};--h:{widget.height}"
        size = "text" if widget.kind == "text" else "narrow" if widget.width <= 9 else "wide"
        return tag(
            "section",
            tag("h3", widget.title) if widget.title else None,
            inside,
            class_=f"widget {size} {widget.kind}",
            style=place,
            data_kind=widget.kind,
            data_drawn="yes" if drawn else "no",
        )

    def _inside(self, widget: Widget) -> Html:
        match widget.kind:
            case "text":
                return markdown.html(widget.text)
            case "log":
                return _answer(insights.ask(widget.query, self.record))
            case "alarm":
                return self._alarms(widget)
            case "metric":
                return self._metrics(widget)
        raise NotDrawable(f"the report does not know the widget type {widget.kind}")

    def _alarms(self, widget: Widget) -> Html:
        rows = []
        shared = _shared([alarm.name for alarm in self.record.alarms.values()])
        for arn in widget.alarms:
            alarm = self.record.alarms.get(arn)
            if alarm is None:
                raise NotDrawable(f"the sandbox has no alarm {arn}")
            class_, mark, word = _STATES.get(alarm.state, _UNKNOWN)
            words = tag("span", f"{mark} {word}", class_="state")
            rows.append(tag("li", tag("b", alarm.name[shared:]), words, class_=class_, title=_said(alarm)))
        return tag("ul", *rows, class_="alarms")

    def _metrics(self, widget: Widget) -> Html:
        series = Sum(widget.queries, self.record.metrics, self.clock).series()
        if all(each.is_empty for each in series) and widget.view != "singleValue":
            return _note(_nothing(widget))
        match widget.view:
            case "singleValue" | "gauge":
                return self._figures(widget, series)
            case "bar" | "pie" | "table":
                return _bars(widget, series)
            case "timeSeries":
                return self._chart(widget, series)
        raise NotDrawable(f"the report does not know the view {widget.view}")

    def _figures(self, widget: Widget, series: Sequence[Series]) -> Html:
        figures = [
            tag("li", tag("b", _figure(widget, one)), tag("span", one.label), data_metric=one.label)
            for one in series
        ]
        return tag("ul", *figures, class_="figures")

    def _chart(self, widget: Widget, series: Sequence[Series]) -> Html:
        width = max(widget.width * _COLUMN - _PADDING, 200)
        height = max(widget.height * _ROW - _HEAD, _LOWEST)
        seconds, label = self.clock.seconds, widget.title or "chart"
        stacked = widget.stacked and len({one.step for one in series}) == 1
        if stacked:
            shown = charts.few([one for one in series if not one.is_empty])
            picture = charts.stacked_bars(shown, width, height, seconds, label)
        else:
            shown = list(series)
            picture = charts.time_lines(shown, widget.lines, width, height, seconds, label)
        labels = [one.label + (" (no data)" if one.is_empty else "") for one in shown]
        axis = tag("p", widget.left_label, class_="axis") if widget.left_label else None
        return tag("div", axis, picture, charts.legend(labels, "square" if stacked else "stroke"))


def _bars(widget: Widget, series: Sequence[Series]) -> Html:
    """A bar for each series, its value beside it."""
    values = [(one, _value(widget, one)) for one in series]
    most = max((value for _, value in values if value is not None), default=0) or 1
    rows = [
        tag(
            "li",
            tag("span", one.label),
            tag("i", class_=charts.colour(n), style=f"--part:{100 * (value or 0) / most:.1f}%"),
            tag("b", _figure(widget, one)),
        )
        for n, (one, value) in enumerate(values)
    ]
    return tag("ul", *rows, class_="bars")


def _value(widget: Widget, series: Series) -> float | None:
    return series.whole if widget.whole_range else series.latest


def _figure(widget: Widget, series: Series) -> str:
    value = _value(widget, series)
    return "-" if value is None else charts.figure(value)


def _nothing(widget: Widget) -> str:
    """Why a widget is empty: the sandbox does not have it, or it did not happen."""
    aws = {f"{each.namespace} {each.name}" for each in widget.queries if each.namespace.startswith("AWS/")}
    if aws:
        return f"No data in the sandbox: it does not publish {', '.join(sorted(aws))}."
    return "No data: nothing of this happened in the demo."


def _answer(found: insights.Table) -> Html:
    rows = [tag("tr", *(tag("td", cell) for cell in row)) for row in found.rows]
    return table(found.columns, rows) if rows else _note("No line matches the query.")


def _shared(names: Sequence[str]) -> int:
    """How many characters of all names are the stack's."""
    columns = zip(*names, strict=False)
    alike = "".join(first for first, *_ in takewhile(lambda column: len(set(column)) == 1, columns))
    return alike.rfind("-") + 1 if len(names) > 1 else 0


def _said(alarm: Alarm) -> str:
    return f"{alarm.name}: {alarm.description}"


def _note(words: str) -> Html:
    return tag("p", words, class_="nothing")
