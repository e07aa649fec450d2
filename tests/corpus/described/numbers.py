"""Numbers: groups, points and commas, signs, bounds, rounding, formats."""

from .case import csv, job, quoted


def column(name, about, field, cells, pattern=None):
    mapping = {"field": field}
    if pattern is not None:
        mapping["format"] = pattern
    lines = [f"A,{quoted(cell)}\n" for cell in cells]
    return csv(name, about, f"Name,{field}\n" + "".join(lines), job("Name", mapping))


def cases():
    yield from without_format()
    yield from with_format()
    yield from looked_at()


def without_format():
    yield column("integers", "Whole numbers of up to 9 digits; 12.0 is one, 12.5 is none.", "Count", [
        "0", "1", "-1", "+1", "007", "123,344", "1,234,567", "12,34", "1,2345", ",123", "123,", "12.0", "12.5", "12.", "1e5", "0x10", "1 000", "999999999",
        "1000000000", "-999999999", "-1000000000", "000000000000000000001", "--1", "+-1", "-", "+", ".", "", "١٢", "12a", "NaN", "∞", "-0", "$5", "−5", "1_000",
    ])
    yield column("bigints", "Up to 18 digits.", "Large", ["999999999999999999", "1000000000000000000", "-999999999999999999", "1,000,000", "9223372036854775807", "18446744073709551616", "1.0", "1.5"])
    yield column("decimals", "Decimals are stored exactly; more than the field has, up to 9, are rounded half up.", "Price", [
        "1234.5", "1,234.50", "1.234,50", "1234,50", "0.005", "0.004", "0.0049999", "-0.005", "-0.004", "1.005", "2.675", "1.995", "999.995", ".5", "5.", "-.5", "1.123456789", "1.1234567891",
        "9999999999999999.99", "9999999999999999.994", "9999999999999999.995", "10000000000000000", "-9999999999999999.99", "1e5", "12,34", "1,234,5.0", "1,234.5,0", "1.2.3", "0.1", "0",
    ])
    yield column("doubles", "9 decimals, exactly.", "Weight", ["0.1", "0.123456789", "0.000000001", "0.0000000001", "1234567890123456.123456789", "12345678901234567", "-0.000000001"])
    yield column("currency_signs", "A currency sign may stand before the number, with the sign before or behind it.", "Price", [
        "$5", "€5", "£1,234.50", "¥100", "₹1,00,000", "₹100,000", "-$5", "$-5", "+€5", "$ 5", "5$", "5 €", "$$5", "-$-5", "USD 5", "$", "($5)", "5-", "¤5",
    ])
    yield column("percents", "Up to 5 digits; a percent sign may stand behind.", "Share", ["12", "12.5", "12.345", "99999", "100000", "-5", "12%", "12 %", "0.125", "99999.994", "99999.995"])


def with_format():
    yield column("decimal_comma", "#.##0,00: points group, the comma is the decimal sign.", "Price", [
        "1.234,50", "1234,50", "1.234.567,8", "1,234.50", "12.34,5", "1.23", "1.234", "0,005", "0,004", "-1.234,50", "1234", ",5", "5,", "€5", "1.234,50 €",
    ], "#.##0,00")
    yield column("decimal_point", "#,##0.00: the other way round.", "Price", ["1,234.50", "1234.5", "1.234,50", "12,34.5", "1,234", "0.005", "$5"], "#,##0.00")
    yield column("grouped_by_blanks", "# ##0,00: blanks of any kind group.", "Price", ["1 234,50", "1\u00a0234,50", "1\u202f234,50", "1234,50", "12 34,50", "1  234,50", "1.234,50"], "# ##0,00")
    yield column("grouped_by_apostrophes", "#'##0.00: apostrophes group.", "Price", ["1'234.50", "1’234.50", "1234.5", "1,234.50"], "#'##0.00")
    yield column("lakhs", "#,##,##0.00: groups of two before the last of three.", "Price", ["12,34,567.89", "1,234,567.89", "1,00,000", "100000", "1,00,00"], "#,##,##0.00")
    yield column("currency_by_sign", "¤#,##0.00: any currency's sign or code, or none.", "Price", ["$1,234.50", "€5", "EUR 5", "usd5", "5", "XX 5", "5 €", "-$5", "$-5"], "¤#,##0.00")
    yield column("currency_behind", "#.##0,00 €: the sign stands behind.", "Price", ["1.234,50 €", "1.234,50€", "1.234,50", "€ 1.234,50", "1.234,50 $", "-5 €"], "#.##0,00 €")
    yield column("currency_code", "#,##0.00 EUR: so does the code.", "Price", ["5 EUR", "5 eur", "5EUR", "5", "5 USD", "EUR 5"], "#,##0.00 EUR")
    yield column("brackets", "#,##0.00;(#,##0.00): negative numbers in brackets.", "Price", ["5", "(5)", "(1,234.50)", "-5", "(-5)", "(5", "5)", "()"], "#,##0.00;(#,##0.00)")
    yield column("percent_sign", "0%: a percent sign may stand behind; the number is as it is written.", "Share", ["12%", "12 %", "12", "12.5%", "%12", "12%%", "-5%"], "0%")
    yield column("percent_decimals", "0,00%: with a decimal comma.", "Share", ["12,5%", "12,345 %", "12.5%", "12"], "0,00%")
    yield column("integers_in_format", "#,##0 for a whole number.", "Count", ["1,234", "1234", "1.0", "1,234.0", "1,234.5", "1.234"], "#,##0")
    yield column("integers_by_points", "#.##0 for a whole number.", "Count", ["1.234", "1.234.567", "1234", "12.34", "1,0", "1,234"], "#.##0")


def looked_at():
    for number, (field, pattern, about) in enumerate([
        ("Price", "", "nothing"), ("Price", "abc", "no digits"), ("Price", "0%", "a percent sign for a currency"), ("Price", "#,##0.00.0", "two decimal signs"),
        ("Price", "0;0", "negative numbers like others"), ("Price", "0" * 101, "too long"), ("Note", "0.00", "a text has no format"), ("Done", "0", "nor has a boolean"),
        ("Price", "0.00E0", "an exponent"), ("Price", "#,#0,00", "groups of several sizes"), ("Price", "'x'0", "quoted text"), ("Count", "0;", "no digits behind the semicolon"),
    ]):
        yield column(f"looked_at_{number:02}", f"A format that is looked at closely: {about}.", field, ["5"], pattern)
