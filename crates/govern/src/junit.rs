//! Verdicts as JUnit XML, which every build server draws.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::{Cause, Outcome, Verdict};

/// The verdicts as JUnit XML: one test case each, failing where the policy is not met.
///
/// JUnit knows no warnings: a warning is a passed case with its sentence in `system-out`. A gate that was passed
/// although its number is missing is a skipped case. Characters that XML cannot hold become `U+FFFD`.
#[must_use]
pub fn junit_xml(verdicts: &[Verdict], policy_name: &str) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory cannot fail.
    let written = write(&mut writer, verdicts, policy_name);
    debug_assert!(written.is_ok(), "writing XML to memory succeeds");
    let mut text = String::from_utf8(writer.into_inner()).unwrap_or_default();
    text.push('\n');
    text
}

fn write(writer: &mut Writer<Vec<u8>>, verdicts: &[Verdict], policy_name: &str) -> io::Result<()> {
    let tests = verdicts.len().to_string();
    let failures = verdicts.iter().filter(|v| v.outcome == Outcome::Fail).count().to_string();
    let skipped = verdicts.iter().filter(|v| is_skipped(v)).count().to_string();
    let counts = [("tests", tests.as_str()), ("failures", failures.as_str()), ("errors", "0")];
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attribute(("name", "equipoise"))
        .with_attributes(counts)
        .with_attribute(("skipped", skipped.as_str()))
        .write_inner_content(|writer| {
            writer
                .create_element("testsuite")
                .with_attribute(("name", clean(policy_name).as_str()))
                .with_attributes(counts)
                .with_attribute(("skipped", skipped.as_str()))
                .write_inner_content(|writer| verdicts.iter().try_for_each(|v| case(writer, v, policy_name)))?;
            Ok(())
        })?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, verdict: &Verdict, policy_name: &str) -> io::Result<()> {
    let section = verdict.id.split('.').next().unwrap_or_default();
    let name = clean(&format!("{} {}", verdict.id, verdict.asks));
    let class = clean(&format!("policy.{section}"));
    let line = verdict.line.to_string();
    let element = writer
        .create_element("testcase")
        .with_attribute(("classname", class.as_str()))
        .with_attribute(("name", name.as_str()))
        .with_attribute(("file", clean(policy_name).as_str()))
        .with_attribute(("line", line.as_str()));
    let message = clean(&verdict.message);
    match verdict.outcome {
        Outcome::Pass if !is_skipped(verdict) => element.write_empty()?,
        Outcome::Pass => element.write_inner_content(|writer| {
            writer.create_element("skipped").with_attribute(("message", message.as_str())).write_empty()?;
            Ok(())
        })?,
        Outcome::Warn => element.write_inner_content(|writer| {
            let said = format!("warning: {message}");
            writer.create_element("system-out").write_text_content(BytesText::new(&said))?;
            Ok(())
        })?,
        Outcome::Fail => element.write_inner_content(|writer| {
            writer
                .create_element("failure")
                .with_attribute(("type", failure_type(&verdict.cause)))
                .with_attribute(("message", message.as_str()))
                .write_text_content(BytesText::new(&message))?;
            Ok(())
        })?,
    };
    Ok(())
}

fn is_skipped(verdict: &Verdict) -> bool {
    verdict.outcome == Outcome::Pass && verdict.cause != Cause::Met
}

fn failure_type(cause: &Cause) -> &'static str {
    match cause {
        Cause::Met => "met",
        Cause::Broken => "broken",
        Cause::NoValue(_) => "no_value",
        Cause::NoInterval => "no_interval",
        Cause::UnknownId(_) => "unknown_id",
        Cause::Unmet(_) => "unmet",
    }
}

/// Characters outside XML 1.0's `Char` become the replacement character.
fn clean(text: &str) -> String {
    let is_char = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}');
    text.chars().map(|c| if is_char(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
