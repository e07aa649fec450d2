"""How a case is described."""


class Case:
    """One input, its job and what it shows. The expected result stands beside the input."""

    def __init__(self, name, about, job, extension=None, content=b"", parts=None, before=None, damage=None):
        self.name = name
        self.about = about
        self.job = job
        self.extension = extension
        self.content = content
        self.parts = parts
        self.before = before or []
        self.damage = damage

    def described(self):
        """What is kept of it in cases.json."""
        told = {"name": self.name, "about": self.about}
        if self.extension:
            told["extension"] = self.extension
        if self.parts:
            told["parts"] = self.parts
        if self.damage:
            told["damage"] = self.damage
        if self.before:
            told["before"] = [{"csv": csv, "job": job} for csv, job in self.before]
        told["job"] = self.job
        return told


def job(*mappings, **keys):
    """A job that maps columns in order: names of fields, or whole mappings. None passes a column over."""
    described = dict(keys)
    listed = []
    for index, mapping in enumerate(mappings):
        if mapping is not None:
            whole = {"field": mapping} if isinstance(mapping, str) else dict(mapping)
            whole.setdefault("index", index)
            listed.append({key: value for key, value in whole.items() if value != "none"})
    if listed:
        described["mappings"] = listed
    return described


def csv(name, about, content, job=None, before=None):
    """A case with a CSV: text is UTF-8."""
    content = content.encode() if isinstance(content, str) else content
    return Case(name, about, job or {}, "csv", content, before=before)


def table(name, about, header, rows, job=None, before=None):
    """A case with a plain table: quoted where it has to be."""
    lines = [",".join(quoted(cell) for cell in line) for line in [header, *rows]]
    return csv(name, about, "".join(line + "\n" for line in lines), job, before)


def quoted(cell):
    """A cell as RFC 4180 writes it."""
    if any(sign in cell for sign in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def large(name, about, *parts, job=None, damage=None):
    """A case with a CSV made of texts that are repeated, in a zip that may be damaged."""
    return Case(name, about, job or {}, parts=[list(part) for part in parts], damage=damage)


def zipped(name, about, content, job=None):
    """A case with a zip."""
    return Case(name, about, job or {}, "zip", content)
