#!/usr/bin/env python3
"""Makes forms.tsv: what the documented patterns of e-mail addresses, phone numbers and web addresses say to texts.

The patterns use look-ahead and atomic groups; the package `regex` runs them as they are. They are those of
docs of the vendor's API, written here as there. The texts are made here: by hand where a rule turns, and at random
(with a fixed seed) out of the characters that the patterns name. Run it after a change of either:

    python3 -m venv /tmp/forms && /tmp/forms/bin/pip install regex==2026.11.19
    /tmp/forms/bin/python crates/engine/src/typing/contact/forms.py > crates/engine/src/typing/contact/forms.tsv
"""
import json
import random

import regex

R1 = r"""^[\+\-\p{L}\p{M}\p{N}_]([\p{L}\p{M}\p{N}!#$%&'*+\-\/=?^_`{|}~.]*)@(?=.{4,256}$)(([\p{L}\p{N}\p{M}]+)(([\-_]*[\p{L}\p{M}\p{N}])*)[.])+[\p{L}\p{M}]{2,22}$"""
R2 = r"""^([+]?)(?![.-])(?>(?>[.-]?[ ]?[\da-zA-Z]+)+|([ ]?((?![.-])(?>[ .-]?[\da-zA-Z]+)+)(?![.])([ -]?[\da-zA-Z]+)?)+)+(?>(?>([,]+)?[;]?[\da-zA-Z]+)+(([#][\da-zA-Z]+)+)?)?[#;]?$"""
R3 = r"""^(http:\/\/www.|https:\/\/www.|ftp:\/\/www.|www.|http:\/\/|https:\/\/|ftp:\/\/|){1}[^\x00-\x19\x22-\x27\x2A-\x2C\x2E-\x2F\x3A-\x3F\x5B-\x5E\x60\x7B\x7D-\x7F]+(\.[^\x00-\x19\x22\x24-\x2C\x2E-\x2F\x3C\x3E\x40\x5B-\x5E\x60\x7B\x7D-\x7F]+)+([\/\?].*)*$"""

# `\d` of phone numbers is ASCII in the language that the patterns are written for.
PATTERNS = {"email": regex.compile(R1), "phone": regex.compile(R2, regex.ASCII), "website": regex.compile(R3)}

