"""Small plots as SVG: bars, dots and lines, with nothing but text and shapes."""

import math
from html import escape

COLOURS = {
    "Tallyroll": "#c0392b", "Tallyroll, one store": "#e6877b", "plain file": "#999999", "chained file": "#555555", "SQLite": "#2471a3",
    "RocksDB": "#7d3c98", "DuckDB": "#d4ac0d", "DuckDB with key": "#9a7d0a", "ClickHouse": "#e67e22",
    "PostgreSQL": "#117a65", "NATS JetStream": "#27ae60", "NATS JetStream, unsynced": "#82e0aa",
}
SPARE = ["#2471a3", "#16a085", "#8e44ad", "#f39c12", "#7f8c8d"]
FONT = 'font-family="Helvetica, Arial, sans-serif"'


def colour(name, place=0):
    return COLOURS.get(name, SPARE[place % len(SPARE)])


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    if value >= 1e3:
        return f"{value / 1e3:.3g} k"
    return f"{value:.3g}"


class Canvas:
    def __init__(self, width, height, title):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" {FONT}>',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        ]
        self.text(width / 2, 24, title, size=15, anchor="middle", weight="bold")

    def text(self, x, y, text, size=11, anchor="start", fill="#222222", weight="normal"):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" '
            f'font-weight="{weight}">{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, stroke="#dddddd", width=1.0):
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
            f'stroke-width="{width}"/>')

    def rect(self, x, y, width, height, fill):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" fill="{fill}"/>')

    def dot(self, x, y, fill, radius=4.5):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" fill-opacity="0.85"/>')

    def path(self, points, stroke):
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{joined}" fill="none" stroke="{stroke}" stroke-width="2"/>')

    def save(self, path):
        with open(path, "w") as file:
            file.write("\n".join(self.parts) + "\n</svg>\n")


class LogScale:
    def __init__(self, values, start, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.start, self.end = start, end

    def __call__(self, value):
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def ticks(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


class Scale:
    def __init__(self, values, start, end):
        high = max(values) or 1
        step = 10 ** math.floor(math.log10(high))
        self.step = next(part * step for part in (0.2, 0.25, 0.5, 1, 2) if high / (part * step) <= 5.5)
        self.high = math.ceil(high / self.step) * self.step
        self.start, self.end = start, end

    def __call__(self, value):
        return self.start + value / self.high * (self.end - self.start)

    @property
    def ticks(self):
        return [self.step * place for place in range(int(round(self.high / self.step)) + 1)]


def bars(path, title, groups):
    """Groups of bars on a logarithmic scale: (heading, [(contestant, value)])."""
    left, right, row = 170, 700, 20
    height = 60 + sum(26 + row * len(values) for _, values in groups)
    canvas = Canvas(right + 90, height, title)
    scale = LogScale([value for _, values in groups for _, value in values], left, right)
    for tick in scale.ticks:
        canvas.line(scale(tick), 40, scale(tick), height - 20)
        canvas.text(scale(tick), height - 6, number(tick), anchor="middle", fill="#666666")
    y = 44
    for heading, values in groups:
        canvas.text(left, y + 14, heading, size=12, weight="bold")
        y += 20
        for name, value in values:
            canvas.text(left - 8, y + 13, name, anchor="end")
            canvas.rect(left, y + 3, scale(value) - left, row - 7, colour(name))
            canvas.text(scale(value) + 5, y + 13, number(value))
            y += row
        y += 6
    canvas.save(path)


def dots(path, title, rows, unit):
    """One row a figure, one dot a contestant, on a logarithmic scale: (label, {contestant: value})."""
    left, right, row = 330, 860, 24
    names = list(dict.fromkeys(name for _, values in rows for name in values))
    lines = -(-len(names) // 5)
    height = 60 + lines * 18 + row * len(rows) + 24
    canvas = Canvas(right + 40, height, title)
    for place, name in enumerate(names):
        x, y = 40 + (place % 5) * 172, 46 + place // 5 * 18
        canvas.dot(x, y - 4, colour(name, place))
        canvas.text(x + 9, y, name)
    top = 46 + lines * 18
    scale = LogScale([value for _, values in rows for value in values.values()], left, right)
    for tick in scale.ticks:
        canvas.line(scale(tick), top - 6, scale(tick), height - 22)
        canvas.text(scale(tick), height - 8, f"{tick:g} {unit}", anchor="middle", fill="#666666")
    for index, (label, values) in enumerate(rows):
        y = top + 8 + index * row
        canvas.text(left - 10, y + 4, label, anchor="end")
        canvas.line(left, y, right, y, stroke="#eeeeee")
        for name in reversed(names):
            if name in values:
                canvas.dot(scale(values[name]), y, colour(name, names.index(name)))
    canvas.save(path)


def panels(path, title, charts):
    """Line charts below each other: (heading, x label, are both axes logarithmic, {line: [(x, y)]}).

    The first line is drawn last, on top of the others.
    """
    left, right, tall = 80, 620, 150
    canvas = Canvas(right + 220, 40 + (tall + 60) * len(charts), title)
    for index, (heading, label, is_log, lines) in enumerate(charts):
        top = 62 + index * (tall + 60)
        canvas.text(left, top - 8, heading, size=12, weight="bold")
        points = [point for line in lines.values() for point in line]
        across = (LogScale if is_log else Scale)([x for x, _ in points], left, right)
        up = (LogScale if is_log else Scale)([y for _, y in points], top + tall, top)
        for tick in up.ticks:
            canvas.line(left, up(tick), right, up(tick))
            canvas.text(left - 6, up(tick) + 4, number(tick), anchor="end", fill="#666666")
        for tick in across.ticks:
            canvas.text(across(tick), top + tall + 16, number(tick), anchor="middle", fill="#666666")
        canvas.text((left + right) / 2, top + tall + 32, label, anchor="middle", fill="#666666")
        for place, (name, line) in reversed(list(enumerate(lines.items()))):
            drawn = [(across(x), up(y)) for x, y in sorted(line)]
            shade = colour(name, place)
            canvas.path(drawn, shade)
            if len(drawn) < 10:
                for x, y in drawn:
                    canvas.dot(x, y, shade, 3)
            canvas.text(right + 12, top + 12 + place * 16, name, fill=shade)
    canvas.save(path)
