"""Cells of the other types: emails, phones, web addresses, booleans, choices, owners, look-ups, layouts."""

from .case import csv, job, table


def column(name, about, field, cells, mapping=None, before=None, **keys):
    return table(name, about, ["Name", field], [["A", cell] for cell in cells], job("Name", {"field": field, **(mapping or {})}, **keys), before)


PLACES = ("Name,Code\nParis,P1\nLondon,L1\nlondon,L2\n", {"module": "Places"})


def cases():
    yield column("emails", "Emails by the documented pattern.", "Email", [
        "a@example.com", "A.B+c@Example.co.uk", "a@b.c", "a@b.co", "müller@bücher.example", "a@example", "@example.com", "a@", "a b@example.com", "a@@example.com", "a@-example.com",
        "a@example..com", "a.@example.com", ".a@example.com", "a@example.com.", "a@exa_mple.com", "_a@example.com", "a@example.c0m", "a@" + "x" * 90 + ".com", "a@" + "x" * 98 + ".com", " a@example.com ",
    ])
    yield column("phones", "Phones by the documented pattern, with brackets.", "Phone", [
        "+1 555 010 4477", "(555) 123-4567", "555.123.4567", "555-123-4567 x12", "0", "+", "-5", ".5", "555--123", "555#12", "555;12", "call me", "1234567890123456789012345678901", "555/123", "",
    ])
    yield column("websites", "Web addresses by the documented pattern.", "Website", [
        "www.example.com", "http://example.com", "https://www.example.com/a?b=c", "ftp://example.com", "example.com", "HTTP://EXAMPLE.COM", "http://", "http://example", "http://exa mple.com", "mailto:a@example.com",
    ])
    yield column("booleans", "true, yes, on and 1, false, no, off and 0, in any case and as a letter.", "Done", [
        "true", "FALSE", "Yes", "no", "1", "0", "t", "on", "2", "ja", "", " true ", "F", "y", "N", "OFF", "01", "wahr", "-1",
    ])
    yield column("choices", "A picklist takes its values without case, and new ones.", "Kind", ["Old", "NEW", "Other", "other", "OTHER", "", "x" * 255, "x" * 256])
    yield column("choices_strict", "Where new values are refused.", "Kind", ["Old", "NEW", "Other", ""], strict_picklists=True)
    yield column("several_choices", "Values joined by semicolons; blanks around them are none, and one that is there twice is one.", "Colours", ["Red", "red;BLUE", "Red; Blue ;Red", ";", "Red;;Blue", "Green;Red", "green", "Red,Blue"])
    yield column("several_choices_strict", "Where new values are refused.", "Colours", ["red;blue", "Red;Green"], strict_picklists=True)
    yield csv("choices_of_skipped_rows", "A new value of a row that is not written is not added.", "Name,Kind\n,Never\nA,Once\n")
    yield column("owners", "An owner by id or by email.", "Owner", ["42", "pat@example.com", "PAT@example.com", "43", "sam@example.com", "Pat", ""])
    yield column("lookups_by_id", "A look-up by id finds no record.", "Place", ["1", "0", "-1", "x", "99999999999999999999", ""], {"find_by": "id"}, [PLACES])
    yield column("lookups_by_name", "By the display field: found, several found, none found.", "Place", ["Paris", "PARIS", "London", "Rome", ""], {"find_by": "Name"}, [PLACES])
    yield column("lookups_by_code", "By an external id.", "Place", ["P1", "l2", "X"], {"find_by": "Code"}, [PLACES])
    yield column("lookups_without_find_by", "A look-up that does not say how: refused.", "Place", ["Paris"], None, [PLACES])
    yield column("lookups_polymorphic", "One that points into several modules, by the mapping's module.", "About", ["P1", "x"], {"find_by": "Code", "module": "Places"}, [PLACES])
    yield column("lookups_polymorphic_without_module", "Without one: refused.", "About", ["P1"], {"find_by": "Code"}, [PLACES])
    yield csv("lookup_headers", "Field.Other_Field as a header.", "Name,Place.Code,About\nA,P1,\n", before=[PLACES])
    yield csv("layout_by_name", "The layout's name in a column: what is mandatory in it is not demanded of its rows, and an unknown name is the default layout.", "Name,Layout,Count\nA,Partners,1\nB,partners,\nC,,\nD,Nowhere,2\n")
    yield csv("layout_by_default", "The layout's id as a default: what is mandatory in it has to be mapped.", "Name\nA\n",
              {"mappings": [{"field": "Name", "index": 0}, {"field": "Layout", "default": "99"}]})
    yield csv("layout_by_default_mapped", "With that mapped, its rows need it.", "Name,Count\nA,1\nB,\n",
              {"mappings": [{"field": "Name", "index": 0}, {"field": "Count", "index": 1}, {"field": "Layout", "default": "99"}]})
    yield csv("layout_unknown", "A layout that there is not.", "Name\nA\n",
              {"mappings": [{"field": "Name", "index": 0}, {"field": "Layout", "default": "98"}]})
    yield csv("defaults", "A default fills empty cells, and stands for a missing column.", "Name,Count\nA,\nB,2\nC,  \n",
              {"mappings": [{"field": "Name", "index": 0}, {"field": "Count", "index": 1, "default": 7}, {"field": "Kind", "default": "old"}]})
    yield csv("default_unfit", "A default that does not fit: refused.", "Name,Count\nA,\n", {"mappings": [{"field": "Name", "index": 0}, {"field": "Count", "index": 1, "default": "many"}]})
    yield csv("read_only", "A read-only field: refused.", "Name,x\nA,1\n", job("Name", "Created_Time"))
    yield csv("autonumber", "A field that an import cannot write: refused by name.", "Name,x\nA,1\n", job("Name", "Serial_Number"))
    yield csv("column_missing", "A column that the file does not have: refused.", "Name\nA\n", {"mappings": [{"field": "Name", "index": 1}]})
    yield csv("column_negative", "A negative one too.", "Name\nA\n", {"mappings": [{"field": "Name", "index": -1}]})
    yield csv("mapped_twice", "One field twice: refused.", "Name,x\nA,B\n", job("Name", "Name"))
    yield csv("column_twice", "One column for two fields.", "Name\nA\n", {"mappings": [{"field": "Name", "index": 0}, {"field": "Note", "index": 0}]})
    yield csv("unknown_field", "A field that there is not: refused.", "Name,x\nA,1\n", job("Name", "Nose"))
    yield csv("mandatory_not_mapped", "A mandatory field that is not mapped: refused at creation.", "Note\none\n", job("Note"))
    yield csv("several_faults", "Every fault of a row is told, codes in order, columns in file order.", "Count,Day,Name,Done\nx,y,,z\n1,2026-02-30,A,true\n,,,\n",
              job("Count", "Day", "Name", "Done"))
    yield csv("columns_of_the_result", "The result shows the first three mapped columns in file order.", "x,Note,Name,y,Count,Kind\n1,one,A,2,3,Old\n1,\"o,\"\"e\",B,2,,\n",
              job(None, "Note", "Name", None, "Count", "Kind"))
