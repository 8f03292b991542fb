//! Graphs out of the textbooks, and every graph of five nodes by paths.

use proptest::prelude::*;

use crate::{BadControl, Dag, DagError};

fn dag(edges: &[&str], unobserved: &[&str]) -> Dag {
    Dag::parse(edges, unobserved).unwrap()
}

fn set(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|n| (*n).to_owned()).collect())
}

#[test]
fn textbook_graphs() {
    // A common cause.
    let one = dag(&["c -> t", "c -> y", "t -> y"], &[]);
    assert_eq!(one.back_door("t", "y").unwrap(), set(&["c"]));
    assert!(!one.identifies("t", "y", &[]).unwrap() && one.identifies("t", "y", &["c".into()]).unwrap());
    // M: holding the collider fixed opens what was closed.
    let m = dag(&["a -> t", "a -> m", "b -> m", "b -> y", "t -> y"], &["a", "b"]);
    assert_eq!(m.back_door("t", "y").unwrap(), set(&[]));
    assert_eq!(m.bad_controls("t", "y", &["m".into()]).unwrap(), [("m".to_owned(), BadControl::Collider)]);
    // A hidden cause of both: no set does.
    let hidden = dag(&["t -> y", "t <-> y", "x -> y"], &[]);
    assert_eq!(hidden.back_door("t", "y").unwrap(), None);
    assert_eq!(hidden.front_door("t", "y").unwrap(), None);
    assert!(hidden.instruments("t", "y").unwrap().is_empty());
    // Smoking, tar, cancer: the front door.
    let tar = dag(&["smoking -> tar -> cancer", "smoking <-> cancer"], &[]);
    assert_eq!(tar.back_door("smoking", "cancer").unwrap(), None);
    assert_eq!(tar.front_door("smoking", "cancer").unwrap(), set(&["tar"]));
    // An instrument, plain and beside a control.
    let plain = dag(&["z -> t -> y", "t <-> y"], &[]);
    assert_eq!(plain.instruments("t", "y").unwrap()[0].name, "z");
    let beside = dag(&["z -> t -> y", "t <-> y", "w -> z", "w -> y"], &[]);
    let found = beside.instruments("t", "y").unwrap();
    assert_eq!((found[0].name.as_str(), found[0].given.as_slice()), ("z", ["w".to_owned()].as_slice()));
    // On the way, behind it, and behind the outcome.
    let chain = dag(&["t -> m -> y -> e", "t -> d", "m -> n"], &[]);
    let all: Vec<String> = ["m", "n", "d", "e"].map(String::from).to_vec();
    let why: Vec<BadControl> = chain.bad_controls("t", "y", &all).unwrap().into_iter().map(|(_, w)| w).collect();
    assert_eq!(
        why,
        [BadControl::Mediator, BadControl::Descendant, BadControl::Descendant, BadControl::EffectOfOutcome]
    );
    assert_eq!(chain.back_door("t", "y").unwrap(), set(&[]));
}

#[test]
fn messages() {
    let say = |edges: &[&str], unobserved: &[&str]| Dag::parse(edges, unobserved).unwrap_err().to_string();
    assert_eq!(
        say(&["a -> b", "b -> c -> a"], &[]),
        "the arrows lead in a circle: a -> b -> c -> a\nhint: a cause comes before its effect; leave one arrow out"
    );
    assert_eq!(
        say(&["a b"], &[]),
        "`a b` is not an arrow\nhint: write `cause -> effect`, or `a <-> b` for a cause of both that nobody measured"
    );
    assert_eq!(say(&["a -> "], &[]).lines().next().unwrap(), "`a -> ` is not an arrow");
    assert_eq!(say(&["a -> a"], &[]).lines().next().unwrap(), "the arrows lead in a circle: a -> a");
    assert_eq!(say(&["a -> b"], &["u"]), "`u` is not in the graph\nhint: draw an arrow that begins or ends there");
    let unknown = dag(&["a -> b"], &[]).back_door("a", "y").unwrap_err();
    assert_eq!(unknown, DagError::Unknown { name: "y".into() });
}

#[test]
fn a_star_of_a_thousand_causes_is_quick() {
    let mut edges: Vec<String> = (0..300).flat_map(|i| [format!("c{i} -> t"), format!("c{i} -> y")]).collect();
    edges.push("t -> y".into());
    let star = Dag::parse(&edges, &[]).unwrap();
    assert_eq!(star.back_door("t", "y").unwrap().unwrap().len(), 300);
}

