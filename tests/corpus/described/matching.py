"""find_by, unique fields, blanking: what the three operations do with rows that meet records."""

from .case import csv

RECORDS = ("Name,Email,Code,Count\nAnn,ann@example.com,A1,1\nBob,bob@example.com,B1,2\nTwin,twin@example.com,T1,3\nTwin,TWIN@example.com,T2,4\n", {})


def upon(name, about, text, **job):
    return csv(name, about, text, job, [RECORDS])


def cases():
    yield upon("insert", "A plain insert makes records, whatever their emails; unique values that are taken are not written.",
               "Name,Email,Code\nAnn,ann@example.com,A2\nNew,new@example.com,a1\nNew,new@example.com,N1\nNew,new@example.com,n1\n")
    yield upon("insert_find_by", "With find_by the rows that match are skipped, also those that match a row before.",
               "Name,Email\nAnn,ANN@example.com\nNew,new@example.com\nNewer,New@example.com\nNone,\nNone,\n", find_by="Email")
    yield upon("update", "update changes what it finds, and makes nothing; the later row changes what the earlier one wrote.",
               "Email,Count\nann@example.com,10\nBOB@example.com,20\nnew@example.com,30\nann@example.com,11\n,5\n", operation="update", find_by="Email")
    yield upon("update_ambiguous", "A key that several records carry: none is touched.", "Email,Count\ntwin@example.com,10\n", operation="update", find_by="Email")
    yield upon("upsert", "upsert changes or makes.", "Name,Email,Count\nAnn,ann@example.com,10\nNew,new@example.com,20\nNewer,new@example.com,21\nNone,,1\nTwin,twin@example.com,5\n",
               operation="upsert", find_by="Email")
    yield upon("upsert_by_unique", "By a unique field, without case.", "Name,Code,Email\nAnna,a1,anna@example.com\nNew,n1,new@example.com\n", operation="upsert", find_by="Code")
    yield upon("upsert_takes_unique", "A unique value that another record holds.", "Email,Name,Code\nann@example.com,Ann,b1\nbob@example.com,Bob,B1\n", operation="upsert", find_by="Email")
    yield upon("unique_moves", "A unique value that a row gives up can be taken by a later one.", "Email,Code\nann@example.com,free\nbob@example.com,A1\n", operation="update", find_by="Email")
    yield upon("skipped_rows_hold_no_key", "A row that is skipped holds no key.", "Name,Code\n,N1\nNew,N1\nNewer,N1\n")
    yield upon("bad_key", "A key that does not fit its type.", "Email,Name\nnone,X\nann@example.com,Annie\n", operation="update", find_by="Email")
    yield upon("blanking", "Empty cells blank fields, but not mandatory ones.", "Email,Name,Count,Code\nann@example.com,Ann,,\nbob@example.com,,5,\n", operation="update", find_by="Email")
    yield upon("ignore_empty", "With ignore_empty they leave them alone.", "Email,Name,Count,Code\nann@example.com,Ann,,\nbob@example.com,,5,\n", operation="update", find_by="Email", ignore_empty=True)
    yield upon("ignore_empty_creates", "A row that creates still needs what is mandatory.", "Email,Name,Count\nnew@example.com,,1\nann@example.com,,1\n", operation="upsert", find_by="Email", ignore_empty=True)
    yield upon("unmapped_untouched", "Fields that are not mapped stay.", "Email,Kind\nann@example.com,Old\n", operation="update", find_by="Email")
    yield upon("nothing_changes", "An update that changes nothing is still UPDATED.", "Email,Count\nann@example.com,1\n", operation="update", find_by="Email")
    yield upon("by_id_unknown", "Ids that no record has.", "id,Name\n123,X\nabc,X\n,X\n", operation="update", find_by="id")
    yield upon("upsert_by_id_unknown", "upsert by an id that no record has makes nothing.", "id,Name\n123,X\n,New\n", operation="upsert", find_by="id")
    yield upon("find_by_missing", "update needs find_by: refused.", "Email,Name\nann@example.com,X\n", operation="update")
    yield upon("find_by_unusable", "A field that records cannot be found by: refused.", "Email,Name\nann@example.com,X\n", operation="update", find_by="Name")
    yield upon("find_by_not_mapped", "find_by has to be mapped: refused.", "Name\nX\n", operation="upsert", find_by="Email")
    yield csv("case_sensitive", "A unique field that is case-sensitive.", "Name,Serial\nA,s1\nB,S1\nC,s1\n")
    yield csv("folded", "Keys are the same without case, beyond ASCII too; ß is not ss.", "Name,Code\nA,STRASSE\nB,straße\nC,ÄÖ\nD,äö\nE, ÄÖ \n")
    yield csv("unknown_module", "A module that there is not: refused.", "Name\nA\n", {"module": "Nothings"})
