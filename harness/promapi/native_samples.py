"""Series with native histograms: as a PromQL test script, and as remote write requests to a Prometheus."""
import dataclasses
import http.client
import math
import random
import struct

START = 1_700_000_000
STEP = 15
POINTS = 160
GAUGE, STALE, GAP = "gauge", "stale", None
CUSTOM = -53
BASE = 1000.0


@dataclasses.dataclass
class Histogram:
    schema: int = 0
    sum: float = 0.0
    zero_width: float = 0.0
    zero: float = 0.0
    offset: int = 0
    buckets: list = dataclasses.field(default_factory=list)
    negative_offset: int = 0
    negative: list = dataclasses.field(default_factory=list)
    bounds: tuple = ()
    gauge: bool = False

    def count(self):
        return self.zero + sum(self.buckets) + sum(self.negative)

    def copy(self):
        return dataclasses.replace(self, buckets=list(self.buckets), negative=list(self.negative))

    def notation(self):
        fields = [f"schema:{self.schema}", f"sum:{self.sum!r}", f"count:{self.count()!r}"]
        if self.zero or self.zero_width:
            fields += [f"z_bucket:{self.zero!r}", f"z_bucket_w:{self.zero_width!r}"]
        if self.bounds:
            fields.append("custom_values:[" + " ".join(map(repr, self.bounds)) + "]")
        for name, offset, values in (("", self.offset, self.buckets), ("n_", self.negative_offset, self.negative)):
            if values:
                fields += [f"{name}offset:{offset}"] if offset else []
                fields.append(f"{name}buckets:[" + " ".join(map(repr, values)) + "]")
        if self.gauge:
            fields.append("counter_reset_hint:gauge")
        return "{{" + " ".join(fields) + "}}"


def exponential(rng, schema, gauge, both_signs, zero_width):
    h = Histogram(schema=schema, zero_width=zero_width, gauge=gauge, offset=rng.randrange(-3, 3), sum=BASE)
    h.buckets = [rng.choice([BASE, 0.0, BASE]) for _ in range(rng.randrange(1, 6))] + [BASE]
    if both_signs:
        h.negative_offset = rng.randrange(-2, 2)
        h.negative = [BASE] * rng.randrange(1, 4)
    return h


def custom(bounds):
    """Of equal bounds for all: Prometheus before 3.8 cannot add others."""
    return Histogram(schema=CUSTOM, bounds=bounds, buckets=[BASE] * (len(bounds) + 1), sum=BASE)


def observe(rng, h):
    """More observations, or, of a gauge, others."""
    for values in (h.buckets, h.negative):
        for i in range(len(values)):
            if rng.random() < 0.4:
                values[i] += rng.choice([1.0, 2.0, 0.5, 7.0]) * (-1 if h.gauge and values[i] > BASE else 1)
    if h.zero_width and rng.random() < 0.5:
        h.zero += 1.0
    h.sum += rng.choice([0.0, 1.5, 3.25, 10.0, -1.0 if h.negative else 2.0])
    if rng.random() < 0.15 and not h.bounds:
        (h.negative if h.negative and rng.random() < 0.4 else h.buckets).append(0.0)


def reset(rng, h):
    """Never to zero: Prometheus before 3.8 extrapolates rates of histograms beyond it, later ones do not."""
    h.buckets = [rng.choice([BASE, BASE, 0.0]) for _ in h.buckets]
    h.buckets[0] = BASE
    h.negative = [BASE for _ in h.negative]
    h.zero = 0.0
    h.sum = BASE


def change_shape(rng, h):
    """Another schema or zero bucket; into a wider one goes what lies within."""
    if rng.random() < 0.5:
        h.schema = rng.randrange(-1, 3)
    else:
        h.zero_width = rng.choice([0.0, 0.0009765625, 0.25, 0.25])
        h.zero = 0.0 if h.zero_width == 0 else h.zero
    if h.zero_width == 0.25:
        lowest = int(-2 * 2 ** h.schema) + 1
        h.zero += swallow(h.buckets, lowest - h.offset)
        h.offset = max(h.offset, lowest)
        h.zero += swallow(h.negative, lowest - h.negative_offset)
        h.negative_offset = max(h.negative_offset, lowest)


def swallow(buckets, count):
    """Takes the first buckets out and returns their sum."""
    taken = sum(buckets[:max(count, 0)])
    buckets[:max(count, 0)] = []
    return taken


def histogram_points(rng, h, shape_changes, floats):
    points = []
    while len(points) < POINTS:
        observe(rng, h)
        if rng.random() < 0.02:
            reset(rng, h)
        if shape_changes and rng.random() < 0.03:
            change_shape(rng, h)
        kind = rng.random()
        if kind < 0.03:
            points.append(GAP)
        elif kind < 0.035:
            points += [STALE] + [GAP] * rng.choice([0, 3, 25])
        elif floats and kind < 0.25:
            points.append(rng.choice([h.count(), 3.0, float("nan"), -1.0]))
        else:
            points.append(h.copy())
    return points[:POINTS]


def float_points(rng):
    value, points = float(rng.randrange(10)), []
    for _ in range(POINTS):
        value = 0.0 if rng.random() < 0.02 else value + rng.choice([0, 1, 2.5])
        points.append(GAP if rng.random() < 0.05 else value)
    return points


