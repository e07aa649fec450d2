//! Jobs, uploads, access and deliveries: each can be read, and what one row says fits what others say.

use bulkwright_engine::ids::{FileId, JobId, OrgId};
use rusqlite::Row;

use super::Moment;
use super::findings::Findings;
use crate::Error;
use crate::sqlite::sql::Doing;
use crate::sqlite::{jobs, outbox, uploads};
use crate::upkeep::DifferenceKind::{self, Access, Delivery, Job};

const DOING: &str = "checking jobs, uploads and access";

/// A rule of the control file.
struct Rule {
    kind: DifferenceKind,
    /// What holds of every row.
    expected: &'static str,
    /// Selects the rows of which it does not hold: what they are, and what is there instead.
    broken: &'static str,
}

const fn rule(kind: DifferenceKind, expected: &'static str, broken: &'static str) -> Rule {
    Rule { kind, expected, broken }
}

/// All rules. States from 2 on are those of jobs that are through.
const RULES: &[Rule] = &[
    rule(Access, "one counter of ids", "SELECT 'counter', count(*) FROM counter HAVING count(*) != 1"),
    rule(
        Access,
        "an organisation that is there",
        "SELECT 'user ' || id, org FROM user WHERE org NOT IN (SELECT id FROM org)
         UNION ALL SELECT 'client ' || client_id, org FROM oauth_client WHERE org NOT IN (SELECT id FROM org)
         UNION ALL SELECT 'a kept answer', org FROM answer WHERE org NOT IN (SELECT id FROM org)",
    ),
    rule(
        Access,
        "a user of its organisation",
        "SELECT 'a token of client ' || client_id, user FROM token
         WHERE NOT EXISTS (SELECT 1 FROM user WHERE user.id = token.user AND user.org = token.org)
         UNION ALL SELECT 'a code of client ' || client_id, user FROM code
         WHERE NOT EXISTS (SELECT 1 FROM user WHERE user.id = code.user AND user.org = code.org)
         UNION ALL SELECT 'upload ' || id, user FROM upload
         WHERE NOT EXISTS (SELECT 1 FROM user WHERE user.id = upload.user AND user.org = upload.org)
         UNION ALL SELECT 'job ' || id, created_by FROM job
         WHERE NOT EXISTS (SELECT 1 FROM user WHERE user.id = job.created_by AND user.org = job.org)",
    ),
    rule(
        Access,
        "a client that is there",
        "SELECT 'a token of user ' || user, client_id FROM token
         WHERE client_id NOT IN (SELECT client_id FROM oauth_client)
         UNION ALL SELECT 'a code of user ' || user, client_id FROM code
         WHERE client_id NOT IN (SELECT client_id FROM oauth_client)",
    ),
    rule(
        Job,
        "at least one resource",
        "SELECT 'job ' || id, 'none' FROM job WHERE NOT EXISTS (SELECT 1 FROM job_resource WHERE job = job.id)",
    ),
    rule(
        Job,
        "an end if it is through, and none if it is not",
        "SELECT 'job ' || id, coalesce(finished_at, 'no end') FROM job WHERE (state >= 2) != (finished_at IS NOT NULL)",
    ),
    rule(
        Job,
        "nobody at work on what is through",
        "SELECT 'job ' || id, worker FROM job WHERE state >= 2 AND worker IS NOT NULL",
    ),
    rule(
        Job,
        "a lease for whoever is at work, and none otherwise",
        "SELECT 'job ' || id, coalesce(lease_until, 'none') FROM job
         WHERE (worker IS NULL) != (lease_until IS NULL)",
    ),
    rule(
        Job,
        "no result before the end",
        "SELECT 'job ' || id, result_blob FROM job WHERE state < 2 AND result_blob IS NOT NULL",
    ),
    rule(
        Job,
        "no attempt before it is begun",
        "SELECT 'job ' || id, attempt FROM job WHERE (state = 0) != (attempt = 0)",
    ),
    rule(
        Job,
        "the end of each resource with the job's",
        "SELECT 'job ' || job || ', resource ' || place, job_resource.state FROM job_resource JOIN job ON job.id = job
         WHERE (job.state >= 2) != (job_resource.state >= 2) OR (job.state = 2 AND job_resource.state != 2)",
    ),
    rule(
        Job,
        "a reason if it failed, and none otherwise",
        "SELECT 'job ' || job || ', resource ' || place, coalesce(failure_code, 'none') FROM job_resource
         WHERE (state = 3) != (failure_code IS NOT NULL)",
    ),
    rule(
        Job,
        "the upload that it needs",
        "SELECT 'job ' || job || ', resource ' || place, 'no upload ' || file FROM job_resource JOIN job ON job.id = job
         WHERE job.state < 2
         AND NOT EXISTS (SELECT 1 FROM upload WHERE upload.id = job_resource.file AND upload.org = job.org)",
    ),
    rule(
        Job,
        "a block with a start and a size, or neither",
        "SELECT 'job ' || job || ', resource ' || place, 'one of them' FROM job_resource
         WHERE (block_start IS NULL) != (block_size IS NULL)",
    ),
    rule(
        Delivery,
        "a delivery for the callback of a job that is through",
        "SELECT 'job ' || id, 'none' FROM job WHERE state >= 2 AND callback_url IS NOT NULL AND NOT fixed
         AND id NOT IN (SELECT job FROM outbox)",
    ),
    rule(
        Delivery,
        "the callback of a job that is through",
        "SELECT 'delivery of job ' || job, url FROM outbox
         WHERE NOT EXISTS (SELECT 1 FROM job WHERE id = outbox.job AND org = outbox.org AND state >= 2 AND NOT fixed
                           AND callback_url = url AND callback_method = method)",
    ),
    rule(
        Delivery,
        "a next try while it is pending, and none after",
        "SELECT 'delivery of job ' || job, coalesce(next_at, 'none') FROM outbox
         WHERE (state = 0) != (next_at IS NOT NULL)",
    ),
];

