"""One table in every charset, told by name and found out; marks; broken bytes."""

from .case import csv, job

# Charset as the request names it, Python's name, and words in it.
WORDS = [
    ("UTF-8", "utf-8", "Łódź naïve 東京 Привет"),
    ("UTF-16LE", "utf-16-le", "Łódź naïve 東京 Привет"),
    ("UTF-16BE", "utf-16-be", "Łódź naïve 東京 Привет"),
    ("windows-1250", "cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy"),
    ("windows-1251", "cp1251", "Съешь же ещё этих мягких французских булок"),
    ("windows-1252", "cp1252", "Voix ambiguë d’un cœur qui préfère les jattes"),
    ("windows-1253", "cp1253", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία"),
    ("windows-1254", "cp1254", "Pijamalı hasta yağız şoföre çabucak güvendi"),
    ("windows-1255", "cp1255", "דג סקרן שט בים מאוכזב ולפתע מצא חברה"),
    ("windows-1256", "cp1256", "نص حكيم له سر قاطع وذو شأن عظيم"),
    ("windows-1257", "cp1257", "Įlinkdama fechtuotojo špaga sublykčiojusi"),
    ("windows-1258", "cp1258", "Việt".replace("ệ", "ê\u0323") + " Nam đẹp".replace("ẹ", "e\u0323")),
    ("ISO-8859-1", "cp1252", "Zwölf Boxkämpfer jagen Viktor quer über den Deich"),
    ("ISO-8859-2", "iso8859-2", "Zażółć gęślą jaźń"),
    ("ISO-8859-3", "iso8859-3", "Eĥoŝanĝo ĉiuĵaŭde"),
    ("ISO-8859-4", "iso8859-4", "Põdur Zagrebi tšellomängija"),
    ("ISO-8859-5", "iso8859-5", "Љубазни фењерџија чађавог лица"),
    ("ISO-8859-6", "iso8859-6", "نص حكيم له سر قاطع"),
    ("ISO-8859-7", "iso8859-7", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία"),
    ("ISO-8859-8", "iso8859-8", "דג סקרן שט בים מאוכזב"),
    ("ISO-8859-9", "cp1254", "Pijamalı hasta yağız şoföre çabucak güvendi"),
    ("ISO-8859-10", "iso8859-10", "Kæmi ný öxi hér ykist þjófum nú"),
    ("ISO-8859-11", "cp874", "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า"),
    ("ISO-8859-13", "iso8859-13", "Glāžšķūņa rūķīši dzērumā čiepj"),
    ("ISO-8859-14", "iso8859-14", "Ŵyddgrug ŷ môr d’ḃeannaiġ".replace("’", "'")),
    ("ISO-8859-15", "iso8859-15", "Le cœur déçu coûte 5 €"),
    ("Shift_JIS", "cp932", "いろはにほへと 表示 ソート 能力"),
    ("EUC-JP", "euc_jp", "いろはにほへと 表示 ソート 能力"),
    ("ISO-2022-JP", "iso2022_jp", "いろはにほへと 表示 ソート 能力"),
    ("EUC-KR", "cp949", "키스의 고유조건은 입술끼리 만나야 하고"),
    ("GBK", "gbk", "我能吞下玻璃而不伤身体 镕"),
    ("GB18030", "gb18030", "我能吞下玻璃而不伤身体 𠀀"),
    ("Big5", "big5", "我能吞下玻璃而不傷身體 功蓋"),
    ("KOI8-R", "koi8_r", "Съешь же ещё этих мягких французских булок"),
]
# Bytes that mean nothing in the charset, where there are such.
BROKEN = [
    ("UTF-8", b"\xc3("),
    ("UTF-8", b"\xed\xa0\x80"),
    ("UTF-8", b"\xf4\x90\x80\x80"),
    ("UTF-8", b"\xc0\xaf"),
    ("UTF-16LE", b"\x00\xd8x\x00"),
    ("UTF-16BE", b"\xdc\x00\x00x"),
    ("windows-1253", b"\xd2"),
    ("windows-1255", b"\xd9"),
    ("windows-1257", b"\xa1"),
    ("ISO-8859-3", b"\xa5"),
    ("ISO-8859-6", b"\xa1"),
    ("ISO-8859-7", b"\xae"),
    ("ISO-8859-8", b"\xbf"),
    ("Shift_JIS", b"\x81("),
    ("EUC-JP", b"\xa4("),
    ("ISO-2022-JP", b"\x1b$B\x24\x1b(B"),
    ("EUC-KR", b"\xa1("),
    ("GBK", b"\xff"),
    ("GB18030", b"\x810\xff0"),
    ("Big5", b"\xa1("),
]
MAPPED = ("Name", "Note", "Code")
MARKS = {"UTF-8": b"\xef\xbb\xbf", "UTF-16LE": b"\xff\xfe", "UTF-16BE": b"\xfe\xff"}


def cases():
    for label, codec, words in WORDS:
        yield named(label, codec, words)
    for label, codec, words in WORDS:
        yield found_out(label, codec, words)
    for number, (label, broken) in enumerate(BROKEN):
        yield broken_bytes(number, label, broken)
    yield from marks()
    yield from others()


def table(words):
    """Words in the header, in bare and quoted cells, over line ends."""
    return f'Name,{words},Code\r\nA,{words},1\r\n"B","{words},\n""{words}""",2\r\nC,plain,3\r\n'


def short(label):
    return label.lower().replace("-", "_")


def named(label, codec, words):
    about = f"{label}, which the request names."
    return csv(f"{short(label)}_named", about, table(words).encode(codec), job(*MAPPED, charset=label))


def found_out(label, codec, words):
    about = f"{label} without a name and without a mark: what is found is told, right or not where charsets are alike."
    return csv(f"{short(label)}_unnamed", about, table(words).encode(codec), job(*MAPPED))


def broken_bytes(number, label, broken):
    codec = dict((one, codec) for one, codec, _ in WORDS)[label]
    encoded = lambda text: text.encode(codec)
    content = encoded("Name,Note,Code\nA,good,1\nB,bad ") + broken + encoded(" bad,2\nC,good,3\n")
    about = f"Bytes that mean nothing in {label} spoil their row, with line, column and byte."
    return csv(f"broken_{number:02}_{short(label)}", about, content, job(*MAPPED, charset=label))


def marks():
    for label, mark in MARKS.items():
        content = mark + table("Łódź").encode(dict((one, codec) for one, codec, _ in WORDS)[label])
        yield csv(f"mark_{short(label)}", f"The mark of {label} tells the charset.", content, job(*MAPPED))
    utf16 = b"\xfe\xff" + table("Łódź").encode("utf-16-be")
    yield csv("mark_utf_16_by_order", "UTF-16 leaves the order of bytes to the mark.", utf16, job(*MAPPED, charset="utf-16"))
    yield csv("mark_contradicts", "A mark that proves the name wrong: refused.", utf16, job(*MAPPED, charset="UTF-8"))
    yield csv("mark_utf_32", "The mark of UTF-32, which is not read: refused.", b"\xff\xfe\0\0" + "Name\nA\n".encode("utf-32-le"), job("Name"))
    gb = "\ufeff".encode("gb18030") + table("我能").encode("gb18030")
    yield csv("mark_gb18030", "U+FEFF in GB18030 at the start.", gb, job(*MAPPED))


def others():
    plain = "Name,Note,Code\nA,one,1\n"
    yield csv("unknown_label", "There is no such charset: refused.", plain, job(*MAPPED, charset="UTF-9"))
    yield csv("label_by_other_name", "A label in other words; the canonical name is told.", "Name,Note,Code\nA,Zwölf,1\n".encode("latin-1"),
              job(*MAPPED, charset=" Latin1 "))
    yield csv("ascii", "ASCII is UTF-8.", plain, job(*MAPPED))
    yield csv("name_wins", "A name wins over what could be seen: UTF-8 read as windows-1252.", "Name,Note,Code\nA,Zwölf,1\n", job(*MAPPED, charset="windows-1252"))
    lines = [f"A{number},Zwölf,{number}\n".encode() for number in range(150)]
    lines[70] = b"A70,Zw\xf6lf,70\n"
    yield csv("mostly_utf_8", "Under 1 % of the lines are broken: still UTF-8, and that row is skipped.", b"Name,Note,Code\n" + b"".join(lines), job(*MAPPED))
    lines = [b"A%d,Zw\xf6lf,%d\n" % (number, number) for number in range(20)]
    lines[7] = "A7,Zwölf,7\n".encode()
    yield csv("mostly_not_utf_8", "A single valid line does not make it UTF-8.", b"Name,Note,Code\n" + b"".join(lines), job(*MAPPED))
    yield csv("broken_header", "Broken bytes in the header: refused, with the place.", b"Name,No\xffte,Code\nA,one,1\n", job(*MAPPED, charset="UTF-8"))
    yield csv("broken_everywhere", "Several broken cells of a row: the first is told.", b"Name,Note,Code\nA,\xff,\xfe\n\xff,\xff,\xff\nB,two,2\n", job(*MAPPED, charset="UTF-8"))
    yield csv("cut_at_end", "The file ends within a character.", "Name,Note,Code\nA,one,1\nB,two,Ö".encode()[:-1], job(*MAPPED, charset="UTF-8"))
    yield csv("utf_16_odd", "UTF-16 with half a unit at the end.", "Name,Note,Code\nA,one,1\n".encode("utf-16-le") + b"B", job(*MAPPED, charset="UTF-16LE"))
    yield csv("backslash_second_byte", "In Shift_JIS the second byte of a letter may be a pipe or a backslash.",
              'Name|Note|Code\nA|"ソ表"|1\n'.encode("cp932"), job(*MAPPED, charset="Shift_JIS"))
    yield csv("quoted_broken", "Broken bytes inside quotes do not end them.", b'Name,Note,Code\nA,"one \xc3\n, two",1\nB,two,2\n', job(*MAPPED, charset="UTF-8"))
