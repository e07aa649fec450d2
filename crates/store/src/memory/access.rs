//! Organisations, users, OAuth clients and tokens.

use super::state::State;
use crate::Error;
use crate::model::{OauthClient, Org, Token, TokenSelection, User};

impl State {
    pub(super) fn add_org(
        &mut self,
        org: &Org,
        user: &User,
        client: &OauthClient,
        tokens: &[Token],
    ) -> Result<(), Error> {
        if self.orgs.iter().any(|known| known.id == org.id) {
            return Err(Error::failed("adding an organisation", "it is there already"));
        }
        self.orgs.push(org.clone());
        self.add_user(user)?;
        self.add_oauth_client(client)?;
        tokens.iter().for_each(|token| self.add_token(token));
        Ok(())
    }

    pub(super) fn update_org(&mut self, org: &Org) -> Result<(), Error> {
        let known = self.orgs.iter_mut().find(|known| known.id == org.id);
        let known = known.ok_or_else(|| Error::failed("changing an organisation", "it is not there"))?;
        known.clone_from(org);
        Ok(())
    }

    pub(super) fn add_user(&mut self, user: &User) -> Result<(), Error> {
        let has_org = self.orgs.iter().any(|known| known.id == user.org);
        if !has_org || self.users.iter().any(|known| known.id == user.id || is_namesake(known, user)) {
            return Err(Error::failed("adding a user", "he is there already, or his organisation is not"));
        }
        self.users.push(user.clone());
        Ok(())
    }

    pub(super) fn update_user(&mut self, user: &User) -> Result<(), Error> {
        if self.users.iter().any(|known| known.id != user.id && is_namesake(known, user)) {
            return Err(Error::failed("changing a user", "another one has that address"));
        }
        let known = self.users.iter_mut().find(|known| known.id == user.id && known.org == user.org);
        let known = known.ok_or_else(|| Error::failed("changing a user", "he is not there"))?;
        known.clone_from(user);
        Ok(())
    }

    pub(super) fn add_oauth_client(&mut self, client: &OauthClient) -> Result<(), Error> {
        let has_org = self.orgs.iter().any(|known| known.id == client.org);
        if !has_org || self.clients.iter().any(|known| known.client_id == client.client_id) {
            return Err(Error::failed("adding a client", "it is there already, or its organisation is not"));
        }
        self.clients.push(client.clone());
        Ok(())
    }

    pub(super) fn remove_oauth_client(&mut self, client_id: &str) -> bool {
        self.remove_tokens(&TokenSelection::OfClient(client_id.to_owned()));
        let before = self.clients.len();
        self.clients.retain(|known| known.client_id != client_id);
        self.clients.len() < before
    }

    pub(super) fn add_token(&mut self, token: &Token) {
        self.tokens.retain(|known| (known.kind, known.hash) != (token.kind, token.hash));
        self.tokens.push(token.clone());
    }

    pub(super) fn remove_tokens(&mut self, selection: &TokenSelection) -> u64 {
        let before = self.tokens.len();
        match selection {
            TokenSelection::One(hash) => {
                self.tokens.retain(|known| known.hash != *hash && known.grant.parent != Some(*hash));
            }
            TokenSelection::OfClient(client) => {
                self.codes.retain(|(_, code)| code.grant.client_id != *client);
                self.tokens.retain(|known| known.grant.client_id != *client);
            }
            TokenSelection::OfUser(user) => {
                self.codes.retain(|(_, code)| code.grant.user != *user);
                self.tokens.retain(|known| known.grant.user != *user);
            }
            TokenSelection::OfOrg(org) => {
                self.codes.retain(|(_, code)| code.grant.org != *org);
                self.tokens.retain(|known| known.grant.org != *org);
            }
        }
        (before - self.tokens.len()) as u64
    }
}

fn is_namesake(known: &User, user: &User) -> bool {
    known.org == user.org && known.email.to_lowercase() == user.email.to_lowercase()
}
