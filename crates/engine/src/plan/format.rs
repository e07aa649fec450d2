//! A mapping's `format`: which rules read by a pattern, and what a faulty one is refused with.

use super::Refusal;
use crate::catalog::Field;
use crate::typing::{DatePattern, NumberFormat, PatternFault, Rule};

/// The rule that reads cells by the pattern. Defaults are read by it too: they stand in the place of a cell.
pub(super) fn by_format(field: &Field, rule: Rule, format: &str, path: &str) -> Result<Rule, Refusal> {
    let api_name = || field.api_name.clone();
    let path = || format!("{path}.format");
    let faulty = |fault: PatternFault| Refusal::FormatFaulty {
        api_name: api_name(),
        format: format.to_owned(),
        at: fault.at,
        what: fault.what,
        path: path(),
    };
    match rule {
        Rule::Date => DatePattern::parse(format).map(Rule::DateBy).map_err(faulty),
        Rule::DateTime(zone) => {
            let pattern = DatePattern::parse(format).map_err(faulty)?;
            Ok(Rule::DateTimeBy(pattern, zone))
        }
        Rule::Integer { .. } | Rule::BigInt { .. } | Rule::Decimal { .. } | Rule::Percent { .. } => {
            let takes_percent = matches!(rule, Rule::Percent { .. });
            let pattern = NumberFormat::parse(format, takes_percent).map_err(faulty)?;
            Ok(Rule::NumberBy(pattern, Box::new(rule)))
        }
        _ => Err(Refusal::FormatNotSupported {
            api_name: api_name(),
            data_type: field.kind.data_type().to_owned(),
            format: format.to_owned(),
            path: path(),
        }),
    }
}
