//! Parameters of the accounts server: in a form, in multipart or in the query, as clients like it.

use http::HeaderMap;
use url::form_urlencoded;

use super::super::multipart;
use crate::body::RequestBody;
use crate::gate::Query;
use crate::reply::Refusal;

/// Bytes of a body. Its parameters are a few hundred.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// Parameters of a request.
const PARAMETERS_MAX: usize = 32;

/// Names and values; of several values of a name the first one counts.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of the query alone.
    pub(super) fn of_query(query: Query) -> Self {
        Parameters(query.into_pairs())
    }

    /// Those of the body, be it a form or multipart, then those of the query.
    pub(super) async fn read(query: Query, headers: &HeaderMap, body: &mut RequestBody) -> Result<Self, Refusal> {
        let mut parameters = match multipart::boundary_of(headers) {
            Some(boundary) => of_multipart(body, boundary).await?,
            None => {
                let form = body.read_whole(FORM_BYTES_MAX).await?;
                form_urlencoded::parse(&form).into_owned().take(PARAMETERS_MAX).collect()
            }
        };
        parameters.extend(query.into_pairs());
        Ok(Parameters(parameters))
    }

    /// A parameter that says something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }
}

async fn of_multipart(body: &mut RequestBody, boundary: String) -> Result<Vec<(String, String)>, Refusal> {
    let (mut form, guard) = multipart::form(body, boundary, FORM_BYTES_MAX as u64);
    let mut parameters = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| guard.refusal(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let value = field.text().await.map_err(|error| guard.refusal(&error))?;
        if parameters.len() < PARAMETERS_MAX {
            parameters.push((name, value));
        }
    }
    Ok(parameters)
}
