use super::*;

#[test]
fn values_cannot_break_out_of_their_header() {
    let check = |text: &str, expected: &str| assert_eq!(value_of(text).to_str().unwrap(), expected);
    check("plain text; a=\"b\"", "plain text; a=\"b\"");
    check("a\r\nSet-Cookie: x", "a??Set-Cookie: x");
    check("größe", "gr??e");
}

#[test]
fn gzip_is_used_where_it_is_taken() {
    let check = |accept: &str, expected: bool| assert_eq!(takes_gzip(accept), expected, "{accept}");
    check("gzip, deflate, br", true);
    check("GZIP", true);
    check("gzip;q=0.5", true);
    check("gzip;q=0, *", false);
    check("gzip; q=0.000", false);
    check("*", true);
    check("identity", false);
    check("deflate, br", false);
    check("", false);
}
