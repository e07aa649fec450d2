"""Dates and times: the forms without a format, each letter of formats, leap days, zones."""

from .case import csv, job, quoted


def days(name, about, cells, pattern=None, **keys):
    return one_column(name, about, "Day", cells, pattern, **keys)


def moments(name, about, cells, pattern=None, **keys):
    return one_column(name, about, "At", cells, pattern, **keys)


def one_column(name, about, field, cells, pattern, **keys):
    mapping = {"field": field}
    if pattern is not None:
        mapping["format"] = pattern
    lines = [f"A,{quoted(cell)}\n" for cell in cells]
    return csv(name, about, f"Name,{field}\n" + "".join(lines), job("Name", mapping, **keys))


def cases():
    yield from default_forms()
    yield from letters()
    yield from zones()
    yield from looked_at()


def default_forms():
    yield days("days", "Without a format: ISO 8601, or slashes with the month first; nothing is guessed.", [
        "2026-01-31", "2026-1-5", "01/31/2026", "1/5/2026", "31/01/2026", "13/01/2026", "2026/01/31", "31.01.2026", "01-31-2026", "20260131",
        "2026-01-31T00:00:00", "1/5/26", "26-01-31", "Jan 31, 2026", "2026-00-10", "2026-13-01", "2026-01-00", "2026-01-32", "2026-02-30",
        "", "  2026-01-31  ", "2026-01-31x", "2026-01", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "-2026-01-31", "２０２６-01-31",
    ])
    yield days("leap_days", "Leap years are every fourth, but not the centuries, but the fourth of those.", [
        "2024-02-29", "2023-02-29", "2000-02-29", "1900-02-29", "2100-02-29", "2400-02-29", "02/29/2028", "02/29/2026", "2024-02-30",
    ])
    yield moments("moments", "Without a format: ISO 8601 or slashes, a T or a blank, seconds or none.", [
        "2026-01-31T10:00:00", "2026-01-31 10:00:00", "2026-01-31T10:00", "2026-01-31t10:00:59.999", "01/31/2026 10:00:00", "1/5/2026 9:05",
        "2026-01-31", "2026-01-31T24:00:00", "2026-01-31T23:59:60", "2026-01-31T10:60:00", "2026-01-31T10", "2026-01-31  10:00:00",
        "2026-01-31T10:00:00 +05:30", "10:00:00", "1769850000", "2026-01-31T10:00:00.", "2026-02-30T10:00:00", "2026-01-31T10:00:00 PM",
    ])
    yield moments("offsets", "An offset says more than the user's zone.", [
        "2026-01-31T10:00:00Z", "2026-01-31T10:00:00z", "2026-01-31T10:00:00+05:30", "2026-01-31T10:00:00-0800", "2026-01-31T10:00:00+14",
        "2026-01-31T10:00:00-00:00", "2026-01-31T00:30:00+01:00", "2026-01-31T10:00:00+5:30", "2026-01-31T10:00:00+25:00",
        "2026-01-31T10:00:00+05:75", "2026-01-31T10:00:00UTC", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00",
    ], zone="Asia/Kolkata")