def classic_points(rng):
    """{upper bound: points}, scraped together."""
    counts, found = [0.0] * 4, {le: [] for le in ("0.1", "1", "5", "+Inf")}
    for _ in range(POINTS):
        here = rng.random() > 0.05
        counts = [0.0 if rng.random() < 0.02 else n + rng.choice([0, 1, 2.5]) for n in counts]
        for i, points in enumerate(found.values()):
            points.append(sum(counts[:i + 1]) if here else GAP)
    return found


def series(seed):
    """[(labels with __name__, points)]"""
    rng = random.Random(seed)
    found = []

    def add(name, points, **labels):
        found.append(({"__name__": name, **labels}, points))

    for job in ("api", "web"):
        for instance in ("a:1", "b:2"):
            same = {"job": job, "instance": instance}
            add("latency", histogram_points(rng, exponential(rng, 0, False, False, 0.0), False, False), **same)
            add("signed", histogram_points(rng, exponential(rng, rng.randrange(-1, 3), False, True, rng.choice([0.0, 0.0009765625])),
                                           instance == "b:2", False), **same)
            add("level", histogram_points(rng, exponential(rng, 1, True, True, 0.0009765625), False, False), **same)
            add("sizes", histogram_points(rng, custom((1.0, 5.0, 10.0)), False, False), **same)
            add("mixed", histogram_points(rng, exponential(rng, 0, False, False, 0.0), True, True), **same)
            add("hits_total", float_points(rng), **same)
            add("target_info", [1.0] * POINTS, **same, version=rng.choice(["1", "2"]), region=rng.choice(["x", "y"]))
    add("of_both", histogram_points(rng, exponential(rng, 0, False, False, 0.0), False, False), kind="exponential", job="api")
    add("of_both", histogram_points(rng, custom((1.0, 5.0)), False, False), kind="custom", job="api")
    add("of_both", float_points(rng), kind="float", job="api")
    for i in range(12):
        add("many", float_points(rng), n=str(i), job=rng.choice(["api", "web"]))
    for name in ("classic_bucket", "both_ways"):
        for le, points in classic_points(rng).items():
            add(name, points, le=le)
    add("both_ways", histogram_points(rng, exponential(rng, 0, False, False, 0.0), False, False))
    add("größe.in-metern", float_points(rng), **{"mit.punkt": "ä"})
    # limitk() takes series as they come, which is in order of labels when they were written so.
    found.sort(key=lambda one: sorted(one[0].items()))
    for _, points in found:
        points[0] = next(point for point in points if point is not GAP and point is not STALE)
    return found


def script(all_series):
    lines = [f"load {STEP}s"]
    for labels, points in all_series:
        head = "{" + ", ".join(f'"{key}"="{value}"' for key, value in labels.items()) + "}"
        words = ["_" if p is GAP else p if p is STALE else p.notation() if isinstance(p, Histogram)
                 else "NaN" if math.isnan(p) else repr(p) for p in points]
        lines.append("  " + head + " " + " ".join(words))
    return "\n".join(lines) + "\n"


# What follows is remote write: protocol buffers within one uncompressed snappy block.

def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def zigzag(n):
    return varint(n << 1 if n >= 0 else (-n << 1) - 1)


def bytes_field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def double_field(number, value):
    return varint(number << 3 | 1) + struct.pack("<d", value)


def int_field(number, value, encode=varint):
    return varint(number << 3) + encode(value)


def doubles_field(number, values):
    return bytes_field(number, struct.pack(f"<{len(values)}d", *values))


def histogram_message(h, at_ms):
    out = double_field(2, h.count()) + double_field(3, h.sum) + int_field(4, h.schema, zigzag)
    out += double_field(5, h.zero_width) + double_field(7, h.zero)
    for spans, counts, offset, values in ((8, 10, h.negative_offset, h.negative), (11, 13, h.offset, h.buckets)):
        if values:
            # The first bucket of a script's list is bucket `offset`, counted from (1/base, 1], or from the lowest bound.
            out += bytes_field(spans, int_field(1, offset, zigzag) + int_field(2, len(values))) + doubles_field(counts, values)
    out += int_field(14, 3) if h.gauge else b""
    out += int_field(15, at_ms)
    return out + (doubles_field(16, h.bounds) if h.bounds else b"")


def sample_message(point, at_ms):
    bits = struct.pack("<Q", 0x7FF0000000000002) if point is STALE else struct.pack("<d", point)
    return varint(1 << 3 | 1) + bits + int_field(2, at_ms)


def write_request(all_series, index):
    out, at_ms = b"", (START + index * STEP) * 1000
    for labels, points in all_series:
        point = points[index]
        if point is GAP:
            continue
        body = b"".join(bytes_field(1, bytes_field(1, k.encode()) + bytes_field(2, v.encode()))
                        for k, v in sorted(labels.items()))
        if isinstance(point, Histogram):
            body += bytes_field(4, histogram_message(point, at_ms))
        else:
            body += bytes_field(2, sample_message(point, at_ms))
        out += bytes_field(1, body)
    return out


def snappy(data):
    out = varint(len(data))
    for at in range(0, len(data), 65536):
        part = data[at:at + 65536]
        out += b"\xf4" + struct.pack("<H", len(part) - 1) + part
    return out


def remote_write(port, all_series):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    for index in range(POINTS):
        connection.request("POST", "/api/v1/write", snappy(write_request(all_series, index)),
                           {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
                            "X-Prometheus-Remote-Write-Version": "0.1.0"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status // 100 != 2:
            raise RuntimeError(f"remote write of sample {index}: {answer.status} {text[:500]}")
