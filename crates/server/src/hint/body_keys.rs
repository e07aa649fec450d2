//! The keys of a create's body: those that are not known, and which was very likely meant.

use serde_json::{Map, Value};

use super::{nearest, plain, told};

/// Keys that one hint names.
const TOLD_MAX: usize = 3;
/// Objects of a body that are looked at.
const OBJECTS_MAX: usize = 1000;

/// One kind of object in the body (contract section 3).
struct Level {
    /// What it is called in a hint.
    name: &'static str,
    /// Its keys, with the object or the objects inside them.
    keys: &'static [(&'static str, Option<&'static Level>)],
    /// What people write in their place, in lower case and without separators.
    guesses: &'static [(&'static str, &'static str)],
}

static TOP: Level = Level {
    name: "the top level",
    keys: &[
        ("operation", None),
        ("character_encoding", None),
        ("ignore_empty", None),
        ("callback", Some(&CALLBACK)),
        ("resource", Some(&RESOURCE)),
    ],
    guesses: &[
        ("data", "resource"),
        ("records", "resource"),
        ("modules", "resource"),
        ("action", "operation"),
        ("charset", "character_encoding"),
        ("encoding", "character_encoding"),
        ("callbackurl", "callback"),
        ("webhook", "callback"),
    ],
};
static CALLBACK: Level = Level {
    name: "callback",
    keys: &[("url", None), ("method", None)],
    guesses: &[("uri", "url"), ("callbackurl", "url"), ("address", "url"), ("httpmethod", "method")],
};
static RESOURCE: Level = Level {
    name: "resource",
    keys: &[
        ("type", None),
        ("module", Some(&MODULE)),
        ("file_id", None),
        ("file_names", None),
        ("ignore_empty", None),
        ("find_by", None),
        ("field_mappings", Some(&MAPPING)),
        // Told in answers, and sent back by those who send what they got.
        ("code", None),
        ("status", None),
        ("message", None),
        ("file", None),
    ],
    guesses: &[
        ("mappings", "field_mappings"),
        ("fields", "field_mappings"),
        ("columns", "field_mappings"),
        ("upload", "file_id"),
        ("fileid", "file_id"),
        ("filename", "file_names"),
        ("modulename", "module"),
        ("object", "module"),
        ("externalid", "find_by"),
        ("duplicatecheckfields", "find_by"),
        ("key", "find_by"),
    ],
};
static MODULE: Level = Level {
    name: "module",
    keys: &[("api_name", None), ("id", None)],
    guesses: &[("name", "api_name"), ("modulename", "api_name")],
};
static MAPPING: Level = Level {
    name: "field_mappings",
    keys: &[
        ("api_name", None),
        ("index", None),
        ("format", None),
        ("find_by", None),
        ("module", Some(&MODULE)),
        ("default_value", Some(&DEFAULT_VALUE)),
        ("parent_column_index", None),
    ],
    guesses: &[
        ("field", "api_name"),
        ("fieldname", "api_name"),
        ("name", "api_name"),
        ("column", "index"),
        ("columnindex", "index"),
        ("columnnumber", "index"),
        ("default", "default_value"),
        ("dateformat", "format"),
    ],
};
static DEFAULT_VALUE: Level = Level {
    name: "default_value",
    keys: &[("value", None), ("name", None), ("module", None)],
    guesses: &[("val", "value"), ("default", "value")],
};
const LEVELS: [&Level; 6] = [&TOP, &CALLBACK, &RESOURCE, &MODULE, &MAPPING, &DEFAULT_VALUE];

/// What the unknown keys of a body very likely are; of a body that is no JSON object, what it is in its place.
pub(crate) fn of_body(body: &[u8]) -> Option<String> {
    let Ok(Value::Object(top)) = serde_json::from_slice(body) else { return of_other(body) };
    let mut walk = Walk { told: Vec::new(), objects_left: OBJECTS_MAX };
    walk.object(&TOP, &top);
    (!walk.told.is_empty()).then(|| walk.told.join("; "))
}

fn of_other(body: &[u8]) -> Option<String> {
    const RIGHT: &str = "the body is one JSON object with the keys operation and resource";
    let start = body.trim_ascii_start();
    let is = match start {
        [] => "nothing was sent",
        [b'[', ..] => "an array was sent",
        [b'-', b'-', ..] => "multipart was sent",
        [b'P', b'K', ..] => "a zip was sent; it goes to POST /crm/v8/upload first",
        [b'{', ..] => return None,
        _ if is_form(start) => "a form was sent",
        _ => return Some(RIGHT.to_owned()),
    };
    Some(format!("{RIGHT}; {is}"))
}

/// `name=value` from the first byte on.
fn is_form(body: &[u8]) -> bool {
    let name = body.split(|byte| *byte == b'=').next().unwrap_or_default();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%');
    !name.is_empty() && name.len() < body.len() && name.iter().all(is_name)
}

/// Goes through a body as far as it is like one of ours.
struct Walk {
    told: Vec<String>,
    objects_left: usize,
}

