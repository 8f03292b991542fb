//! What the document was made from, so that it can be made again.

use equipoise_document::{ColumnRole, ColumnType, DatasetSummary, Document};

use super::text;
use crate::escape::escape;
use crate::format::count;

pub(super) fn write(document: &Document, page: &mut String) {
    let made = &document.provenance;
    page.push_str(
        "<section id=\"provenance\" aria-labelledby=\"provenance-h\">\n<h2 id=\"provenance-h\">Provenance</h2>\n\
         <p class=\"question\">The same spec and the same inputs give the same numbers again.</p>\n<dl class=\"facts wide\">\n",
    );
    let facts = [
        ("Equipoise", escape(&made.equipoise)),
        ("Document format", escape(&document.schema_version)),
        ("Seed", made.seed.to_string()),
        ("Level of intervals", super::level(document.spec.level())),
        ("Fingerprint of the spec", format!("<code>{}</code>", escape(&made.spec_sha256))),
    ];
    for (label, value) in facts {
        page.push_str(&format!("<div><dt>{label}</dt><dd>{value}</dd></div>\n"));
    }
    if made.partial {
        page.push_str("<div><dt>Complete</dt><dd>no: the run was interrupted</dd></div>\n");
    }
    page.push_str("</dl>\n");
    write_grid("What was read", &["Role", "Name", "Bytes", "SHA-256"], page, |page| {
        for input in &made.inputs {
            let bytes = input.bytes.map(count).unwrap_or_default();
            let hash = input.sha256.as_deref().map(escape).unwrap_or_default();
            page.push_str(&format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{bytes}</td><td><code>{hash}</code></td></tr>\n",
                escape(&input.role),
                text(&input.name)
            ));
        }
    });
    if document.cohorts.iter().any(|c| c.predicate.is_some()) {
        write_grid("Cohorts", &["Name", "Where", "Rows"], page, |page| {
            for cohort in &document.cohorts {
                page.push_str(&format!(
                    "<tr><th scope=\"row\">{}</th><td><code>{}</code></td><td class=\"n\">{}</td></tr>\n",
                    text(&cohort.name),
                    cohort.predicate.as_deref().map(text).unwrap_or_default(),
                    count(cohort.n)
                ));
            }
        });
    }
    for data in &document.datasets {
        write_columns(data, page);
    }
    let spec = serde_json::to_string_pretty(&document.spec).unwrap_or_default();
    page.push_str(&format!(
        "<details>\n<summary>The spec</summary>\n<pre tabindex=\"0\"><code>{}</code></pre>\n</details>\n</section>\n",
        escape(&spec)
    ));
}

fn write_grid(title: &str, heads: &[&str], page: &mut String, rows: impl FnOnce(&mut String)) {
    page.push_str(&format!(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{title}\">\n<table>\n<caption>{title}</caption>\n<thead><tr>"
    ));
    for head in heads {
        let class = if matches!(*head, "Bytes" | "Rows" | "Missing" | "Values") { " class=\"n\"" } else { "" };
        page.push_str(&format!("<th scope=\"col\"{class}>{head}</th>"));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    rows(page);
    page.push_str("</tbody>\n</table>\n</div>\n");
}

fn write_columns(data: &DatasetSummary, page: &mut String) {
    let title = if data.part == "train" { "Columns of the training data" } else { "Columns of the data" };
    page.push_str(&format!("<details>\n<summary>{title} ({})</summary>\n", data.columns.len()));
    write_grid(title, &["Column", "Type", "Used as", "Missing", "Values", "Range"], page, |page| {
        for column in &data.columns {
            let roles: Vec<&str> = column.roles.iter().map(|r| role(*r)).collect();
            let range = column.min.zip(column.max).map(|(a, b)| format!("{a} to {b}")).unwrap_or_default();
            page.push_str(&format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
                text(&column.name),
                kind(column.column_type),
                roles.join(", "),
                count(column.n_missing),
                column.n_levels.map(count).unwrap_or_default(),
                escape(&range)
            ));
        }
    });
    page.push_str("</details>\n");
}

fn role(role: ColumnRole) -> &'static str {
    match role {
        ColumnRole::Target => "target",
        ColumnRole::Prediction => "prediction",
        ColumnRole::Probability => "probability",
        ColumnRole::Weight => "weight",
        ColumnRole::Sensitive => "sensitive",
        ColumnRole::Control => "control",
        ColumnRole::Feature => "model input",
        ColumnRole::Id => "id",
        ColumnRole::Dropped => "left out",
    }
}

fn kind(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Numeric => "numbers",
        ColumnType::Categorical => "names",
        ColumnType::Boolean => "yes or no",
        ColumnType::Datetime => "dates",
        ColumnType::Text => "text",
    }
}
