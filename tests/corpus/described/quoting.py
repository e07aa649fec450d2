"""Quotes, line ends, empty lines, marks and NULs."""

from .case import csv


def cases():
    yield csv("plain", "Nothing is special: two rows of three cells.", "Name,Note,Code\nA,one,1\nB,two,2\n")
    yield csv("quoted", "Quotes around cells are no part of them, and hide delimiters.", 'Name,Note\n"A","one, two"\n"B, b",two\n')
    yield csv("doubled", "A doubled quote inside quotes is one quote.", 'Name,Note\n"A ""1""","say ""hello"""\n"""",""""""\n')
    yield csv("quoted_header", "The header may be quoted, hold delimiters and line ends, and counts as its lines.",
              '"Full\nName","Name","No,te","Note"\nx,A,y,one\n')
    yield csv("stray", "A quote inside a bare cell is text, and so are two.", 'Name,Note\nA"1,5" pipe\nB,6"" and "so" on\n')
    yield csv("blank_before_quote", "Blanks before a quote make a bare cell, whose quotes are text.", 'Name,Note\nA, "one"\nB,\t"two"\n')
    yield csv("blank_before_quote_delimiter", "A delimiter inside such a bare cell ends it: a cell too many.", 'Name,Note\nA, "one, two"\nB,three\n')
    yield csv("blank_after_quote", "Blanks between a closing quote and the delimiter are passed over.", 'Name,Note\n"A" ,"one"\t \n"B"  ,two\n')
    yield csv("text_after_quote", "Text behind a closing quote spoils its row, and only that.",
              'Name,Note\n"A"x,one\nB,"two" x\nC,"three" "3"\nD,four\n')
    yield csv("text_after_quote_lines", "Behind such a quote a line end ends the row.", 'Name,Note\nA,"one"x\nB,"two\nlines"x"still, this"\nC,three\n')
    yield csv("open", "A quote that is never closed takes the rest of the file: one row.", 'Name,Note\nA,one\nB,"two\nC,three\nD,four\n')
    yield csv("open_last_byte", "A quote is the last byte of the file.", 'Name,Note\nA,one\nB,"')
    yield csv("open_doubled", "The last quote of the file is half of a doubled one.", 'Name,Note\nA,one\nB,"two""')
    yield csv("open_header", "The header's quote is never closed: there are no rows.", 'Name,"Note\nA,one\n')
    yield csv("newlines", "LF, CR and CRLF inside quotes are kept as they are, and counted as lines.",
              'Name,Note\nA,"one\ntwo"\nB,"one\r\ntwo"\nC,"one\rtwo"\nD,"\n\n\n"\nE,end\n')
    yield csv("crlf", "Lines end in CRLF.", "Name,Note\r\nA,one\r\nB,two\r\n")
    yield csv("cr", "Lines end in CR.", "Name,Note\rA,one\rB,two\r")
    yield csv("mixed_line_ends", "LF, CR and CRLF end lines of one file.", "Name,Note\r\nA,one\nB,two\rC,three\r\n\rD,four\n\r\nE,five")
    yield csv("lf_cr", "LF followed by CR is two line ends, with an empty line between.", "Name,Note\n\rA,one\n\rB,two\n\r")
    yield csv("crlf_after_quote", "CRLF right behind a closing quote.", 'Name,Note\r\nA,"one"\r\n"B","two"\r\n')
    yield csv("no_final_line_end", "The last line has no line end.", "Name,Note\nA,one\nB,two")
    yield csv("no_final_line_end_quoted", "The last line ends in a closing quote.", 'Name,Note\nA,one\nB,"two"')
    yield csv("ends_in_delimiter", "The last byte is a delimiter: an empty cell follows.", "Name,Note\nA,one\nB,")
    yield csv("ends_in_cr", "The last byte is the CR of a CRLF.", "Name,Note\r\nA,one\r\nB,two\r")
    yield csv("empty_lines", "Empty lines are never rows, wherever they stand, and are counted as lines.",
              "\n\r\n\nName,Note\n\nA,one\n\n\n\nB,two\r\n\r\n\n")
    yield csv("blank_lines", "A line of blanks is a row with a cell; lines of delimiters and of two quotes are rows.",
              'Name,Note\n   \n,\n""\n"",""\nA,one\n')
    yield csv("one_column", "With one column an empty line is no row, and two quotes are one.", 'Name\nA\n\n""\n  \nB\n')
    yield csv("only_header", "A header without rows is completed with zeroes.", "Name,Note\n")
    yield csv("only_header_no_line_end", "The same without a line end.", "Name,Note")
    yield csv("only_line_ends", "A file of line ends has no header.", "\n\r\n\n")
    yield csv("nothing", "A file of no bytes is refused.", "")
    yield csv("mark", "A byte order mark is no part of the first header, and its bytes are counted.", b"\xef\xbb\xbfName,Note\nA,one\n")
    yield csv("mark_only", "A byte order mark and nothing else.", b"\xef\xbb\xbf")
    yield csv("mark_quoted", "A byte order mark before a quoted header.", b'\xef\xbb\xbf"Name","Note"\n"A","one"\n')
    yield csv("mark_twice", "Only the first mark is one; the second is part of the header.", b"\xef\xbb\xbf\xef\xbb\xbfName,Note,Code\nA,one,1\n")
    yield csv("mark_inside", "A mark inside a cell is text.", "Name,Note\nA,\ufeffone\n")
    yield csv("nuls", "NULs are characters like others.", b"Name,Note\nA\0,one\0two\n\0,three\n")
    yield csv("controls", "Other control characters too; only blanks around a value are taken off.", "Name,Note\nA\x01,\x1b[1mone\x7f\n\x0bB\x0c,\x0btwo\x0c\n")
    yield csv("trimmed", "White space around a cell is taken off, also inside quotes, and the result shows it.",
              'Name,Note\n  A  ,"  one  "\n\u00a0B\u2003,\ttwo\n"  ",three\n')
    yield csv("semicolons", "Semicolons, commas in cells.", "Name;Note;Code\nA;one, two;1\n\"B;b\";three;2\n")
    yield csv("tabs", "Tabs.", 'Name\tNote\nA\tone, two\n"B\tb"\ttwo; three\n')
    yield csv("pipes", "Pipes.", 'Name|Note\nA|one;two\n"B|b"|"say ""|"""\n')
    yield csv("colons", "Colons.", 'Name:Note\nA:one;two\n"B:b":http\n')
    yield csv("delimiter_in_quotes", "Delimiters in quotes of the header do not tell which it is.", '"Name";"a,b,c,d";Note\nA;x;one\n')
    yield csv("delimiter_tie", "As many commas as semicolons: the comma is taken.", "Name,a;Note\nA,x;one\n")
    yield csv("duplicate_headers", "Two columns of one name are one too many for their field.", "Name,Note,Note\nA,one,two\n")
    yield csv("duplicate_headers_mapped", "By index they can be told apart.", "Name,Note,Note\nA,one,two\n",
              {"mappings": [{"field": "Name", "index": 0}, {"field": "Note", "index": 2}]})
    yield csv("empty_headers", "Columns without a name are ignored.", 'Name,,"",Note,\nA,x,y,one,z\n')
    yield csv("unknown_headers", "Headers that name no field are ignored and told.", "Name,Nose,_Private,Note\nA,x,y,one\n")
    yield csv("no_known_header", "No header names a field: refused.", "Nose,Mouth\nA,one\n")
    yield csv("labels", "Headers may be labels, in any case, with blanks around.", " full name ,HOW MANY\nA,3\n")
