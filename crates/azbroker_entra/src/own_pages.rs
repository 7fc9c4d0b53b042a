use crate::last_page::LastPage;
use maud::html;

/// Pages of an application's own that a sign-in ends with, as HTML.
///
/// They are shown as they are, but may run and load nothing: styles and images stand in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPages {
    /// Shown when the user has signed in.
    pub success: Option<String>,
    /// Shown when there is no sign-in; the reason stands where the page says `{error}`.
    pub error: Option<String>,
}

impl OwnPages {
    /// The application's page in the place of ours, where it has one.
    pub(crate) fn instead_of(&self, page: LastPage) -> LastPage {
        let own = match &page {
            LastPage::SignedIn => self.success.clone(),
            LastPage::Declined => self.error_of("you declined"),
            LastPage::Failed(reason) => self.error_of(reason),
            _ => None,
        };
        own.map_or(page, LastPage::Own)
    }

    /// What Entra ID said may hold anything, so it is text here.
    fn error_of(&self, reason: &str) -> Option<String> {
        let reason = html! { (reason) }.into_string();
        Some(self.error.as_ref()?.replace("{error}", &reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_application_has_a_page_for_is_replaced() {
        let pages = OwnPages {
            success: Some("<p>Welcome</p>".to_owned()),
            error: Some("<p>{error}!</p>".to_owned()),
        };
        for (page, shown) in [
            (LastPage::SignedIn, "<p>Welcome</p>"),
            (LastPage::Declined, "<p>you declined!</p>"),
            (LastPage::Failed("<b>".to_owned()), "<p>&lt;b&gt;!</p>"),
        ] {
            let own = LastPage::Own(shown.to_owned());
            assert_eq!(pages.instead_of(page.clone()), own);
            assert_eq!(OwnPages::default().instead_of(page.clone()), page);
        }
        assert_eq!(
            pages.instead_of(LastPage::NotExpected),
            LastPage::NotExpected
        );
    }
}
