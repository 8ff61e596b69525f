#!/usr/bin/env python3
"""Writes calendar.txt: windows of calendars as Python's zoneinfo has them, found by looking at every minute in turn.

usage: Tests/SharedStateTests/Cases/calendar.py > Tests/SharedStateTests/Cases/calendar.txt

`ZONE UNIT TIME START END` is the window that TIME is in; `ZONE from-UNIT TIME END` is when one ends that begins at TIME. Times are in
seconds since 1970. There are zones with changes of an hour and of half an hour, at midnight and at noon, with none, without a day.
"""
import random
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = {
    "UTC": [],
    "Europe/Berlin": ["2026-03-29 01:00", "2026-10-25 01:00", "2040-03-25 01:00", "2040-10-28 01:00"],
    "America/New_York": ["2026-03-08 07:00", "2026-11-01 06:00"],
    "America/St_Johns": ["2006-10-29 02:31", "2006-04-02 03:31"],
    "America/Havana": ["2026-03-08 05:00", "2026-11-01 05:00"],
    "America/Sao_Paulo": ["2018-11-04 03:00", "2019-02-17 02:00"],
    "Africa/Cairo": ["2026-04-23 22:00", "2026-10-29 21:00"],
    "Africa/Casablanca": ["2026-02-15 02:00", "2026-03-22 02:00"],
    "Asia/Kathmandu": ["1985-12-31 18:30"],
    "Asia/Kolkata": [],
    "Australia/Lord_Howe": ["2026-04-04 15:00", "2026-10-03 15:30"],
    "Pacific/Apia": ["2011-12-30 10:00", "2011-12-31 10:00"],
    "Pacific/Chatham": ["2026-04-04 14:00", "2026-09-26 14:00"],
    "Europe/Dublin": ["2026-03-29 01:00", "2026-10-25 01:00"],
}
EVERYWHERE = ["2024-02-29 12:00", "2025-12-31 23:59", "2026-01-01 00:00", "2028-12-31 11:00", "2100-02-28 23:30"]
MINUTE = timedelta(minutes=1)


def local(zone, moment):
    return moment.astimezone(zone).replace(tzinfo=None)


def first(zone, wall):
    """The first minute at which the clock shows `wall` or later."""
    moment = (wall - timedelta(hours=50)).replace(tzinfo=timezone.utc)
    while local(zone, moment) < wall:
        moment += MINUTE
    return moment


def next_month(day, months):
    index = day.year * 12 + day.month - 1 + months
    return datetime(index // 12, index % 12 + 1, 1)


def starts(unit, day):
    """The midnights at which the unit of `day` begins and ends."""
    day = datetime(day.year, day.month, day.day)
    if unit == "day":
        return day, day + timedelta(days=1)
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    begin = day.replace(day=1) if unit == "month" else datetime(day.year, 1, 1)
    return begin, next_month(begin, 1 if unit == "month" else 12)


def window(zone, unit, moment):
    if unit in ("minute", "hour"):
        def label(at):
            wall = at.astimezone(zone)
            return wall.date(), wall.hour, wall.minute if unit == "minute" else 0, wall.utcoffset()
        begin = end = moment.replace(second=0)
        while label(begin - MINUTE) == label(moment):
            begin -= MINUTE
        while label(end) == label(moment):
            end += MINUTE
        return begin, end
    wall = local(zone, moment)
    for day in (wall, wall + timedelta(days=1), wall + timedelta(days=2)):
        begin, end = (first(zone, midnight) for midnight in starts(unit, day))
        if begin <= moment < end:
            return begin, end
    raise AssertionError((zone, unit, moment))


def end_from(zone, unit, moment):
    if unit in ("minute", "hour"):
        return moment + timedelta(minutes=1 if unit == "minute" else 60)
    wall = local(zone, moment)
    if unit in ("day", "week"):
        return first(zone, wall + timedelta(days=1 if unit == "day" else 7))
    month = next_month(wall, 1 if unit == "month" else 12)
    last = (next_month(month, 1) - timedelta(days=1)).day
    return first(zone, wall.replace(year=month.year, month=month.month, day=min(wall.day, last)))


def main():
    random.seed(6)
    print("# Written by calendar.py. ZONE UNIT TIME START END, and ZONE from-UNIT TIME END.")
    for name, changes in ZONES.items():
        zone = ZoneInfo(name)
        moments = [datetime.fromisoformat(text).replace(tzinfo=timezone.utc) for text in EVERYWHERE]
        for text in changes:
            change = datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
            moments += [change + timedelta(seconds=s) for s in (-86400, -5400, -1, 0, 1500, 3600, 40000)]
        start = datetime(1975, 1, 1, tzinfo=timezone.utc)
        moments += [start + timedelta(seconds=random.randrange(80 * 365 * 86400)) for _ in range(4)]
        for moment in moments:
            for unit in ("minute", "hour", "day", "week", "month", "year"):
                begin, end = window(zone, unit, moment)
                print(name, unit, *(int(at.timestamp()) for at in (moment, begin, end)))
        for text in changes + EVERYWHERE:
            moment = datetime.fromisoformat(text).replace(tzinfo=timezone.utc) - timedelta(days=1) + 2 * MINUTE
            for unit in ("hour", "day", "week", "month", "year"):
                print(name, f"from-{unit}", int(moment.timestamp()), int(end_from(zone, unit, moment).timestamp()))


main()