BY_HAND = {
    "email": """
        jane@example.com|+jane@example.com|-jane@example.com|_@a.bc|.jane@example.com|jane.@example.com|ja..ne@example.com
        jane|jane@|@example.com|jane@example|jane@.com|jane@example.|jane@example.c|jane@example.co|jane@a.museum
        jane@exa_mple.com|jane@exa-mple.com|jane@-example.com|jane@example-.com|jane@_a.com|jane@a_.com|jane@a--b.com
        jane@a-_b.com|jane@a.b.c.de|jane@a..de|jane@1.de|jane@a.1e|jane@a.e1|jane@a.d-e|jane@ex ample.com|ja ne@example.com
        "jane"@example.com|ja(ne@example.com|ja,ne@example.com|ja;ne@example.com|ja:ne@example.com|ja<ne@example.com
        o'neil@example.ie|a!#$%&'*+-/=?^_`{|}~.z@x.yz|jane@@example.com|jane@ex@ample.com|jürgen@müller.de|李@例え.日本
        ни@пример.рф|e\u0301@e\u0301x.com|a@b.c\u0301d|\u0301a@b.cd|a@\u0301b.cd|1@2.info|a@b.c1|²@x.yz|a@x².yz|a@x.y²|a@Ⅷ.com
        a@b.zzzzzzzzzzzzzzzzzzzzzz|a@b.zzzzzzzzzzzzzzzzzzzzzzz|jane@example.com.|jane@example.com-|💡@x.yz|a@💡.com
    """,
    "phone": """
        5551234|555-1234|555.1234|555 1234|+1 555 1234|+1-555-1234|++1555|1+555|-555|.555|+-555|+.555| 555|555 |555-|555.
        555--1234|555..1234|555  1234|555   1234|555- 1234|555. 1234|555 -1234|555 .1234|555-.1234|1-800-FLOWERS|abc|a|+|-|.
        555,12|555,,12|555;12|555,;12|555;,12|555#12|555,12#34|555,12#34#5|555#|555;|555#;|555;#|555,|555,#|555,12#|555,12;
        1 2 3 4|1-2-3|1.2.3|1  2  3|1  2.3|1  2.|1  2.3 4|1  2-3.4|1  2 3.|1  2-3  4|1  -2|1 . 2|1  .2|+1  2|+ 1|+ 1 2
        555/1234|555_1234|555:1234|٥٥٥|555\u00a01234|x555|555x12|555 ext 12|0049 0 30|12ab34|1;2;3|1,2,3|1;2#3#4|1#2|1#2#3
    """,
    "website": """
        example.com|www.example.com|http://example.com|https://example.com|ftp://example.com|http://www.example.com|wwwxexample.com
        https://www.example.com/a?b=c#d|example|www.example|http://example|http://|www.|.com|example.|example..com|a.b|a.b.c
        ex ample.com|example.com/|example.com?|example.com/a b|example.com#a|example.com:80|example.com:80/a|localhost:80
        http://localhost|http://127.0.0.1|http://[::1]/|mailto:a@b.c|HTTP://example.com|https:/example.com|//example.com|/a.b
        exa-mple.com|exa_mple.com|-a.b|a.-b|a.b-|müller.de|例え.日本|ex!ample.com|ex(a).com|ex@ample.com|a.b@c|a.b=c|a.b;c|a.b,c
        a.b!c|a.b~c|a.b&c|a.b%20c|a.b|a,b.c|a=b.c|a?b.c|a.b?c?d//e|a.b#|a#b.c|a.#b|a.?b|a./b|a.b/.|ftp://www.a.b|www.a.b|www|w.a
        https://www./a|www.a|wwww.a.b|http://wwwa.b|http://www?a.b
    """,
}

AT_RANDOM = {
    "email": ["a", "Z", "9", "é", "中", "\u0301", ".", "-", "_", "+", "!", "@", "com", "de", " ", "x"],
    "phone": ["1", "2", "9", "a", "Z", "+", "-", ".", " ", "  ", "#", ",", ";", "55", "7"],
    "website": ["a", "b", "é", ".", "-", "www.", "http://", "https://", "ftp://", "/", "?", "#", ":", "!", "com", " ", "@", "="],
}
RANDOM_ONES = 400


def texts(kind, numbers):
    by_hand = [text for line in BY_HAND[kind].split("\n") for text in line.strip().split("|")]
    # What has the separator in it.
    by_hand += ["a!#$%&'*+-/=?^_`{|}~.z@x.yz", "a|b.c", "5|5"]
    parts = AT_RANDOM[kind]
    some_of = lambda most: "".join(numbers.choice(parts) for _ in range(numbers.randint(1, most)))
    # Few texts out of those characters are an address; more are one with a sign and a last label put in.
    shape = (lambda: f"{some_of(4)}@{some_of(5)}.{numbers.choice(['com', 'de', 'é中', 'x'])}") if kind == "email" else (lambda: some_of(9))
    at_random = [shape() for _ in range(20 * RANDOM_ONES)]
    is_match = lambda text: bool(PATTERNS[kind].search(text))
    # As many that match as that do not, as far as there are.
    some = [text for text in dict.fromkeys(at_random) if is_match(text)][: RANDOM_ONES // 2]
    others = [text for text in dict.fromkeys(at_random) if not is_match(text)][: RANDOM_ONES // 2]
    unescaped = (text.encode().decode("unicode_escape") if "\\u" in text else text for text in by_hand)
    # Cells come trimmed and not empty.
    return [text for text in dict.fromkeys([*unescaped, *some, *others]) if text and text == text.strip()]


def main():
    numbers = random.Random(45)
    print("# Made by forms.py: what each pattern says to a text, which is JSON.")
    for kind, pattern in PATTERNS.items():
        for text in texts(kind, numbers):
            print(kind, "yes" if pattern.search(text) else "no", json.dumps(text), sep="\t")


main()
