//! Forms as a page has them.

use tl::{HTMLTag, Parser, ParserOptions};
use url::Url;

/// A form and what is in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    action: String,
    posts: bool,
    pub(super) inputs: Vec<Input>,
    pub(super) buttons: Vec<Button>,
}

/// An `<input>` or `<select>` with a name, as it is sent when nobody touches it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) value: String,
}

/// A `<button>`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Button {
    pub(super) name: Option<String>,
    pub(super) value: String,
    pub(super) text: String,
}

/// A request a browser makes: of an address, or of a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Submission {
    pub(super) url: Url,
    pub(super) body: Option<Vec<(String, String)>>,
    /// The origin of the page that a form is sent from.
    pub(super) origin: Option<String>,
}

impl Submission {
    pub(super) fn open(url: Url) -> Self {
        Self {
            url,
            body: None,
            origin: None,
        }
    }
}

impl Form {
    /// Finds the forms of a page.
    pub(super) fn all_in(page: &str) -> Vec<Self> {
        let Ok(document) = tl::parse(page, ParserOptions::default()) else {
            return Vec::new();
        };
        let parser = document.parser();
        let Some(forms) = document.query_selector("form") else {
            return Vec::new();
        };
        forms
            .filter_map(|handle| handle.get(parser)?.as_tag())
            .map(|form| Self::read(form, parser))
            .collect()
    }

    /// What the browser sends when this button is pressed, or none.
    pub(super) fn submit(
        &self,
        page: &Url,
        filled: impl Fn(&Input) -> String,
        button: Option<&Button>,
    ) -> Option<Submission> {
        let mut url = if self.action.is_empty() {
            page.clone()
        } else {
            page.join(&self.action).ok()?
        };
        let inputs = self
            .inputs
            .iter()
            .map(|input| (input.name.clone(), filled(input)));
        let pressed = button.and_then(|button| Some((button.name.clone()?, button.value.clone())));
        let fields: Vec<(String, String)> = inputs.chain(pressed).collect();
        if self.posts {
            return Some(Submission {
                url,
                body: Some(fields),
                origin: Some(page.origin().ascii_serialization()),
            });
        }
        url.query_pairs_mut().clear().extend_pairs(fields);
        Some(Submission::open(url))
    }

    fn read(form: &HTMLTag<'_>, parser: &Parser<'_>) -> Self {
        let attribute = |tag: &HTMLTag<'_>, name: &str| {
            tag.attributes()
                .get(name)
                .flatten()
                .map(|value| unescaped(&value.as_utf8_str()))
        };
        let mut read = Self {
            action: attribute(form, "action").unwrap_or_default(),
            posts: attribute(form, "method")
                .is_some_and(|method| method.eq_ignore_ascii_case("post")),
            ..Self::default()
        };
        for tag in form
            .children()
            .all(parser)
            .iter()
            .filter_map(|node| node.as_tag())
        {
            let name = attribute(tag, "name");
            let value = attribute(tag, "value").unwrap_or_default();
            match &*tag.name().as_utf8_str() {
                "input" => {
                    let kind = attribute(tag, "type").unwrap_or_else(|| "text".to_owned());
                    let choice = matches!(&*kind, "radio" | "checkbox");
                    let sent = !choice || tag.attributes().get("checked").is_some();
                    if let Some(name) = name.filter(|_| sent) {
                        read.inputs.push(Input { name, kind, value });
                    }
                }
                "select" => {
                    let options: Vec<_> = tag
                        .children()
                        .all(parser)
                        .iter()
                        .filter_map(|node| node.as_tag())
                        .filter(|tag| tag.name() == "option")
                        .collect();
                    let selected = options
                        .iter()
                        .find(|option| option.attributes().get("selected").is_some())
                        .or(options.first());
                    if let (Some(name), Some(option)) = (name, selected) {
                        let kind = "select".to_owned();
                        let value = attribute(option, "value")
                            .unwrap_or_else(|| unescaped(&option.inner_text(parser)));
                        read.inputs.push(Input { name, kind, value });
                    }
                }
                "button" => {
                    let text = unescaped(&tag.inner_text(parser)).trim().to_owned();
                    read.buttons.push(Button { name, value, text });
                }
                _ => {}
            }
        }
        read
    }
}

/// Reads the references that pages use for characters with a meaning; the parser leaves them as they are.
fn unescaped(text: &str) -> String {
    // The ampersand last, or an escaped reference would be read twice.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!DOCTYPE html><html><body><h1>Sign in</h1>
        <form method="post" action="/login?a=1&amp;b=2"><div><p>Who?</p>
        <input type="hidden" name="id" value="&quot;x&quot; &amp;lt;"><input type="email" name="who" required>
        <input type="checkbox" name="no" value="1"><input type="radio" name="one" value="1" checked>
        <select name="long"><option value="a">A</option><option value="b" selected>B</option></select>
        <select name="short"><option>first</option><option>second</option></select>
        <input type="submit"></div><ul><li><button name="go" value="1"><strong>Next</strong></button></li></ul>
        </form><p>after</p></body></html>"#;

    #[test]
    fn a_form_is_read_with_its_fields_and_buttons() {
        let forms = Form::all_in(PAGE);
        assert_eq!(forms.len(), 1);
        let names: Vec<_> = forms[0]
            .inputs
            .iter()
            .map(|input| (&*input.name, &*input.kind, &*input.value))
            .collect();
        assert_eq!(
            names,
            [
                ("id", "hidden", "\"x\" &lt;"),
                ("who", "email", ""),
                ("one", "radio", "1"),
                ("long", "select", "b"),
                ("short", "select", "first"),
            ]
        );
        assert_eq!(
            forms[0].buttons,
            [Button {
                name: Some("go".into()),
                value: "1".into(),
                text: "Next".into()
            }]
        );
    }

    #[test]
    fn a_form_is_sent_with_the_button_that_was_pressed() {
        let form = Form::all_in(PAGE).remove(0);
        let page = Url::parse("https://login.example/start").expect("a URL");
        let sent = form
            .submit(
                &page,
                |input| format!("{}!", input.name),
                form.buttons.first(),
            )
            .expect("sent");
        assert_eq!(sent.url.as_str(), "https://login.example/login?a=1&b=2");
        let body = [
            ("id", "id!"),
            ("who", "who!"),
            ("one", "one!"),
            ("long", "long!"),
            ("short", "short!"),
            ("go", "1"),
        ]
        .map(|(name, value)| (name.into(), value.into()));
        assert_eq!(sent.origin.as_deref(), Some("https://login.example"));
        assert_eq!(sent.body, Some(body.to_vec()));
    }

    #[test]
    fn a_page_without_forms_has_none() {
        assert_eq!(Form::all_in("<p>Done</p>"), []);
        assert_eq!(Form::all_in(""), []);
    }
}
