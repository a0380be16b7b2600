//! The frame of every page: its head, its looks, its script. Nothing is loaded from anywhere, and the page says so to the
//! browser: its content security policy lets only what it holds itself be shown and run.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::{VERSION, report::words::NOTICE};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// What stands in `<meta name="generator">`: by it a page is known as ours.
pub const GENERATOR: &str = "sam2lung";

/// A whole page. `sections` are its parts: the name to jump to, the title, and what it holds.
pub fn page(title: &str, head: Markup, sections: &[(&str, &str, Markup)]) -> String {
    let policy = format!(
        "default-src 'none'; img-src data:; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(GENERATOR);
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#main" { "Skip to the findings" }
                header class="page" { (head) }
                nav aria-label="Parts of this page" {
                    ul { @for (id, title, _) in sections { li { a href=(format!("#{id}")) { (title) } } } }
                }
                main id="main" tabindex="-1" {
                    @for (id, title, part) in sections {
                        section id=(id) aria-labelledby=(format!("{id}-title")) {
                            h2 id=(format!("{id}-title")) { (title) }
                            (part)
                        }
                    }
                }
                footer { p { "sam2lung " (VERSION) ". " (NOTICE) } }
                p id="said" class="unseen" role="status" {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_lets_nothing_be_loaded_and_escapes_its_title() {
        let text = page("</title><script>x", html! {}, &[("one", "One & <two>", html! { p { "held" } })]);
        assert!(text.contains("default-src 'none'; img-src data:;"), "{text}");
        assert_eq!(text.matches("<script>").count(), 1, "its own");
        assert!(text.contains(r##"<a href="#one">One &amp; &lt;two&gt;</a>"##));
        // The elements' texts would end at such an end.
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
        for from_elsewhere in ["http:", "https:", "url(", "@import", "fetch("] {
            assert!(!STYLE.contains(from_elsewhere) && !SCRIPT.contains(from_elsewhere), "{from_elsewhere}");
        }
    }

    #[test]
    fn hash_is_as_browsers_reckon_it() {
        // The example of the specification (CSP level 3).
        assert_eq!(hash("doSomething();"), "sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc=");
    }
}
