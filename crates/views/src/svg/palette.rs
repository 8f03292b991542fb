//! The look of charts: classes, colours, dashes.
//!
//! Series differ by colour, dash and shape at once, so that no reader depends on colour. The colours follow
//! Okabe and Ito (2008), darkened on white and lightened on black until they stand out at 3 to 1.

/// Colours of series on a light and on a dark ground.
const SERIES: [(&str, &str); 6] = [
    ("#1f5fa8", "#7db4f0"),
    ("#b8480f", "#f2a06b"),
    ("#0b7a5c", "#5fcfa9"),
    ("#8a3f8f", "#d7a3da"),
    ("#8a6500", "#e0bd5a"),
    ("#3d6b7d", "#9bc7d8"),
];

/// Colours of everything else: name, light, dark.
const OTHERS: [(&str, &str, &str); 9] = [
    ("ground", "#ffffff", "#15181d"),
    ("panel", "#f6f7f8", "#1c2027"),
    ("ink", "#1b1f24", "#e6e8eb"),
    ("soft", "#57606a", "#a3abb5"),
    ("rule", "#d8dce0", "#343b45"),
    ("grid", "#e8ebee", "#282e36"),
    ("accent", "#1f4e8c", "#8fbcf5"),
    ("down", "#b8480f", "#f2a06b"),
    ("up", "#1f5fa8", "#7db4f0"),
];

/// Number of colours before they come again.
const N_COLOURS: usize = 6;
/// Dashes, of another number than colours: thirty series differ.
const DASHES: [&str; 5] = ["none", "7 4", "2 3", "10 3 2 3", "4 2"];

/// The classes of a series.
pub(super) fn series_class(index: usize) -> String {
    format!("k{} d{}", index % N_COLOURS + 1, index % DASHES.len() + 1)
}

/// Custom properties for a ground: `--ink:#1b1f24;…`.
pub(crate) fn properties(is_dark: bool) -> String {
    let mut out = String::new();
    for (name, light, dark) in OTHERS {
        out.push_str(&format!("--{name}:{};", if is_dark { dark } else { light }));
    }
    for (i, (light, dark)) in SERIES.iter().enumerate() {
        out.push_str(&format!("--s{}:{};", i + 1, if is_dark { dark } else { light }));
    }
    out
}

/// The style sheet of charts. With literal colours it needs no custom properties, for readers of SVG that know
/// none.
pub(crate) fn style(has_properties: bool) -> String {
    let colour = |name: &str| {
        if has_properties {
            return format!("var(--{name})");
        }
        let series = name.strip_prefix('s').and_then(|n| n.parse::<usize>().ok()).and_then(|n| SERIES.get(n - 1));
        let other = OTHERS.iter().find(|(n, _, _)| *n == name).map(|(_, light, _)| *light);
        series.map(|(light, _)| *light).or(other).unwrap_or("#000000").to_owned()
    };
    let mut out = String::new();
    let mut rule = |selector: &str, body: String| out.push_str(&format!(".eq {selector}{{{body}}}"));
    rule("text", format!("font-family:inherit;font-size:12px;fill:{};stroke:none", colour("ink")));
    rule(".tk", format!("fill:{};font-size:11px", colour("soft")));
    rule(".at", format!("fill:{};font-size:11.5px", colour("soft")));
    rule(".wh", format!("fill:{};font-style:italic", colour("soft")));
    rule(".st", "font-weight:600".to_owned());
    rule(".ax", format!("stroke:{};stroke-width:1;fill:none", colour("soft")));
    rule(".gr", format!("stroke:{};stroke-width:1;fill:none", colour("grid")));
    rule(".rf", format!("stroke:{};stroke-width:1.25;stroke-dasharray:4 3;fill:none", colour("soft")));
    for i in 1..=N_COLOURS {
        let c = colour(&format!("s{i}"));
        rule(&format!(".k{i}"), format!("fill:{c};stroke:{c}"));
    }
    for (i, dash) in DASHES.iter().enumerate() {
        rule(&format!(".ln.d{}", i + 1), format!("stroke-dasharray:{dash}"));
    }
    rule(".ln", "fill:none;stroke-width:2;stroke-linejoin:round".to_owned());
    rule(".ci", "fill:none;stroke-width:1.5".to_owned());
    rule(".bd", "fill-opacity:.16;stroke:none".to_owned());
    rule(".hs", "fill-opacity:.14;stroke-width:1.75".to_owned());
    rule(".br", "fill-opacity:.78;stroke:none".to_owned());
    rule(".bx", "fill-opacity:.22;stroke-width:1.5".to_owned());
    rule(".md", "fill:none;stroke-width:3".to_owned());
    rule(".mk", format!("stroke:{};stroke-width:1.25", colour("ground")));
    rule(".pt", "fill-opacity:.55;stroke:none".to_owned());
    rule(".no", format!("fill:{};stroke:{};stroke-width:1.5;stroke-dasharray:2 2", colour("ground"), colour("soft")));
    rule(".sm", "opacity:.5".to_owned());
    rule(".ce", format!("fill:{};stroke:{};stroke-width:1", colour("ground"), colour("ground")));
    rule(".hp", format!("fill:{};stroke:none", colour("up")));
    rule(".hn", format!("fill:{};stroke:none", colour("down")));
    rule(".up", format!("fill:{};stroke:none", colour("up")));
    rule(".dn", format!("fill:{};stroke:none", colour("down")));
    rule(".tt", format!("fill:{};stroke:none", colour("soft")));
    rule(".on", format!("fill:{}", colour("ground")));
    rule(".nd", format!("fill:{};stroke:{};stroke-width:1", colour("panel"), colour("rule")));
    rule(".tl", format!("fill:{};stroke:none", colour("rule")));
    rule(".tip", "fill:transparent;stroke:none".to_owned());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(hex: &str) -> f64 {
        let channel = |i: usize| {
            let c = f64::from(u8::from_str_radix(&hex[i..i + 2], 16).unwrap()) / 255.0;
            if c <= 0.039_28 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG 2.2: 4.5 to 1 for text, 3 to 1 for what must be told apart.
    #[test]
    fn everything_stands_out_on_its_ground() {
        let of = |name: &str| OTHERS.iter().find(|o| o.0 == name).unwrap();
        for (light, dark) in SERIES {
            assert!(contrast(light, of("ground").1) >= 3.0 && contrast(dark, of("ground").2) >= 3.0);
        }
        for text in ["ink", "soft", "accent"] {
            for ground in ["ground", "panel"] {
                assert!(contrast(of(text).1, of(ground).1) >= 4.5, "{text} on light {ground}");
                assert!(contrast(of(text).2, of(ground).2) >= 4.5, "{text} on dark {ground}");
            }
        }
    }

    #[test]
    fn literal_colours_need_no_properties() {
        assert!(!style(false).contains("var("));
        assert!(style(true).contains("var(--s6)"));
    }
}
