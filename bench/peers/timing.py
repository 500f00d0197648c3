"""Times a step as all peers do: one JSON line { median, min, rss, first }, in milliseconds and MiB."""
import json
import resource
import time


def report(run, count, warm_up=2):
    times = []
    for _ in range(warm_up + count):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1000)
    first, kept = times[0], sorted(times[warm_up:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"median": kept[count // 2], "min": kept[0], "rss": peak, "first": first}))