/// Whether some path between `a` and `b` is open given `given`, by walking every path: parents of a node as bits.
fn open_path(parents: &[u32], a: usize, b: usize, given: u32, cut: &dyn Fn(usize, usize) -> bool) -> bool {
    let n = parents.len();
    let arrow = |from: usize, to: usize| parents[to] >> from & 1 == 1 && !cut(from, to);
    let mut below = vec![0_u32; n];
    for (node, below) in below.iter_mut().enumerate() {
        let (mut open, mut seen) = (vec![node], 0_u32);
        while let Some(x) = open.pop() {
            if seen >> x & 1 == 0 {
                seen |= 1 << x;
                open.extend((0..n).filter(|c| arrow(x, *c)));
            }
        }
        *below = seen;
    }
    fn walk(
        path: &mut Vec<usize>,
        b: usize,
        n: usize,
        given: u32,
        below: &[u32],
        arrow: &dyn Fn(usize, usize) -> bool,
    ) -> bool {
        let last = *path.last().unwrap();
        if last == b {
            return true;
        }
        for next in 0..n {
            if path.contains(&next) || !(arrow(last, next) || arrow(next, last)) {
                continue;
            }
            if path.len() > 1 {
                let before = path[path.len() - 2];
                let collides = arrow(before, last) && arrow(next, last);
                let passes = if collides { below[last] & given != 0 } else { given >> last & 1 == 0 };
                if !passes {
                    continue;
                }
            }
            path.push(next);
            if walk(path, b, n, given, below, arrow) {
                return true;
            }
            path.pop();
        }
        false
    }
    walk(&mut vec![a], b, n, given, &below, &arrow)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Back-door sets against the criterion checked path by path over all subsets.
    #[test]
    fn the_criterion_by_all_paths(bits in 0_u32..1 << 15, hidden in 0_u32..64) {
        // Six nodes in order, an arrow only forwards; t is node 2 and y the last.
        let n = 6;
        let mut parents = vec![0_u32; n];
        let mut edges = Vec::new();
        let mut bit = 0;
        for (to, parents) in parents.iter_mut().enumerate() {
            for from in 0..to {
                if bits >> bit & 1 == 1 {
                    *parents |= 1 << from;
                    edges.push(format!("n{from} -> n{to}"));
                }
                bit += 1;
            }
        }
        prop_assume!(parents[2] | parents[3] | parents[4] | parents[5] != 0);
        let (t, y) = (2, n - 1);
        let named = |i: usize| edges.iter().any(|e| e.split(" -> ").any(|p| p == format!("n{i}")));
        prop_assume!(named(t) && named(y));
        let unobserved: Vec<String> =
            (0..n).filter(|i| hidden >> i & 1 == 1 && *i != t && *i != y && named(*i)).map(|i| format!("n{i}")).collect();
        let graph = Dag::parse(&edges, &unobserved).unwrap();
        // Nodes on directed paths from t to y, and all behind them.
        let reach = |from: usize| {
            let (mut seen, mut open) = (0_u32, vec![from]);
            while let Some(x) = open.pop() {
                if seen >> x & 1 == 0 {
                    seen |= 1 << x;
                    open.extend((0..n).filter(|c| parents[*c] >> x & 1 == 1));
                }
            }
            seen
        };
        let way: u32 = (0..n).filter(|v| *v != t && reach(t) >> v & 1 == 1 && reach(*v) >> y & 1 == 1).map(|v| 1 << v).sum();
        let behind: u32 = (0..n).filter(|v| way >> v & 1 == 1).map(reach).fold(0, |a, b| a | b);
        let cut = |from: usize, to: usize| from == t && way >> to & 1 == 1;
        let mut any = false;
        for held in 0_u32..1 << n {
            let seen = (0..n).filter(|v| held >> v & 1 == 1);
            if held & (1 << t | 1 << y | behind) != 0 || seen.clone().any(|v| unobserved.contains(&format!("n{v}"))) {
                continue;
            }
            let names: Vec<String> = seen.map(|v| format!("n{v}")).collect();
            let expected = !open_path(&parents, t, y, held, &cut);
            any |= expected;
            let does = graph.identifies(&format!("n{t}"), &format!("n{y}"), &names).unwrap();
            prop_assert_eq!(does, expected);
        }
        let found = graph.back_door(&format!("n{t}"), &format!("n{y}")).unwrap();
        prop_assert_eq!(found.is_some(), any);
        if let Some(found) = found {
            let does = graph.identifies(&format!("n{t}"), &format!("n{y}"), &found).unwrap();
            prop_assert!(does);
        }
    }
}
