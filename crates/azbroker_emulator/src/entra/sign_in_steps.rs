//! What the pages of a sign-in post.

use axum::{
    body::Bytes,
    extract::{Extension, State},
    http::HeaderMap,
    response::Response,
};

use super::{
    Entra, Refusal,
    authorize::{self, BROWSER_COOKIE, SESSION_COOKIE, cookie, lost_sign_in, set_cookie},
    authorize_request::Prompt,
    form::Form,
    pages::{self, View},
    sign_ins::{SignIn, Stage},
};
use crate::{cloud::Account, exchange::Notes};

/// The account picker.
pub(super) async fn account(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let step = match Step::load(&entra, &notes, &headers, &body) {
        Ok(step) => step,
        Err(response) => return *response,
    };
    let Some(username) = step.form.value("account") else {
        return pages::username(&step.view(), "", None);
    };
    let request = &step.sign_in.request;
    let Some(account) = request.authority.account(&entra.cloud, username) else {
        return step.unknown_user(username);
    };
    let session = cookie(&headers, SESSION_COOKIE);
    let is_signed_in = entra
        .cloud
        .sign_ins
        .accounts(&entra.cloud, &session)
        .contains(&account);
    // An application that asks for `login` wants the password, whatever the browser posts.
    if is_signed_in && request.prompt != Prompt::Login {
        return authorize::signed_in(&entra, &notes, &step.id, request, account);
    }
    step.ask_password(account)
}

/// The username.
pub(super) async fn username(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let step = match Step::load(&entra, &notes, &headers, &body) {
        Ok(step) => step,
        Err(response) => return *response,
    };
    let username = step.form.value("username").unwrap_or_default();
    match step
        .sign_in
        .request
        .authority
        .account(&entra.cloud, username)
    {
        Some(account) => step.ask_password(account),
        None => step.unknown_user(username),
    }
}

/// The password of the account the sign-in is about.
pub(super) async fn password(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let step = match Step::load(&entra, &notes, &headers, &body) {
        Ok(step) => step,
        Err(response) => return *response,
    };
    let Stage::Password(account) = step.sign_in.stage else {
        return pages::refused(&entra.cloud, &notes, &lost_sign_in());
    };
    let user = entra.cloud.user(account);
    notes.facts().username = Some(user.username.clone());
    if step.form.value("password") != Some(user.password.as_str()) {
        let message = "Error validating credentials due to invalid username or password.";
        let refusal = Refusal::bad_request("invalid_grant", 50_126, message);
        let text = refusal.sentence(&notes);
        return pages::password(&step.view(), &user.username, Some(&text));
    }
    let session =
        entra
            .cloud
            .sign_ins
            .sign_in(&entra.cloud, &cookie(&headers, SESSION_COOKIE), account);
    let mut response =
        authorize::signed_in(&entra, &notes, &step.id, &step.sign_in.request, account);
    set_cookie(&mut response, SESSION_COOKIE, &session);
    response
}

/// The answer to whether the application may act for the user.
pub(super) async fn consent(
    State(entra): State<Entra>,
    Extension(notes): Extension<Notes>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let step = match Step::load(&entra, &notes, &headers, &body) {
        Ok(step) => step,
        Err(response) => return *response,
    };
    let Stage::Consent(account) = step.sign_in.stage else {
        return pages::refused(&entra.cloud, &notes, &lost_sign_in());
    };
    if step.form.value("decision") != Some("accept") {
        return pages::refused(&entra.cloud, &notes, &Refusal::missing("decision"));
    }
    entra
        .cloud
        .sign_ins
        .consent(account, &step.sign_in.request.client_id);
    authorize::finish(&entra, &notes, &step.id, &step.sign_in.request, account)
}

/// A posted page and the sign-in it belongs to.
struct Step<'a> {
    entra: &'a Entra,
    notes: &'a Notes,
    id: String,
    form: Form,
    sign_in: SignIn,
}

impl<'a> Step<'a> {
    /// Finds the sign-in of a page, or gives the answer that ends it.
    fn load(
        entra: &'a Entra,
        notes: &'a Notes,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, Box<Response>> {
        let cloud = &entra.cloud;
        let refused = |refusal: &Refusal| Box::new(pages::refused(cloud, notes, refusal));
        let form = Form::parse(body).map_err(|refusal| refused(&refusal))?;
        let id = form.value("sign_in").unwrap_or_default().to_owned();
        // The cookie ties the page to the browser it was shown in: a form forged elsewhere comes without it.
        let sign_in = cloud
            .sign_ins
            .get(cloud, &id, &cookie(headers, BROWSER_COOKIE))
            .ok_or_else(|| refused(&lost_sign_in()))?;
        {
            let mut facts = notes.facts();
            facts.client_id = Some(sign_in.request.client_id.clone());
            if facts.client_request_id.is_none() {
                facts.client_request_id = sign_in.request.correlation_id.clone();
            }
            if let Stage::Password(account) | Stage::Consent(account) = sign_in.stage {
                facts.username = Some(cloud.user(account).username.clone());
            }
        }
        if form.value("decision") == Some("cancel") {
            cloud.sign_ins.finish(&id);
            let refusal = Refusal::bad_request(
                "access_denied",
                65_004,
                "User declined to consent to access the app.",
            );
            return Err(Box::new(authorize::refuse(
                entra,
                notes,
                &sign_in.request.answer_to,
                &refusal,
            )));
        }
        Ok(Self {
            entra,
            notes,
            id,
            form,
            sign_in,
        })
    }

    fn view(&self) -> View {
        View::new(self.entra, &self.id, &self.sign_in.request)
    }

    fn ask_password(&self, account: Account) -> Response {
        let username = &self.entra.cloud.user(account).username;
        self.notes.facts().username = Some(username.clone());
        self.entra
            .cloud
            .sign_ins
            .advance(&self.id, Stage::Password(account));
        pages::password(&self.view(), username, None)
    }

    fn unknown_user(&self, username: &str) -> Response {
        // Back to the start: a password posted now belongs to nobody.
        self.entra.cloud.sign_ins.advance(&self.id, Stage::Account);
        let message = format!("The user account '{username}' does not exist in the directory.");
        let refusal = Refusal::bad_request("invalid_grant", 50_034, message);
        let text = refusal.sentence(self.notes);
        pages::username(&self.view(), username, Some(&text))
    }
}
