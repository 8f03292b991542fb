//! The scorecard of the bundled sample.

use equipoise_service::{Asked, CardSpec, World, assess, judge, sample, save, scorecard};

#[test]
fn the_sample_has_a_card_of_a_readable_length() {
    let files = sample::unpack().unwrap();
    let mut world = World::real();
    world.root = files.path().to_path_buf();
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("a");
    save(&assess(&sample::spec().unwrap(), &world).unwrap(), &dir, false).unwrap();
    let config = place.path().join("card.toml");
    let text = "[[target]]\nmetric = \"roc_auc\"\nthreshold = \">=0.7\"\n[fairness]\nmetrics = [\"selection_rate\"]\nthreshold = \"<=0.1\"\n";
    std::fs::write(&config, text).unwrap();
    let spec = CardSpec { config: Some(&config), ..CardSpec::default() };
    let (card, verdicts) = scorecard(&dir, &spec).unwrap();
    assert!((10..=20).contains(&card.n_pages), "{} pages", card.n_pages);
    assert!(card.pdf.len() < 1_000_000, "{} bytes", card.pdf.len());
    assert!(card.notes.is_empty(), "{:?}", card.notes);
    assert_eq!(scorecard(&dir, &spec).unwrap().0.pdf, card.pdf, "the same bytes again");
    let judged = judge(&dir, &Asked { config: Some(&config), ..Asked::default() }, &world).unwrap();
    assert_eq!(judged.verdicts, verdicts, "`check` says what the card shows");
    assert!(verdicts.len() >= 4, "one target, and one gap for each sensitive column");
}
