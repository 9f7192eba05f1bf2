"""Random series and random PromQL for compare_with_prometheus.py: all of the language that Prometheus 2.42 knows."""
import random

# Everything lies in [START, END]; scrapes every 15 s.
START = 1_700_000_000
LENGTH = 2 * 3600
END = START + LENGTH
STEP = 15

LABELS = {
    "http_requests_total": ["job", "instance", "status"],
    "cpu_seconds_total": ["instance", "mode"],
    "temp": ["room", "instance"],
    "odd": ["kind"],
    "queue_length": ["job", "instance"],
    "build_info": ["instance", "version"],
    "latency_seconds_bucket": ["job", "instance", "le"],
    "latency_seconds_sum": ["job", "instance"],
    "latency_seconds_count": ["job", "instance"],
    "rare": ["job"],
}
VALUES = {
    "job": ["api", "web", "db"],
    "instance": ["a:1", "b:2"],
    "status": ["200", "404", "500"],
    "mode": ["idle", "user"],
    "room": ["hall", "attic", "cellar"],
    "kind": ["nan", "inf", "neg", "zero", "big", "tiny", "mixed", "flat"],
    "version": ["1.0", "2.0"],
    "le": ["0.1", "0.5", "1", "5", "+Inf"],
}
COUNTERS = ["http_requests_total", "cpu_seconds_total", "latency_seconds_bucket", "latency_seconds_count"]
GAUGES = ["temp", "odd", "queue_length", "build_info", "rare"]


def label_sets(names):
    sets = [{}]
    for name in names:
        sets = [dict(old, **{name: value}) for old in sets for value in VALUES[name]]
    return sets


def series_text(name, labels):
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def times(rng, gaps=0.03, jitter=False):
    """Scrape times with some missing, now and then a long gap."""
    at, result = START + rng.choice([0, 0, 0, 300, 1800]), []
    while at <= END - rng.choice([0, 0, 0, 600]):
        if rng.random() > gaps:
            result.append(at + (rng.choice([0, 0.25, 0.007]) if jitter else 0))
        at += STEP if rng.random() > 0.004 else rng.choice([120, 360, 900])
    return result


def counter_points(rng):
    value, points = float(rng.randrange(0, 50)), []
    growth = rng.choice([0, 1, 3, 40])
    for at in times(rng, jitter=rng.random() < 0.2):
        if rng.random() < 0.01:
            value = float(rng.randrange(0, 3))
        value += rng.randrange(0, growth + 1) * rng.choice([1, 1, 0.25])
        points.append((at, value))
    return points


def odd_value(rng, kind, i):
    if kind == "nan":
        return rng.choice(["NaN", "1", "2.5"])
    if kind == "inf":
        return rng.choice(["+Inf", "-Inf", "3"])
    if kind == "mixed":
        return rng.choice(["NaN", "+Inf", "-Inf", "0", "7", "-2"])
    return {"neg": str(-i / 4), "zero": rng.choice(["0", "-0"]), "big": f"{i + 1}e{rng.choice([18, 20, 22])}",
            "tiny": f"{i + 1}e-{rng.choice([8, 12])}", "flat": "42"}[kind]


def gauge_points(rng, name, labels):
    if name == "rare":
        return [(at, rng.randrange(9)) for at in times(rng)[:: rng.choice([25, 40])]]
    if name == "build_info":
        return [(at, 1) for at in times(rng, gaps=0)]
    if name == "odd":
        return [(at, odd_value(rng, labels["kind"], i)) for i, at in enumerate(times(rng))]
    level, points = float(rng.randrange(-20, 40)), []
    for at in times(rng, jitter=rng.random() < 0.2):
        level += rng.choice([-1, -0.5, 0, 0, 0.25, 1])
        points.append((at, level))
    return points


def lines_of(name, labels, points):
    return [f"{series_text(name, labels)} {value} {at}" for at, value in points]


