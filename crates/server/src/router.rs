//! From a path to what it is for: the table of `wire`, with every version as a literal.

use std::sync::LazyLock;

use bulkwright_wire::path::{ENDPOINTS, EndpointRow, OWN_ENDPOINTS, OwnRow};
use bulkwright_wire::version::Version;

/// Where a path leads.
#[derive(Debug)]
pub(crate) struct Matched<'a> {
    /// Its row of the table.
    pub(crate) row: &'static EndpointRow,
    /// The version it names.
    pub(crate) version: Version,
    parameters: Vec<(&'static str, &'a str)>,
}

impl<'a> Matched<'a> {
    /// The path's own value for a parameter of the row's template.
    pub(crate) fn parameter(&self, name: &str) -> &'a str {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value).expect("handlers ask for parameters of their own template")
    }

    /// The same path's row for another method, if it has one.
    pub(crate) fn by_method(self, method: &str) -> Option<Self> {
        let mut rows = ENDPOINTS.iter().filter(|row| row.template == self.row.template);
        let row = rows.find(|row| row.method == method)?;
        Some(Matched { row, ..self })
    }

    /// Like [`Matched::parameter`], where the template may have none of that name.
    pub(crate) fn parameter_if_any(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// Where a path of our own leads.
#[derive(Debug)]
pub(crate) struct OwnMatched<'a> {
    /// Its row of the table.
    pub(crate) row: &'static OwnRow,
    parameters: Vec<(&'static str, &'a str)>,
}

impl<'a> OwnMatched<'a> {
    /// The path's own value for a parameter of the row's template.
    pub(crate) fn parameter(&self, name: &str) -> &'a str {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value).expect("handlers ask for parameters of their own template")
    }
}

/// Finds the row of a path of our own; none of its templates is inside another one.
pub(crate) fn find_own(path: &str) -> Option<OwnMatched<'_>> {
    OWN_ENDPOINTS.iter().find_map(|row| {
        let (names, parts) = (row.template.split('/'), path.split('/'));
        let mut parameters = Vec::new();
        let fits = names.clone().count() == parts.clone().count()
            && names.zip(parts).all(|(name, part)| {
                match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) => {
                        parameters.push((name, part));
                        !part.is_empty()
                    }
                    None => name == part,
                }
            });
        fits.then_some(OwnMatched { row, parameters })
    })
}

struct Route {
    row: &'static EndpointRow,
    version: Version,
    segments: Vec<Segment>,
}

enum Segment {
    Literal(&'static str),
    Parameter(&'static str),
}

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let versions_of = |row: &'static EndpointRow| {
        let versions: &[Version] = if row.pattern(Version::V2).is_some() { &Version::ALL } else { &[Version::V2] };
        versions.iter().map(move |&version| Route { row, version, segments: segments_of(row, version) })
    };
    ENDPOINTS.iter().flat_map(versions_of).collect()
});

fn segments_of(row: &'static EndpointRow, version: Version) -> Vec<Segment> {
    let segment = |text: &'static str| match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some("version") => Segment::Literal(version.as_str()),
        Some(parameter) => Segment::Parameter(parameter),
        None => Segment::Literal(text),
    };
    row.template.split('/').skip(1).map(segment).collect()
}

/// Finds the route of a path whose slashes are single. At each segment a literal wins over a parameter, for good: what
/// lies under `/crm/v8/settings/` is never a record of a module called `settings`.
pub(crate) fn find(path: &str) -> Option<Matched<'_>> {
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let mut candidates: Vec<&Route> = ROUTES.iter().collect();
    for (place, part) in parts.iter().enumerate() {
        candidates = narrowed(candidates, place, part);
    }
    let route = candidates.into_iter().find(|route| route.segments.len() == parts.len())?;
    let parameters = route.segments.iter().zip(&parts).filter_map(|(segment, part)| match segment {
        Segment::Parameter(name) => Some((*name, *part)),
        Segment::Literal(_) => None,
    });
    Some(Matched { row: route.row, version: route.version, parameters: parameters.collect() })
}

fn narrowed<'a>(candidates: Vec<&'a Route>, place: usize, part: &str) -> Vec<&'a Route> {
    let is_literal =
        |route: &&Route| matches!(route.segments.get(place), Some(Segment::Literal(text)) if *text == part);
    let is_parameter =
        |route: &&Route| !part.is_empty() && matches!(route.segments.get(place), Some(Segment::Parameter(_)));
    if candidates.iter().any(is_literal) {
        candidates.into_iter().filter(is_literal).collect()
    } else {
        candidates.into_iter().filter(is_parameter).collect()
    }
}

#[cfg(test)]
mod tests {
    use bulkwright_wire::path::Endpoint;

    use super::*;

    #[test]
    fn paths_lead_where_the_table_says() {
        let check = |path: &str, expected: Option<Endpoint>| {
            assert_eq!(find(path).map(|matched| matched.row.endpoint), expected, "{path}");
        };
        check("/crm/v8/upload", Some(Endpoint::Upload));
        check("/crm/bulk/v2.1/write", Some(Endpoint::CreateJob));
        check("/crm/bulk/v2.1/write/4150868000005350003", Some(Endpoint::JobDetails));
        check("/crm/bulk/v2.1/writ/4150868000005350003", None);
        check("/crm/bulk/v2.1/writ", None);
        check("/crm/bulk/v9/write/1", None);
        check("/v2/crm/694902309/bulk-write/1/1.zip", Some(Endpoint::Download));
        check("/v8/crm/org694902309/bulk-write/1/1.zip", Some(Endpoint::Download));
        check("/v1/crm/694902309/bulk-write/1/1.zip", None);
        check("/crm/v3/org", Some(Endpoint::Org));
        check("/crm/v3/org/1", None);
        check("/crm/v3/settings/modules", Some(Endpoint::Modules));
        check("/crm/v3/settings/colours", None);
        check("/crm/v3/settings/layouts", Some(Endpoint::Layouts));
        check("/crm/v3/settings/layouts/41", Some(Endpoint::Layout));
        check("/crm/v3/Leads", Some(Endpoint::Records));
        check("/crm/v3/Leads/search", Some(Endpoint::Search));
        check("/crm/v3/Leads/41", Some(Endpoint::Record));
        check("/crm/v3/Leads/41/", None);
        check("/crm/v3/Leads/", None);
        check("/oauth/v2/token", Some(Endpoint::Token));
        check("/oauth/v2/token/revoke", Some(Endpoint::Revoke));
        check("/oauth/v2/auth", Some(Endpoint::Authorize));
        check("/oauth/v3/token", None);
        check("/", None);
        check("", None);
        check("*", None);
    }

    #[test]
    fn parameters_and_versions_are_those_of_the_path() {
        let matched = find("/v7/crm/org12/bulk-write/34/34.zip").unwrap();
        let parameters = ["org", "job_id", "file"].map(|name| matched.parameter(name));
        assert_eq!((matched.version, parameters), (Version::V7, ["org12", "34", "34.zip"]));
        assert_eq!(matched.parameter_if_any("module"), None);
    }

    #[test]
    fn every_row_of_the_table_is_reached_in_every_version() {
        for row in ENDPOINTS {
            for version in Version::ALL {
                let path = row.template.replace("{version}", version.as_str());
                let path = path.replace(['{', '}'], "");
                assert_eq!(find(&path).map(|matched| matched.row.template), Some(row.template), "{path}");
            }
        }
    }
}
