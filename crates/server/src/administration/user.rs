//! Users.

use bulkwright_engine::ids::{OrgId, UserId};
use bulkwright_store::model::{SecretHash, TokenSelection, User};
use bulkwright_wire::administration::{
    CreateUser, CreatedUser, ListUsers, RevokeUser, RevokedUser, SCHEMA, Secret, UserView, UsersAnswer,
};

use super::{Administered, Administration, Failed, Mistake, known, utc, values};
use crate::access::new_sign_in_secret;

impl Administered for CreateUser {
    async fn carried_out(self, at: &Administration<'_>) -> Result<CreatedUser, Failed> {
        let org = at.living_org(self.org.as_deref()).await?;
        let (full_name, email) = (values::name("a user", &self.name)?, values::email(&self.email)?);
        check_free(&email, &at.store.users(org.id).await?)?;
        let sign_in = new_sign_in_secret();
        let user = User {
            id: UserId(at.store.new_id(at.clock.milliseconds()).await?),
            org: org.id,
            full_name,
            email,
            time_zone: self.time_zone.as_deref().map(values::time_zone).transpose()?.unwrap_or(org.time_zone),
            sign_in: Some(SecretHash::of(&sign_in)),
            revoked_at: None,
        };
        at.store.add_user(&user).await?;
        tracing::info!(org = %user.org, user = %user.id, "a user is made");
        Ok(CreatedUser {
            schema: SCHEMA,
            zgid: user.org.to_string(),
            user_id: user.id.to_string(),
            name: user.full_name,
            email: user.email,
            time_zone: user.time_zone,
            sign_in_secret: Secret(sign_in),
        })
    }
}

fn check_free(email: &str, users: &[User]) -> Result<(), Mistake> {
    let folded = email.to_lowercase();
    let Some(holder) = users.iter().find(|user| user.email.to_lowercase() == folded) else { return Ok(()) };
    let revoked = if holder.revoked_at.is_some() { ", who is revoked" } else { "" };
    let message = format!("{email} is the address of user {}{revoked}; give another --email", holder.id);
    Err(Mistake::Refused(message))
}

impl Administered for ListUsers {
    async fn carried_out(self, at: &Administration<'_>) -> Result<UsersAnswer, Failed> {
        let mut users = Vec::new();
        for org in at.listed_orgs(self.org.as_deref()).await? {
            users.extend(at.store.users(org).await?.into_iter().map(view));
        }
        Ok(UsersAnswer { schema: SCHEMA, users })
    }
}

fn view(user: User) -> UserView {
    UserView {
        user_id: user.id.to_string(),
        zgid: user.org.to_string(),
        name: user.full_name,
        email: user.email,
        time_zone: user.time_zone,
        can_sign_in: user.sign_in.is_some() && user.revoked_at.is_none(),
        revoked_time: user.revoked_at.map(utc),
    }
}

impl Administered for RevokeUser {
    async fn carried_out(self, at: &Administration<'_>) -> Result<RevokedUser, Failed> {
        let mut user = found(&self.user, at).await?;
        if let Some(since) = user.revoked_at {
            // Whoever was killed between the mark and the rest comes again: what is left goes.
            at.store.remove_tokens(&TokenSelection::OfUser(user.id)).await?;
            let message = format!("user {} is revoked already, since {}", user.id, utc(since));
            return Err(Mistake::Refused(message).into());
        }
        check_not_last(user.org, at).await?;
        user.revoked_at = Some(at.clock.seconds());
        at.store.update_user(&user).await?;
        let tokens = at.store.remove_tokens(&TokenSelection::OfUser(user.id)).await?;
        tracing::info!(org = %user.org, user = %user.id, tokens, "a user is revoked");
        Ok(RevokedUser { schema: SCHEMA, user: view(user), tokens })
    }
}

/// An organisation without users could be used by nobody and be mended by nobody.
async fn check_not_last(org: OrgId, at: &Administration<'_>) -> Result<(), Failed> {
    if at.living_users(org).await?.len() > 1 {
        return Ok(());
    }
    let message = format!(
        "this is the last user of organisation {org}: make another one first with `bulkwright user create`, or close \
         all of it with `bulkwright org revoke {org}`"
    );
    Err(Mistake::Refused(message).into())
}

async fn found(id: &str, at: &Administration<'_>) -> Result<User, Failed> {
    let mut users = Vec::new();
    for org in at.listed_orgs(None).await? {
        users.extend(at.store.users(org).await?);
    }
    if let Some(user) = users.iter().find(|user| user.id.to_string() == id) {
        return Ok(user.clone());
    }
    let known = known(users.iter().map(|user| format!("{} ({})", user.id, user.email)));
    Err(Mistake::Unknown(format!("there is no user {id}; {known}")).into())
}