def histogram_lines(rng, labels):
    """Buckets, sum and count of one classic histogram, in step."""
    counts, total, columns = [0.0] * len(VALUES["le"]), 0.0, {le: [] for le in VALUES["le"]}
    sums, totals = [], []
    for at in times(rng, gaps=0.02):
        if rng.random() < 0.005:
            counts, total = [0.0] * len(counts), 0.0
        for _ in range(rng.randrange(0, 6)):
            bucket = rng.randrange(len(counts))
            total += bucket / 4
            for i in range(bucket, len(counts)):
                counts[i] += 1
        for le, count in zip(VALUES["le"], counts):
            columns[le].append((at, count))
        sums.append((at, total))
        totals.append((at, counts[-1]))
    lines = []
    for le, points in columns.items():
        lines += lines_of("latency_seconds_bucket", dict(labels, le=le), points)
    return lines + lines_of("latency_seconds_count", labels, totals) + lines_of("latency_seconds_sum", labels, sums)


def openmetrics(seed):
    rng = random.Random(seed)
    out = []
    for family in ("http_requests", "cpu_seconds"):
        name = family + "_total"
        out += [f"# TYPE {family} counter", f"# HELP {family} Of {family}."]
        for labels in label_sets(LABELS[name]):
            if rng.random() < 0.9:
                out += lines_of(name, labels, counter_points(rng))
    for name in GAUGES:
        out.append(f"# TYPE {name} gauge")
        for labels in label_sets(LABELS[name]):
            if name == "build_info" and labels["version"] != ("1.0" if labels["instance"] == "a:1" else "2.0"):
                continue
            out += lines_of(name, labels, gauge_points(rng, name, labels))
    out.append("# TYPE latency_seconds histogram")
    for labels in label_sets(["job", "instance"])[:4]:
        out += histogram_lines(rng, labels)
    return "\n".join(out) + "\n# EOF\n"