def letters():
    yield days("letters_numbers", "yyyy, MM and dd, in any order and with other signs.", [
        "31.01.2026", "1.1.2026", "31.1.2026", "2026.01.31", "31.13.2026", "30.02.2026", "31.01.26", "31-01-2026", "31.01.2026 10:00", "29.02.2024", "29.02.2026",
    ], "dd.MM.yyyy")
    yield days("letters_day_first", "The format overrides: the day comes first.", ["01/31/2026", "31/01/2026", "2026-01-31", "1/2/2026"], "dd/MM/yyyy")
    yield days("letters_side_by_side", "Numbers side by side have as many digits as letters.", ["20260131", "2026131", "202601311", "20260230"], "yyyyMMdd")
    yield days("letters_single", "Single letters take one or two digits.", ["5/1/2026", "05/01/2026", "005/1/2026", "5/1/26"], "d/M/y")
    yield days("two_digit_years", "yy: 00 to 68 are of this century, 69 to 99 of the last.", [
        "31/01/00", "31/01/26", "31/01/68", "31/01/69", "31/01/99", "31/01/2026", "31/01/6", "29/02/00", "29/02/01",
    ], "dd/MM/yy")
    yield days("month_names", "MMM and MMMM: English names, short or whole, in any case.", [
        "31 Jan 2026", "31 January 2026", "31 JAN 2026", "1 may 2026", "30 Sept 2026", "31 Janu 2026", "31 Januar 2026", "29 Feb 2024", "31 Feb 2026", "31 1 2026",
    ], "d MMM yyyy")
    yield days("month_names_whole", "The same with four letters.", ["January 31, 2026", "Jan 31, 2026", "jUNE 1, 2026", "31 January 2026"], "MMMM d, yyyy")
    yield days("weekdays", "E has to be the day's.", ["Sat 31.01.2026", "Saturday 31.01.2026", "sun 01.02.2026", "Fri 31.01.2026", "31.01.2026"], "EEE dd.MM.yyyy")
    yield days("quoted_text", "Text in single quotes stands for itself, two for one.", ["Day 31 o'January 2026", "day 31 o'january 2026", "31 January 2026"], "'Day' d 'o'''MMMM yyyy")
    yield days("blanks", "A blank is one or more of them.", ["31 01  2026", "31\u00a001 2026", "31012026", "31  01   2026"], "dd MM yyyy")
    yield moments("hours", "HH from 0 to 23.", ["31.01.2026 00:00:00", "31.01.2026 23:59:59", "31.01.2026 24:00:00", "31.01.2026 9:05:00", "31.01.2026"], "dd.MM.yyyy HH:mm:ss")
    yield moments("hours_from_one", "kk from 1 to 24: 24 is midnight, the first hour.", ["31.01.2026 24:00", "31.01.2026 1:00", "31.01.2026 0:00", "31.01.2026 25:00"], "dd.MM.yyyy kk:mm")
    yield moments("half_days", "hh with AM and PM: 12 AM is midnight, 12 PM noon.", [
        "31.01.2026 12:00 AM", "31.01.2026 12:00 PM", "31.01.2026 1:30 pm", "31.01.2026 11:59 Am", "31.01.2026 13:00 PM", "31.01.2026 0:30 AM", "31.01.2026 1:30", "31.01.2026 1:30 p.m.",
    ], "dd.MM.yyyy hh:mm a")
    yield moments("half_days_from_zero", "KK from 0 to 11.", ["31.01.2026 0:30 AM", "31.01.2026 0:30 PM", "31.01.2026 11:30 PM", "31.01.2026 12:30 PM"], "dd.MM.yyyy K:mm a")
    yield moments("fractions", "S: a fraction is read and dropped.", ["2026-01-31 10:00:00.123", "2026-01-31 10:00:00.999", "2026-01-31 10:00:00", "2026-01-31 10:00:00.1"], "yyyy-MM-dd HH:mm:ss.SSS")
    yield moments("java_iso", "The form that Java programs write.", ["2026-01-31T10:00:00+0530", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00+05:30", "2026-01-31T10:00:00"], "yyyy-MM-dd'T'HH:mm:ssZ")
    yield moments("zone_letters", "z: offsets, abbreviations and names of zones.", [
        "31.01.2026 10:00 UTC", "31.01.2026 10:00 GMT", "31.01.2026 10:00 PST", "31.07.2026 10:00 PDT", "31.01.2026 10:00 IST", "31.01.2026 10:00 CET",
        "31.01.2026 10:00 Europe/Berlin", "31.07.2026 10:00 Europe/Berlin", "31.01.2026 10:00 +02:00", "31.01.2026 10:00 GMT+2", "31.01.2026 10:00 XYZ", "31.01.2026 10:00",
    ], "dd.MM.yyyy HH:mm z", zone="America/New_York")
    yield moments("offset_letters", "XXX: an offset or Z.", ["2026-01-31 10:00 +05:30", "2026-01-31 10:00 Z", "2026-01-31 10:00 -0800", "2026-01-31 10:00"], "yyyy-MM-dd HH:mm XXX")
    yield moments("only_a_day", "A moment whose format has no time begins its day, in the user's zone.", ["31.01.2026"], "dd.MM.yyyy", zone="Asia/Kolkata")


def zones():
    spring, autumn = "2026-03-29", "2026-10-25"
    times = [f"{spring} 01:59:59", f"{spring} 02:00:00", f"{spring} 02:30:00", f"{spring} 03:00:00",
             f"{autumn} 01:59:59", f"{autumn} 02:00:00", f"{autumn} 02:30:00", f"{autumn} 03:00:00", f"{autumn} 02:30:00+02:00", f"{autumn} 02:30:00+01:00"]
    yield moments("clock_changes", "A time that the zone skips is moved behind the gap; one that it has twice is the earlier one.", times, zone="Europe/Berlin")
    yield moments("clock_changes_in_format", "The same by a format.", times[:8], "yyyy-MM-dd HH:mm:ss", zone="Europe/Berlin")
    yield moments("clock_changes_half_hour", "Lord Howe's clocks change by half an hour.", ["2026-10-04 02:15:00", "2026-04-05 01:45:00"], zone="Australia/Lord_Howe")
    yield moments("skipped_day", "Samoa had no 30 December 2011.", ["2011-12-29 23:30:00", "2011-12-30 12:00:00", "2011-12-31 00:30:00"], zone="Pacific/Apia")
    yield moments("zone_of_user", "The user's zone is that of moments without an offset.", ["2026-01-31 10:00:00", "2026-07-31 10:00:00", "1/5/2026 00:00"], zone="America/New_York")
    yield moments("fixed_zone", "It may be a fixed offset.", ["2026-01-31 10:00:00", "2026-07-31 10:00:00"], zone="-03:30")


def looked_at():
    for number, (pattern, about) in enumerate([
        ("dd.MM", "no year"), ("yyyy", "no day"), ("dd.MM.yyyy HH:mm", "a time for a date"), ("dd.mm.yyyy", "minutes where months are meant"),
        ("DD.MM.YYYY", "letters that mean something else in Java"), ("dd.MM.yyyy 'open", "an open quote"), ("dd.MM.yyyy hh", "no AM or PM"), ("", "nothing"),
        ("dd.dd.yyyy MM", "the day twice"), ("yyy-MM-dd", "a year of three letters"), ("qq", "a letter that there is not"), ("x" * 200, "too long"),
    ]):
        yield days(f"looked_at_day_{number:02}", f"A format of a date that is looked at closely: {about}.", ["31.01.2026", "31.01.2026 10:00"], pattern)
    for number, (pattern, about) in enumerate([
        ("dd.MM.yyyy hh:mm", "half a day that is not told"), ("dd.MM.yyyy HH:mm a", "hours of a day with AM"), ("dd.MM.yyyy mm:ss", "no hour"), ("HH:mm", "no day"),
    ]):
        yield moments(f"looked_at_moment_{number:02}", f"A format of a moment that is looked at closely: {about}.", ["31.01.2026 10:00"], pattern)
