//! Bounds of a JSON body that hold before it is parsed.

use bulkwright_wire::error::{ErrorBody, ErrorCode};

/// Refuses arrays and objects nested deeper than `depth_max`.
pub(super) fn check_depth(body: &[u8], depth_max: usize) -> Result<(), ErrorBody> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in body.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > depth_max {
                    return Err(too_deep(at, depth_max));
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn too_deep(byte: usize, depth_max: usize) -> ErrorBody {
    let message = format!("the request body is nested deeper than {depth_max} levels at byte {byte}");
    ErrorBody::new(ErrorCode::InvalidRequest, message).with("byte", byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_nesting_counts() {
        let check = |body: &str, fits: bool| assert_eq!(check_depth(body.as_bytes(), 2).is_ok(), fits, "{body}");
        check("{\"a\":[1]}", true);
        check("{\"a\":[[1]]}", false);
        check("[[],[],{}]", true);
        check(r#"{"a":"[[[[{{{{"}"#, true);
        check(r#"{"a":"\"[[[["}"#, true);
        check(r#"{"a":"\\"}"#, true);
        check(r#"["\\",[[]]]"#, false);
        check("]]]][[", true);
    }
}
