"""Why each second of waiting came about, known from the simulation itself.

Each second has one cause, in the order batching, unavailability, contention, prioritisation,
extraneous: until the batch ran; while the person who then did it was off duty; while that person was
busy with work that had become possible earlier, or later; anything else, such as a supplier's time.
"""

from bisect import bisect_right

from .simulation import Instance

CAUSES = ("batching", "unavailability", "contention", "prioritisation", "extraneous")


def causes(instance: Instance) -> dict[str, int]:
    """Seconds of waiting of `instance` by cause; they add up to its start less its enabling."""
    seconds = dict.fromkeys(CAUSES, 0)
    waited = instance.start - instance.enabled
    worker = instance.worker
    if instance.batch:
        seconds["batching"] = waited
    elif worker is None:
        seconds["extraneous"] = waited
    elif waited:
        seconds["unavailability"] = worker.duty.off_between(instance.enabled, instance.start)
        for other in _done_while_waiting(instance, worker.done):
            start, end = max(other.start, instance.enabled), min(other.end, instance.start)
            busy = (end - start) - worker.duty.off_between(start, end)
            seconds["contention" if other.enabled <= instance.enabled else "prioritisation"] += busy
        seconds["extraneous"] = waited - sum(seconds.values())
    return seconds


def _done_while_waiting(instance: Instance, done: list[Instance]) -> list[Instance]:
    """What the same worker, who does one thing at a time, was busy with in the meantime."""
    last = bisect_right(done, instance.start, key=lambda other: other.start) - 1
    found = []
    while last >= 0 and done[last].end > instance.enabled:
        if done[last] is not instance:
            found.append(done[last])
        last -= 1
    return found
