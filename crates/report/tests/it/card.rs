//! The card itself.

use equipoise_report::Config;

use crate::made::{assets, card, document, with_groups};
use crate::pdf;

fn config(text: &str) -> Config {
    Config::read(text, "card.toml").unwrap()
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let config = config("[[target]]\nmetric = \"accuracy\"\nmin = 0.8\n");
    let (one, two) = (card(&document(), &config), card(&document(), &config));
    assert_eq!(one.pdf, two.pdf);
    assert!(one.pdf.starts_with(b"%PDF-1.7"));
    assert!((2..=8).contains(&one.n_pages), "{}", one.n_pages);
    assert!(one.notes.is_empty(), "{:?}", one.notes);
}

/// The words that are read out, in their order, with the tags around them.
#[test]
fn tags_and_text() {
    let config = config(
        "title = \"Credit\"\n[people]\nauthor = \"Ada\"\n[[target]]\nmetric = \"accuracy\"\nmin = 0.8\n\
         [fairness]\nmetrics = [\"selection_rate\"]\nthreshold = \"<=0.1\"\n",
    );
    let tags = pdf::tags(&card(&document(), &config).pdf);
    insta::assert_snapshot!("tags", tags);
    let roles = pdf::roles(&tags);
    // A picture for the ROC curve and one for the groups, each with its alternative.
    assert_eq!(roles["Figure"], 2);
    assert_eq!(tags.lines().filter(|l| l.trim_start().starts_with("Figure (")).count(), 2);
    assert!(roles["TH"] >= 10 && roles["H1"] >= 6, "{roles:?}");
}

/// Headings begin at level 1 and leave none out, whatever sections are chosen.
#[test]
fn headings_leave_no_level_out() {
    for sections in ["", "sections = [\"fairness\", \"terms\"]\n", "sections = [\"provenance\", \"cohorts\"]\n"] {
        let tags = pdf::tags(&card(&document(), &config(sections)).pdf);
        let mut last = 0;
        for level in tags.lines().filter_map(|l| l.trim_start().strip_prefix('H')?.chars().next()?.to_digit(10)) {
            assert!(level <= last + 1, "{tags}");
            last = level;
        }
        assert!(last > 0);
    }
}

#[test]
fn letters_without_a_glyph_are_named() {
    let groups = ["职业 女".to_owned(), "العمر 😀".to_owned()];
    let made = card(&with_groups("שם", &groups), &Config::default());
    assert_eq!(made.notes.len(), 1);
    let said = &made.notes[0].text;
    assert!(said.starts_with("4 characters are in none of the fonts") && said.contains("U+804C"), "{said}");
}

#[test]
fn thousands_of_groups_and_very_long_names_stay_readable() {
    let groups: Vec<String> = (0..3000).map(|i| format!("{}{i:04}", "a_very_long_name_".repeat(12))).collect();
    let made = card(&with_groups(&"column".repeat(34), &groups), &Config::default());
    assert!(made.n_pages <= 12, "{}", made.n_pages);
    let tags = pdf::tags(&made.pdf);
    assert!(tags.contains("The picture shows 20 of 3000 groups"), "what is left out is told");
    assert!(made.pdf.len() < 1_000_000, "{}", made.pdf.len());
}

#[test]
fn names_are_never_markup() {
    let nasty = ["#panic(\"x\")".to_owned(), "$1 <b> `c` \\ {x} [y] @z".to_owned()];
    assert!(card(&with_groups("*bold* _x_ #let", &nasty), &Config::default()).n_pages >= 2);
}

#[test]
fn a_section_that_is_asked_for_and_missing_is_told_and_no_error() {
    let made = card(&document(), &config("sections = [\"causal\", \"data\", \"sign_off\"]\n"));
    assert!((1..=3).contains(&made.n_pages));
}

#[test]
fn another_language_needs_words() {
    let made = card(&document(), &config("[look]\nlanguage = \"fi\"\n"));
    assert_eq!(made.notes.iter().map(|n| n.code.as_str()).collect::<Vec<_>>(), ["no_words"]);
    let made = card(&document(), &config("[look]\nlanguage = \"fi\"\n[look.words]\nTargets = \"Tavoitteet\"\n"));
    assert!(made.notes.is_empty());
}

#[test]
fn a_logo_that_is_no_picture_is_an_error() {
    let mut assets = assets();
    assets.logo = Some(("logo.pdf".to_owned(), b"%PDF".to_vec()));
    let error = equipoise_report::scorecard(&document(), &[], &Config::default(), &assets).unwrap_err().to_string();
    assert!(error.starts_with("`logo.pdf`: a logo of this kind cannot be read\nhint: "), "{error}");
    assets.logo = Some(("logo.svg".to_owned(), b"no svg".to_vec()));
    let error = equipoise_report::scorecard(&document(), &[], &Config::default(), &assets).unwrap_err().to_string();
    assert!(error.contains("the report cannot be typeset"), "{error}");
}

/// An independent implementation of the rules of PDF/UA-1 and PDF/A-2a, where it is installed: `pip install page-validation`
/// into the interpreter that `EQUIPOISE_PDF_PYTHON` names.
#[test]
fn an_independent_validator_finds_nothing() {
    #[allow(clippy::disallowed_methods, reason = "a test looks for an installed tool")]
    let Some(python) = std::env::var_os("EQUIPOISE_PDF_PYTHON") else {
        eprintln!("skipped: EQUIPOISE_PDF_PYTHON names no interpreter with page-validation");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let groups = ["职业 女".to_owned(), "العمر".to_owned(), "שם".to_owned()];
    for (i, made) in [document(), with_groups("name", &groups)].iter().enumerate() {
        let path = dir.path().join(format!("{i}.pdf"));
        std::fs::write(&path, card(made, &config("[[target]]\nmetric = \"accuracy\"\nmin = 0.8\n")).pdf).unwrap();
        let script = "import sys, page\n\
             for p in (page.ValidationProfile.PDF_UA_1, page.ValidationProfile.PDF_A_2A):\n\
             \x20   r = page.validate_pdf(sys.argv[1], profile=p)\n\
             \x20   assert r.rules.total > 100\n\
             \x20   for f in r.failures: print(p, f.rule_id, f.message)\n";
        let ran = std::process::Command::new(&python).args(["-c", script]).arg(&path).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success() && said.is_empty(), "{said}");
    }
}
