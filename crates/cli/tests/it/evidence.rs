//! Signing, verifying and running again.

use crate::helpers::{Place, people};

const ASSESS: &str = "assess --data p.csv --target repaid --positive 1 --probability chance --sensitive sex --id id \
    --only performance,fairness -o a";

fn signed() -> Place {
    let place = Place::with(&[("p.csv", &people())]);
    for line in [
        ASSESS,
        "scorecard a -o card.pdf",
        "keygen -o ada.key",
        "keygen -o bob.key --algorithm ecdsa-p256",
        "sign a --key ada.key --as approver --name Ada --with card.pdf -o ada.json",
        "sign a --key bob.key --as author --name Bob -o bob.json",
    ] {
        let ran = place.run(line);
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.err);
    }
    place
}

#[test]
fn a_signature_covers_the_document_its_files_and_reports() {
    let place = signed();
    let verify = "verify a --signature ada.json --key ada.key.pub --format csv";
    let ran = place.run(verify);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("signed by Ada as approver on 2"), "{}", ran.err);
    for file in ["document.json", "report.html", "run.json", "card.pdf"] {
        assert!(ran.out.lines().any(|l| l.starts_with(&format!("same,{file},"))), "{file}: {}", ran.out);
    }
    assert_eq!(place.run("verify a --signature bob.json --key bob.key.pub").code, Some(0));
    assert_eq!(place.run("verify a --signature ada.json --key bob.key.pub").code, Some(1), "not by Bob");
    assert_eq!(place.run("verify a --signature ada.json").code, Some(2), "nobody is trusted");

    // One digit of one number.
    let path = place.path().join("a/document.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let at = text.find("\"performance.accuracy\",\"value\":").unwrap();
    let (before, after) = text.split_at(at + 31);
    std::fs::write(&path, format!("{before}0.5{}", after.split_once(',').map(|(_, rest)| format!(",{rest}")).unwrap()))
        .unwrap();
    std::fs::remove_file(place.path().join("a/report.html")).unwrap();
    std::fs::write(place.path().join("a/new.txt"), "x").unwrap();
    let ran = place.run(verify);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("changed: section performance, numbers: changed or added: `performance.accuracy`"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("changed,document.json,") && ran.out.contains("missing,report.html,"), "{}", ran.out);
    assert!(ran.out.contains("not signed,new.txt,") && ran.out.contains("same,card.pdf,"), "{}", ran.out);
    // Signing again needs the files that the document names to be its own.
    let ran = place.run("reproduce a");
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.contains("performance.accuracy"), "{}", ran.out);
}

#[test]
fn an_authority_stands_for_those_it_certified() {
    const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../report/tests/data/keys");
    let place = Place::with(&[("p.csv", &people())]);
    assert_eq!(place.run(ASSESS).code, Some(0));
    let ran = place.run(&format!("sign a --key {DATA}/signer.key --chain {DATA}/signer.pem --name Eve -o s.json"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = place.run(&format!("verify a --signature s.json --ca {DATA}/authority.pem"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.err.contains("signed by Ada Lovelace as author"),
        "the certified name, not the claimed one: {}",
        ran.err
    );
    assert_eq!(place.run(&format!("verify a --signature s.json --key {DATA}/openssl-ed25519.pub")).code, Some(1));
    assert_eq!(place.run(&format!("verify a --signature s.json --ca {DATA}/signer.key")).code, Some(2));
    assert_eq!(place.run(&format!("sign a --key {DATA}/authority.pem -o t.json")).code, Some(2), "no private key");
}

#[test]
fn a_policy_may_require_signatures_and_named_approvals() {
    let place = signed();
    let policy =
        "[require]\nsignatures = 2\n[[require.approval]]\nrole = 'approver'\nname = 'Ada'\nkey = 'ada.key.pub'\n";
    std::fs::write(place.path().join("p.toml"), policy).unwrap();
    assert_eq!(place.run("check a --policy p.toml").code, Some(1), "no signature was given");
    // Ada's key is trusted because the policy names it; Bob's has to be.
    let both = "check a --policy p.toml --signature ada.json --signature bob.json";
    let ran = place.run(both);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("a signature does not count: `bob.json`"), "{}", ran.err);
    let ran = place.run(&format!("{both} --key bob.key.pub"));
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    // A signature over another assessment is none over this one.
    assert_eq!(place.run(&format!("{ASSESS} --force --seed 5")).code, Some(0));
    let ran = place.run(&format!("{both} --key bob.key.pub"));
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("it is over another document"), "{}", ran.err);
}

#[test]
fn a_stored_assessment_can_be_made_again() {
    let place = Place::with(&[("p.csv", &people())]);
    assert_eq!(place.run(ASSESS).code, Some(0));
    let ran = place.run("reproduce a");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("came out the same; the document is the same to the byte"), "{}", ran.err);
    std::fs::rename(place.path().join("p.csv"), place.path().join("q.csv")).unwrap();
    let ran = place.run("reproduce a");
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    let ran = place.run("reproduce a --data q.csv");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let text = String::from_utf8(people()).unwrap().replacen("1,21,male,1,", "1,21,male,0,", 1);
    std::fs::write(place.path().join("p.csv"), text).unwrap();
    let ran = place.run("reproduce a");
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("the data are not those that were assessed"), "{}", ran.err);
}

#[test]
fn keys_are_never_replaced_and_are_private() {
    let place = Place::with(&[]);
    assert_eq!(place.run("keygen -o k").code, Some(0));
    assert_eq!(place.run("keygen -o k").code, Some(2));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| std::fs::metadata(place.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("k"), mode("k.pub")), (0o600, 0o644));
    }
}
