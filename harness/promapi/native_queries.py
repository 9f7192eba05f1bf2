"""Random queries in today's language over the series of native_samples.py."""
import random

from native_samples import POINTS, START, STEP

END = START + POINTS * STEP
HISTOGRAMS = ["latency", "signed", "level", "sizes", "mixed", "of_both"]
FLOATS = ["hits_total", "many", "classic_bucket"]
ALL = HISTOGRAMS + FLOATS + ["both_ways", '{"größe.in-metern"}']


class NativeQueryMaker:
    """Expressions of bounded depth, most of them of histograms."""

    OF_HISTOGRAMS = ["histogram_avg", "histogram_count", "histogram_sum", "histogram_stddev", "histogram_stdvar"]
    OVER_TIME = ["avg_over_time", "sum_over_time", "count_over_time", "last_over_time", "present_over_time", "changes",
                 "resets", "delta", "idelta", "irate", "absent_over_time"]
    FLOATS_OVER_TIME = ["min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time", "mad_over_time",
                        "ts_of_min_over_time", "ts_of_max_over_time", "ts_of_last_over_time", "deriv"]
    AGGREGATIONS = ["sum", "avg", "count", "group", "min", "max", "stddev", "stdvar"]
    OPERATORS = ["+", "-", "*", "/", "+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", "atan2"]

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def pick(self, *choices):
        return self.rng.choice(choices)

    def chance(self, probability):
        return self.rng.random() < probability

    def number(self):
        return self.pick("0", "1", "2", "0.5", "-1", "10", "NaN", "Inf", "-Inf", "1e3")

    def duration(self):
        return self.pick("30s", "1m", "1m", "2m", "5m", "5m", "10m", "15s", "45s", "16s", "1m1s", "30s * 2", "(1m + 5s)",
                         "2m - 15s", "90")

    def selector(self, names=None):
        name = self.rng.choice(names or (HISTOGRAMS * 2 + ALL))
        matchers = self.pick("", "", "", 'job="api"', 'job="web"', 'instance="a:1"', 'job!="api"', 'instance=~".*:2"',
                             'kind!="float"', 'nope=""')
        if name.startswith("{"):
            return name
        return name + ("{" + matchers + "}" if matchers else "")

    def shift(self):
        if self.chance(0.85):
            return ""
        offset = f" offset {self.pick('30s', '-1m', '5m', '1m * 2', '-15s')}"
        at = f" @ {self.pick('start()', 'end()', str(START + self.rng.randrange(POINTS * STEP)))}"
        return self.pick(offset, at, at + offset)

    def matrix(self, names=None, depth=0):
        if depth > 0 and self.chance(0.15):
            return f"({self.vector(depth - 1)})[{self.pick('5m', '2m', '10m')}:{self.pick('', '15s', '1m', '7s')}]{self.shift()}"
        return f"{self.selector(names)}[{self.duration()}]{self.shift()}"

    def window_call(self, depth):
        kind = self.rng.randrange(11)
        if kind == 10:
            # Of gauges Prometheus before 3.8 extrapolates rates in another way.
            return f"{self.pick('rate', 'increase')}({self.matrix([n for n in ALL if n != 'level'])})"
        if kind < 7:
            return f"{self.pick(*self.OVER_TIME)}({self.matrix(None, depth)})"
        if kind < 9:
            names = None if self.chance(0.5) else FLOATS + ["mixed"]
            return f"{self.pick(*self.FLOATS_OVER_TIME)}({self.matrix(names, depth)})"
        return self.pick(f"quantile_over_time({self.pick('0.5', '0', '2', 'NaN')}, {self.matrix(None, depth)})",
                         f"predict_linear({self.matrix(None, depth)}, 60)",
                         f"double_exponential_smoothing({self.matrix(None, depth)}, 0.5, 0.3)")

    def histogram_call(self, depth):
        inner = self.pick(self.selector(), self.selector(HISTOGRAMS) + self.shift(), self.vector(depth - 1), f"rate({self.selector()}[5m])",
                          "both_ways", f"sum by (le) ({self.selector()})", f"sum(rate({self.selector(HISTOGRAMS)}[2m]))")
        kind = self.rng.randrange(10)
        if kind < 4:
            return f"histogram_quantile({self.pick('0.5', '0.9', '0', '1', '0.99', '-1', '2', 'NaN', '0.1')}, {inner})"
        if kind < 7:
            bounds = [self.pick("0", "-1", "1", "2", "0.3", "-Inf", "Inf", "7", "NaN", "-0.0005", "0.001") for _ in range(2)]
            return f"histogram_fraction({bounds[0]}, {bounds[1]}, {inner})"
        return f"{self.pick(*self.OF_HISTOGRAMS)}({inner})"

    def call(self, depth):
        inner = lambda: self.vector(depth - 1)
        return self.pick(
            lambda: f"{self.pick('abs', 'ceil', 'sqrt', 'timestamp', 'sort', 'sort_desc', 'absent', 'minute', 'sgn')}({inner()})",
            lambda: f"clamp({inner()}, {self.number()}, {self.number()})",
            lambda: f"round({inner()}, 0.5)",
            lambda: f"vector(scalar({inner()}))",
            lambda: f'label_replace({inner()}, "{self.pick("new", "job", "__name__", "n.ew")}", "x$1", "{self.pick("job", "instance", "le")}", "(.*)")',
            lambda: f'label_join({inner()}, "{self.pick("new", "job")}", "-", "job", "instance")',
            lambda: f'{self.pick("sort_by_label", "sort_by_label_desc")}({inner()}, "job", "n", "instance")',
            lambda: f"info({self.pick(self.selector(['hits_total', 'latency']), f'rate({self.selector(HISTOGRAMS[:2])}[2m])')}"
                    f"{self.pick('', ', {version=~' + chr(34) + '.+' + chr(34) + '}', ', {region=' + chr(34) + 'x' + chr(34) + '}', ', {nope=~' + chr(34) + '.*' + chr(34) + '}')})",
            lambda: self.histogram_call(depth),
            lambda: self.histogram_call(depth),
            lambda: self.histogram_call(depth),
        )()

    def grouping(self):
        if self.chance(0.4):
            return ""
        labels = self.rng.sample(["job", "instance", "kind", "le", "n"], self.rng.randrange(0, 3))
        return f" {self.pick('by', 'without')} ({', '.join(labels)}) "

    def aggregation(self, depth):
        inner, group = self.vector(depth - 1), self.grouping()
        kind = self.rng.randrange(12)
        if kind < 7:
            return f"{self.pick('sum', 'avg', *self.AGGREGATIONS)}{group}({inner})"
        if kind == 7:
            return f"{self.pick('topk', 'bottomk')}{group}({self.pick('1', '2', '3')}, {self.selector() + self.shift()})"
        if kind == 8:
            return f"quantile{group}({self.pick('0.5', '0', '-1', 'NaN')}, {inner})"
        if kind == 9:
            return f'count_values{group}("v", {self.selector()})'
        if kind == 10:
            return f"limitk{group}({self.pick('1', '2', '3', '0', '100')}, {inner})"
        return f"limit_ratio{group}({self.pick('0.5', '-0.5', '0.1', '1', '-0.9', '0')}, {inner})"

    def binary(self, depth):
        op = self.pick(*self.OPERATORS)
        boolean = " bool" if op in ("==", "!=", ">", "<") and self.chance(0.3) else ""
        kind = self.rng.randrange(10)
        if kind < 3:
            sides = [f"({self.vector(depth - 1)})", self.number()]
            if self.chance(0.4):
                sides.reverse()
            return f"{sides[0]} {op}{boolean} {sides[1]}"
        if kind < 5:
            name = self.rng.choice(HISTOGRAMS)
            return f"{self.selector([name])} {op}{boolean} {self.selector([name])}{self.shift()}"
        if kind < 8:
            left, right = self.vector(depth - 1), self.vector(depth - 1)
            match = self.pick(" on (job, instance)", " ignoring (le)", " on (job, instance) group_left", "")
            return f"({left}) {op}{boolean}{match} ({right})"
        op = self.pick("and", "or", "unless")
        return f"({self.vector(depth - 1)}) {op}{self.pick('', ' on (instance)', ' on (job)', ' ignoring (le)')} ({self.vector(depth - 1)})"

    def vector(self, depth):
        if depth <= 0 or self.chance(0.1):
            return self.selector() + self.shift()
        kind = self.rng.randrange(12)
        if kind < 4:
            return self.call(depth)
        if kind < 7:
            return self.window_call(depth)
        if kind < 9:
            return self.aggregation(depth)
        if kind < 11:
            return self.binary(depth)
        return f"-({self.vector(depth - 1)})"

    def instant(self):
        at = START + self.rng.randrange(0, POINTS * STEP + 300) + self.pick(0, 0, 0.5)
        if self.chance(0.04):
            return self.matrix(None, 1), at
        return self.vector(self.rng.randrange(0, 4)), at

    def range(self):
        start = START + self.rng.randrange(-300, POINTS * STEP)
        step = self.pick(15, 15, 60, 7, 300)
        return self.vector(self.rng.randrange(0, 4)), start, start + step * self.pick(0, 1, 10, 40), step