class QueryMaker:
    """Expressions of bounded depth; most of them mean something."""

    MATH = ["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "asin", "acos", "atan", "sinh", "cosh",
            "tanh", "asinh", "acosh", "atanh", "deg", "rad", "timestamp"]
    DATES = ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"]
    OVER_TIME = ["avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time",
                 "stddev_over_time", "stdvar_over_time", "last_over_time", "present_over_time", "changes", "resets",
                 "delta", "idelta", "deriv", "absent_over_time"]
    RATES = ["rate", "increase", "irate"]
    AGGREGATIONS = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]
    ARITHMETIC = ["+", "-", "*", "/", "%", "^", "atan2"]
    COMPARISONS = ["==", "!=", ">", "<", ">=", "<="]

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def pick(self, *choices):
        return self.rng.choice(choices)

    def chance(self, probability):
        return self.rng.random() < probability

    def duration(self):
        return self.pick("30s", "1m", "1m", "2m", "5m", "5m", "7m30s", "15m", "1h", "15s", "45s", "14s", "61s")

    def number(self):
        return self.pick("0", "1", "2", "0.5", "-1", "10", "3.25", "1e3", "0x10", "NaN", "Inf", "-Inf", "100", "1e-3")

    def matcher(self, label):
        value = self.rng.choice(VALUES[label])
        return self.pick(f'{label}="{value}"', f'{label}!="{value}"', f'{label}=~"{value[0]}.*"',
                         f'{label}!~"{value}"', f'{label}=~"{value}|x"', f'{label}=~".+"', f'{label}=""',
                         f'{label}=~"(?i:{value[0].upper()}).*"', f'{label}=~"{value[:-1]}."')

    def selector(self, name=None):
        name = name or self.rng.choice(list(LABELS))
        if self.chance(0.02):
            name = "nothing_here"
        labels = self.rng.sample(LABELS.get(name, ["job"]), self.rng.randrange(0, 2))
        matchers = [self.matcher(label) for label in labels]
        if self.chance(0.06):
            return "{" + ",".join([self.pick(f'__name__="{name}"', f'__name__=~"{name[:4]}.*"')] + matchers) + "}"
        return name + ("{" + ",".join(matchers) + "}" if matchers else "")

    def shift(self):
        if self.chance(0.75):
            return ""
        offset = f" offset {self.pick('', '-')}{self.duration()}"
        at = f" @ {self.pick('start()', 'end()', str(START + self.rng.randrange(LENGTH)), str(START + 1800) + '.5')}"
        return self.pick(offset, at, at + offset, offset + at)

    def matrix(self, name=None, depth=0):
        if depth > 0 and self.chance(0.2):
            step = self.pick("", "15s", "30s", "1m", "7s")
            return f"({self.vector(depth - 1)})[{self.pick('5m', '10m', '1m', '30m')}:{step}]{self.shift()}"
        return f"{self.selector(name)}[{self.duration()}]{self.shift()}"

    def unpinned_matrix(self, depth):
        """Prometheus 2.42 moves a pinned window of predict_linear() from step to step (later ones do not)."""
        while "@" in (matrix := self.matrix(self.pick("temp", "queue_length", "rare"), depth)):
            pass
        return matrix

    def grouping(self, labels=("job", "instance", "status", "room", "le", "mode", "kind")):
        if self.chance(0.3):
            return ""
        chosen = self.rng.sample(labels, self.rng.randrange(0, 3))
        return f" {self.pick('by', 'by', 'without')} ({', '.join(chosen)}) "

    def scalar(self, depth):
        if depth <= 0 or self.chance(0.5):
            return self.number()
        return self.pick("time()", "pi()", f"scalar({self.vector(depth - 1)})", f"-({self.scalar(depth - 1)})",
                         f"({self.scalar(depth - 1)} {self.pick(*self.ARITHMETIC)} {self.scalar(depth - 1)})",
                         f"({self.scalar(depth - 1)} {self.pick(*self.COMPARISONS)} bool {self.scalar(depth - 1)})")

    def window_call(self, depth):
        kind = self.rng.randrange(10)
        if kind < 3:
            return f"{self.pick(*self.RATES)}({self.matrix(self.rng.choice(COUNTERS + ['latency_seconds_sum']), depth)})"
        if kind < 7:
            return f"{self.pick(*self.OVER_TIME)}({self.matrix(None, depth)})"
        if kind == 7:
            return f"quantile_over_time({self.pick('0.5', '0.9', '0', '1', '0.25', '-1', '2', 'NaN')}, {self.matrix(None, depth)})"
        if kind == 8:
            return f"predict_linear({self.unpinned_matrix(depth)}, {self.pick('60', '3600', '-60')})"
        return f"holt_winters({self.matrix(self.pick('temp', 'queue_length', 'rare'), depth)}, {self.pick('0.5', '0.1', '0.9')}, {self.pick('0.5', '0.1')})"

    def call(self, depth):
        inner = lambda: self.vector(depth - 1)
        return self.pick(
            lambda: f"{self.pick(*self.MATH)}({inner()})",
            lambda: f"{self.pick(*self.DATES)}({self.pick('', inner(), 'vector(' + str(START) + ')', 'timestamp(temp)')})",
            # Of selectors only: a rounding error of a large number would be a whole period.
            lambda: f"{self.pick('sin', 'cos', 'tan')}({self.selector()}{self.shift()})",
            lambda: f"clamp({inner()}, {self.scalar(1)}, {self.scalar(1)})",
            lambda: f"{self.pick('clamp_min', 'clamp_max')}({inner()}, {self.scalar(1)})",
            lambda: f"round({inner()}{self.pick('', ', 5', ', 0.1', ', 0.5')})",
            lambda: f"absent({inner()})",
            lambda: f"vector({self.scalar(depth - 1)})",
            lambda: f"{self.pick('sort', 'sort_desc')}({inner()})",
            lambda: self.label_call(depth),
            lambda: self.histogram_call(),
            lambda: self.window_call(depth - 1),
            lambda: self.window_call(depth - 1),
        )()

    def label_call(self, depth):
        inner = self.vector(depth - 1)
        label = self.pick("job", "instance", "status", "new", "le", "__name__")
        return self.pick(
            f'label_replace({inner}, "{label}", "{self.pick("$1", "x", "$1-$2", "${1}", "$0", "")}", '
            f'"{self.pick("job", "instance", "absent")}", "{self.pick("(.*)", "(.):(.*)", "a(.*)", "(.*)i", "")}")',
            f'label_join({inner}, "{label}", "{self.pick("-", "", ",")}", "job", "instance"{self.pick("", ", " + chr(34) + "nope" + chr(34))})')

    def histogram_call(self):
        q = self.pick("0.5", "0.9", "0", "1", "0.99", "-1", "2", "NaN", "scalar(rare)")
        inner = self.pick(
            f"rate({self.selector('latency_seconds_bucket')}[{self.pick('1m', '5m', '15m')}])",
            self.selector("latency_seconds_bucket"),
            f"sum{self.pick(' by (le) ', ' by (job, le) ', ' without (instance) ')}(rate(latency_seconds_bucket[5m]))",
            f"increase(latency_seconds_bucket[{self.duration()}]){self.shift() if False else ''}")
        return f"histogram_quantile({q}, {inner})"

    def exact(self):
        """Values without rounding errors, whose digits may become labels."""
        return self.pick("build_info", "rare", self.selector() + self.shift(), "round(temp, 10)",
                         f"changes({self.matrix()})", f"count by (job) ({self.selector()})", f"-{self.selector()}")

    def aggregation(self, depth):
        inner = self.vector(depth - 1)
        group = self.grouping()
        kind = self.rng.randrange(10)
        if kind < 6:
            return f"{self.pick(*self.AGGREGATIONS)}{group}({inner})"
        if kind == 6:
            # Of equal values Prometheus 2 keeps any, where they do not come in the order of series.
            inner = self.pick(self.selector() + self.shift(), self.window_call(0))
            return f"{self.pick('topk', 'bottomk')}{group}({self.pick('1', '2', '3', '5', '0', '100')}, {inner})"
        if kind == 7:
            return f"quantile{group}({self.pick('0.5', '0.9', '0', '1', '-1', '2', 'NaN')}, {inner})"
        if kind == 8:
            return f'count_values{group}("{self.pick("v", "job")}", {self.exact()})'
        return f"{self.pick('sum', 'avg')}({inner})"

    def binary(self, depth):
        kind = self.rng.randrange(10)
        op = self.pick(*(self.ARITHMETIC + self.ARITHMETIC[:4] + self.COMPARISONS))
        boolean = " bool" if op in self.COMPARISONS and self.chance(0.4) else ""
        if kind < 3:
            sides = [f"({self.vector(depth - 1)})", self.scalar(1)]
            if self.chance(0.3):
                sides.reverse()
            return f"{sides[0]} {op}{boolean} {sides[1]}"
        if kind < 6:
            name = self.rng.choice(list(LABELS))
            left, right = self.selector(name), self.selector(name)
            match = self.pick("", "", " ignoring (zone)", f" on ({', '.join(LABELS[name])})")
            return f"{left} {op}{boolean}{match} {right}{self.shift()}"
        if kind < 8:
            return self.pick(
                f"queue_length {op}{boolean} on (instance) group_left (version) build_info",
                f"build_info {op}{boolean} on (instance) group_right (version) {self.selector('cpu_seconds_total')}",
                f"{self.selector('http_requests_total')} {op}{boolean} ignoring (status) group_left sum without (status) (http_requests_total)",
                f"sum by (instance) ({self.vector(depth - 1)}) {op}{boolean} on (instance) {self.pick('', 'group_left ')}max by (instance) ({self.vector(depth - 1)})",
                f"{self.selector('temp')} {op}{boolean} on (instance) group_left (job) sum by (job, instance) (rare)",
                f"({self.vector(depth - 1)}) {op}{boolean} on (job, instance) ({self.vector(depth - 1)})")
        op = self.pick("and", "or", "unless")
        match = self.pick("", " on (instance)", " ignoring (status)", " on ()", " on (job)")
        return f"({self.vector(depth - 1)}) {op}{match} ({self.vector(depth - 1)})"

    def vector(self, depth):
        if depth <= 0 or self.chance(0.12):
            return self.selector() + self.shift()
        kind = self.rng.randrange(12)
        if kind < 4:
            return self.call(depth)
        if kind < 6:
            return self.window_call(depth)
        if kind < 9:
            return self.aggregation(depth)
        if kind < 11:
            return self.binary(depth)
        return f"{self.pick('-', '+')}({self.vector(depth - 1)})"

    def instant(self):
        """An expression and a time; now and then a range vector, a scalar or a string."""
        at = START + self.rng.randrange(0, LENGTH) + self.pick(0, 0, 0.5, 0.25)
        kind = self.rng.randrange(40)
        if kind == 0:
            return self.matrix(None, 1), at
        if kind == 1:
            return self.scalar(3), at
        if kind == 2:
            return '"a string"', at
        return self.vector(self.rng.randrange(0, 4)), at

    def range(self):
        """An expression with start, end and step."""
        start = START + self.rng.randrange(-600, LENGTH)
        step = self.pick(15, 15, 60, 7, 300, 33.5, 1)
        query = self.scalar(3) if self.chance(0.05) else self.vector(self.rng.randrange(0, 4))
        return query, start, start + step * self.pick(0, 1, 10, 60, 120), step