/// Reads every row as the server does, then holds the rules.
pub(super) fn check(moment: &Moment<'_>, findings: &mut Findings) -> Result<(), Error> {
    each(moment, findings, Job, "job", "SELECT id, org FROM job ORDER BY id", |org, id| {
        jobs::get(moment.control, org, JobId(id)).map(|_| ())
    })?;
    each(moment, findings, Job, "upload", "SELECT id, org FROM upload ORDER BY id", |org, id| {
        uploads::get(moment.control, org, FileId(id)).map(|_| ())
    })?;
    each(moment, findings, Delivery, "delivery of job", "SELECT job, org FROM outbox ORDER BY job", |org, id| {
        outbox::get(moment.control, org, JobId(id)).map(|_| ())
    })?;
    RULES.iter().try_for_each(|rule| hold(moment, rule, findings))
}

fn each(
    moment: &Moment<'_>,
    findings: &mut Findings,
    kind: DifferenceKind,
    name: &str,
    sql: &str,
    read: impl Fn(OrgId, i64) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement = moment.control.prepare(sql).doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let (id, org) = id_and_org(row).doing(DOING)?;
        if let Err(error) = read(org, id) {
            let source = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
            findings.differ(kind, format!("{name} {id}"), "columns that can be read", format!("{error}{source}"));
        }
    }
    Ok(())
}

fn id_and_org(row: &Row<'_>) -> rusqlite::Result<(i64, OrgId)> {
    Ok((row.get(0)?, OrgId(row.get(1)?)))
}

fn hold(moment: &Moment<'_>, rule: &Rule, findings: &mut Findings) -> Result<(), Error> {
    let sql = format!(
        "SELECT CAST(what AS TEXT), CAST(found AS TEXT) FROM (SELECT NULL AS what, NULL AS found WHERE 0 UNION ALL {})",
        rule.broken
    );
    let mut statement = moment.control.prepare(&sql).doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let (what, found): (String, String) = (row.get(0).doing(DOING)?, row.get(1).doing(DOING)?);
        findings.differ(rule.kind, what, rule.expected, found);
    }
    Ok(())
}
