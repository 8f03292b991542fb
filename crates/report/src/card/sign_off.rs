//! Where people sign.

use super::desk::Desk;
use super::node::{Field, Node, Person, Prose};

pub(super) fn write(desk: &mut Desk<'_>) {
    desk.keep(lines);
}

fn lines(desk: &mut Desk<'_>) {
    desk.heading(1, "Sign-off");
    let says = desk.fill(
        "Whoever signs here has read this card. A signature that a program can verify is made with `equipoise sign`; it covers the \
         assessment with the fingerprint {hash}.",
        &[("hash", format!("`{}`", desk.assets.document_sha256))],
    );
    desk.paragraph(&says);
    let people = &desk.config.people;
    let roles = [
        ("Author", &people.author, false),
        ("Reviewer", &people.reviewer, false),
        ("Approval", &people.approver, true),
    ];
    let people = roles.map(|(role, name, decides)| {
        let name = name.clone().unwrap_or_default();
        let field = |desk: &mut Desk<'_>, label: String, value: Prose| Field { label: desk.name(&label), value };
        let value = desk.name(&name);
        let role = desk.say(role);
        let (signature, date) = (desk.say("Signature"), desk.say("Date"));
        let fields = vec![
            field(desk, role, value),
            field(desk, signature, Prose::default()),
            field(desk, date, Prose::default()),
        ];
        let choices = ["Approved", "Approved with conditions", "Not approved"];
        let choices = if decides { choices.map(|c| desk.say(c)).to_vec() } else { Vec::new() };
        Person { fields, choices }
    });
    desk.push(Node::Signatures { people: people.to_vec() });
}