impl Walk {
    fn object(&mut self, level: &'static Level, object: &Map<String, Value>) {
        for (key, value) in object {
            if self.told.len() == TOLD_MAX || self.objects_left == 0 {
                return;
            }
            let known = level.keys.iter().find(|(name, _)| name == key);
            let Some((_, inside)) = known.or_else(|| self.unknown(level, key)) else { continue };
            if let Some(inside) = inside {
                self.value(inside, value);
            }
        }
    }

    fn value(&mut self, level: &'static Level, value: &Value) {
        match value {
            Value::Object(object) => {
                self.objects_left = self.objects_left.saturating_sub(1);
                self.object(level, object);
            }
            Value::Array(items) => items.iter().take(OBJECTS_MAX).for_each(|item| {
                if let Value::Object(_) = item {
                    self.value(level, item);
                }
            }),
            _ => {}
        }
    }

    /// Says what an unknown key very likely is, and goes on as if it were written so.
    fn unknown(&mut self, level: &'static Level, key: &str) -> Option<&'static (&'static str, Option<&'static Level>)> {
        let meant = meant(level, key);
        let hint = match meant {
            Some((name, _)) => format!("{} in {} is not read: write {name}", told(key), level.name),
            None => {
                let home = LEVELS.iter().find(|other| other.keys.iter().any(|(name, _)| plain(name) == plain(key)))?;
                format!("{} belongs in {}, not in {}", told(key), home.name, level.name)
            }
        };
        if !self.told.contains(&hint) {
            self.told.push(hint);
        }
        meant
    }
}

fn meant(level: &'static Level, key: &str) -> Option<&'static (&'static str, Option<&'static Level>)> {
    let names = || level.keys.iter().map(|(name, _)| *name);
    let spelled = plain(key);
    let same = names().find(|name| plain(name) == spelled);
    let guessed = || level.guesses.iter().find(|(guess, _)| *guess == spelled).map(|(_, name)| *name);
    let name = same.or_else(guessed).or_else(|| nearest(key, names()))?;
    level.keys.iter().find(|(known, _)| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_lead_to_names_that_there_are() {
        for level in LEVELS {
            for (guess, name) in level.guesses {
                assert!(level.keys.iter().any(|(known, _)| known == name), "{guess}: {name}");
                assert_eq!(*guess, plain(guess));
            }
        }
    }

    #[test]
    fn unknown_keys_are_told_what_they_are() {
        let check =
            |body: &str, expected: &str| assert_eq!(of_body(body.as_bytes()).as_deref(), Some(expected), "{body}");
        check(r#"{"operation":"insert","resources":[]}"#, "resources in the top level is not read: write resource");
        check(r#"{"data":[{}]}"#, "data in the top level is not read: write resource");
        check(r#"{"callBack":{"url":"x"}}"#, "callBack in the top level is not read: write callback");
        check(r#"{"opertaion":"insert"}"#, "opertaion in the top level is not read: write operation");
        check(r#"{"resource":[{"fileId":"1"}]}"#, "fileId in resource is not read: write file_id");
        check(r#"{"resource":{"field_mapping":[]}}"#, "field_mapping in resource is not read: write field_mappings");
        check(r#"{"resource":[{"mappings":[]}]}"#, "mappings in resource is not read: write field_mappings");
        check(r#"{"resource":[{"findBy":"Email"}]}"#, "findBy in resource is not read: write find_by");
        check(r#"{"resource":[{"module":{"apiName":"Leads"}}]}"#, "apiName in module is not read: write api_name");
        check(
            r#"{"resource":[{"field_mappings":[{"column":1},{"column":2}]}]}"#,
            "column in field_mappings is not read: write index",
        );
        check(r#"{"resource":[{"operation":"insert"}]}"#, "operation belongs in the top level, not in resource");
        check(r#"{"fileId":"1"}"#, "fileId belongs in resource, not in the top level");
        check(
            r#"{"Resource":[{"FileId":"1","Mappings":[{"fieldName":"x"}],"key":"id"}]}"#,
            "Resource in the top level is not read: write resource; FileId in resource is not read: write file_id; \
             Mappings in resource is not read: write field_mappings",
        );
    }

    #[test]
    fn bodies_that_are_right_or_unheard_of_have_no_hint() {
        let check = |body: &str| assert_eq!(of_body(body.as_bytes()), None, "{body}");
        check(
            r#"{"operation":"insert","resource":[{"type":"data","module":{"api_name":"Leads","id":"1"},"file_id":"1",
            "field_mappings":[{"api_name":"a","index":0,"default_value":{"value":1}}]}],"callback":{"url":"x","method":"post"}}"#,
        );
        check(r#"{"x-comment":"whatever"}"#);
        check(r#"{"operation":"#);
        check(&format!("{{\"{}\":1}}", "operation".repeat(100)));
    }

    #[test]
    fn what_is_no_object_is_told_what_it_is() {
        let check = |body: &[u8], expected: &str| {
            let hint = of_body(body).unwrap_or_default();
            assert!(hint.ends_with(expected), "{hint} lacks {expected}");
        };
        check(b"", "nothing was sent");
        check(b" [1]", "an array was sent");
        check(b"operation=insert&resource=x", "a form was sent");
        check(b"--x\r\n", "multipart was sent");
        check(b"PK\x03\x04", "it goes to POST /crm/v8/upload first");
        check(b"Last_Name,Email\nNg,a=b\n", "with the keys operation and resource");
    }
}
