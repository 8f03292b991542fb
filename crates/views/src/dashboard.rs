//! The dashboard: one page that shows documents from a file, or asks a server for them.
//!
//! The page is built from `web/` and put into the crate where it is there. It has two empty elements that hold
//! JSON; what is written into them is data to a browser, whatever it says.

use serde::Serialize;
use serde::de::IgnoredAny;

use crate::ViewError;

const PAGE: &str = include_str!(concat!(env!("OUT_DIR"), "/dashboard.html"));

/// An assessment to put into the page.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Id by which addresses name it.
    pub id: &'a str,
    /// Name for people.
    pub name: &'a str,
    /// The document, as JSON.
    pub document_json: &'a str,
}

/// Where the page finds its server.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LiveConfig<'a> {
    /// What stands before `/v1` in addresses; empty at the root.
    pub base: &'a str,
    /// The token that every request carries.
    pub token: &'a str,
}

/// True when the dashboard is in this build.
#[must_use]
pub fn available() -> bool {
    !PAGE.is_empty()
}

/// The dashboard over documents, as one file that needs no server.
///
/// # Errors
///
/// When the dashboard is not in this build, or a document is not JSON.
pub fn static_page(entries: &[Entry<'_>]) -> Result<String, ViewError> {
    embedded(PAGE, "equipoise-documents", &documents_json(entries)?)
}

/// The dashboard over a server.
///
/// # Errors
///
/// When the dashboard is not in this build.
pub fn live_page(config: &LiveConfig<'_>) -> Result<String, ViewError> {
    embedded(PAGE, "equipoise-config", &serde_json::to_string(config)?)
}

fn documents_json(entries: &[Entry<'_>]) -> Result<String, ViewError> {
    let mut list = String::from("[");
    for (i, entry) in entries.iter().enumerate() {
        serde_json::from_str::<IgnoredAny>(entry.document_json)?;
        list.push_str(if i == 0 { "" } else { "," });
        list.push_str(&format!(
            "{{\"id\":{},\"name\":{},\"document\":{}}}",
            serde_json::to_string(entry.id)?,
            serde_json::to_string(entry.name)?,
            entry.document_json
        ));
    }
    list.push(']');
    Ok(list)
}

/// Puts JSON into the empty element with this id. In JSON a `<` stands in texts only, where `\u003c` means the
/// same; without it no text can end the element or begin another.
fn embedded(page: &str, id: &str, json: &str) -> Result<String, ViewError> {
    let place = format!("id=\"{id}\">");
    let Some((before, after)) = page.split_once(&place) else { return Err(ViewError::NoDashboard) };
    Ok([before, &place, &json.replace('<', "\\u003c"), after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"<head><script type="application/json" id="equipoise-config"></script><script type="application/json" id="equipoise-documents"></script></head>"#;

    #[test]
    fn hostile_texts_stay_texts() {
        let name = "</script><script>alert(1)</script>\u{202e}\"";
        let document_json = r#"{"sections": [], "x": "<!--</SCRIPT>"}"#;
        let list = documents_json(&[Entry { id: "0", name, document_json }]).unwrap();
        let page = embedded(TEMPLATE, "equipoise-documents", &list).unwrap();
        assert_eq!(page.matches('<').count(), TEMPLATE.matches('<').count());
        let json = page.split_once("id=\"equipoise-documents\">").unwrap().1.split_once("</script>").unwrap().0;
        let read: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(read[0]["name"], name);
        assert_eq!(read[0]["document"]["x"], "<!--</SCRIPT>");
    }

    #[test]
    fn several_documents_stand_in_a_list() {
        let entry = |id| Entry { id, name: id, document_json: "{}" };
        assert_eq!(
            documents_json(&[entry("a"), entry("b")]).unwrap(),
            r#"[{"id":"a","name":"a","document":{}},{"id":"b","name":"b","document":{}}]"#
        );
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let broken = Entry { id: "0", name: "x", document_json: "{}]</script>" };
        assert!(documents_json(&[broken]).is_err());
    }

    #[test]
    fn a_configuration_goes_to_its_own_place() {
        let json = serde_json::to_string(&LiveConfig { base: "/p", token: "a<b" }).unwrap();
        let page = embedded(TEMPLATE, "equipoise-config", &json).unwrap();
        assert!(page.contains(r#"id="equipoise-config">{"base":"/p","token":"a\u003cb"}</script>"#), "{page}");
    }

    #[test]
    fn a_build_without_the_page_says_how_to_build_it() {
        let error = embedded("", "equipoise-config", "{}").unwrap_err().to_string();
        assert!(error.contains("hint: run `make web`"), "{error}");
        assert_eq!(available(), static_page(&[]).is_ok());
    }
}
