//! A causal graph: what must be held fixed, and what must not.
//!
//! Adjustment sets follow van der Zander, Liśkiewicz & Textor (2014, UAI): with `PCP` the nodes on directed paths from the
//! treatment to the outcome (without the treatment), a set that holds no descendant of `PCP` and separates the two once
//! the treatment's edges into `PCP` are taken away identifies the effect; if any set does, the observed ancestors do.
//! Every question is answered by walks over the edges, in time polynomial in the size of the graph.

use std::collections::BTreeMap;

/// Names of columns and of causes nobody measured, and arrows between them. Invariant: no arrow leads back.
#[derive(Clone, Debug, PartialEq)]
pub struct Dag {
    names: Vec<String>,
    is_observed: Vec<bool>,
    parents: Vec<Vec<usize>>,
    children: Vec<Vec<usize>>,
}

/// What is wrong with a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DagError {
    /// Not an arrow.
    #[error(
        "`{text}` is not an arrow\nhint: write `cause -> effect`, or `a <-> b` for a cause of both that nobody measured"
    )]
    Syntax {
        /// What was written.
        text: String,
    },
    /// Arrows that lead back to where they began.
    #[error("the arrows lead in a circle: {}\nhint: a cause comes before its effect; leave one arrow out", path.join(" -> "))]
    Cycle {
        /// The nodes of the circle, the first again at the end.
        path: Vec<String>,
    },
    /// Not a node.
    #[error("`{name}` is not in the graph\nhint: draw an arrow that begins or ends there")]
    Unknown {
        /// The name.
        name: String,
    },
}

/// Why a column must not be held fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadControl {
    /// It lies on the way from the treatment to the outcome.
    Mediator,
    /// It is changed by the treatment, or by something on the way.
    Descendant,
    /// It is an effect of the outcome.
    EffectOfOutcome,
    /// Holding it fixed opens a path between treatment and outcome.
    Collider,
}

/// An instrument, and what must be held fixed beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// The instrument.
    pub name: String,
    /// What is held fixed.
    pub given: Vec<String>,
}

impl Dag {
    /// A graph out of arrows: `a -> b`, `a <- b`, `a <-> b`, and chains of them.
    ///
    /// # Errors
    /// What is not an arrow, and arrows that lead in a circle.
    pub fn parse<S: AsRef<str>>(edges: &[S], unobserved: &[S]) -> Result<Self, DagError> {
        let mut dag = Self { names: Vec::new(), is_observed: Vec::new(), parents: Vec::new(), children: Vec::new() };
        let mut place: BTreeMap<String, usize> = BTreeMap::new();
        for text in edges {
            dag.add(text.as_ref(), &mut place)?;
        }
        for name in unobserved {
            let at = place.get(name.as_ref()).copied();
            let at = at.ok_or_else(|| DagError::Unknown { name: name.as_ref().to_owned() })?;
            if let Some(is_observed) = dag.is_observed.get_mut(at) {
                *is_observed = false;
            }
        }
        match dag.circle() {
            Some(path) => Err(DagError::Cycle { path }),
            None => Ok(dag),
        }
    }

    fn node(&mut self, name: &str, place: &mut BTreeMap<String, usize>, is_observed: bool) -> usize {
        if let Some(at) = place.get(name) {
            return *at;
        }
        let at = self.names.len();
        place.insert(name.to_owned(), at);
        self.names.push(name.to_owned());
        self.is_observed.push(is_observed);
        self.parents.push(Vec::new());
        self.children.push(Vec::new());
        at
    }

    fn arrow(&mut self, from: usize, to: usize) {
        let is_new = self.children.get(from).is_some_and(|c| !c.contains(&to));
        if let (true, Some(children)) = (is_new, self.children.get_mut(from)) {
            children.push(to);
            if let Some(parents) = self.parents.get_mut(to) {
                parents.push(from);
            }
        }
    }

    fn add(&mut self, text: &str, place: &mut BTreeMap<String, usize>) -> Result<(), DagError> {
        let wrong = || DagError::Syntax { text: text.to_owned() };
        let mut rest = text;
        let mut last: Option<(String, &str)> = None;
        loop {
            let next =
                ["<->", "->", "<-"].iter().filter_map(|a| rest.find(a).map(|at| (at, *a))).min_by_key(|(at, a)| {
                    // `<->` begins where `<-` does: the longer one is meant.
                    (*at, std::cmp::Reverse(a.len()))
                });
            let (name, after) = match next {
                Some((at, arrow)) => {
                    (rest.get(..at).unwrap_or_default(), rest.get(at + arrow.len()..).unwrap_or_default())
                }
                None => (rest, ""),
            };
            let name = name.trim().to_owned();
            if name.is_empty() {
                return Err(wrong());
            }
            if let Some((before, arrow)) = &last {
                if *before == name {
                    return Err(DagError::Cycle { path: vec![name.clone(), name] });
                }
                let (a, b) = (self.node(before, place, true), self.node(&name, place, true));
                match *arrow {
                    "->" => self.arrow(a, b),
                    "<-" => self.arrow(b, a),
                    _ => {
                        let hidden = self.node(&format!("({before} <-> {name})"), place, false);
                        self.arrow(hidden, a);
                        self.arrow(hidden, b);
                    }
                }
            }
            match next {
                Some((_, arrow)) => last = Some((name, arrow)),
                None if last.is_some() => return Ok(()),
                None => return Err(wrong()),
            }
            rest = after;
        }
    }

    /// A circle of arrows, if there is one.
    fn circle(&self) -> Option<Vec<String>> {
        // 0 new, 1 on the way, 2 done.
        let mut state = vec![0_u8; self.names.len()];
        for start in 0..self.names.len() {
            if state.get(start) != Some(&0) {
                continue;
            }
            let mut path = vec![(start, 0_usize)];
            set(&mut state, start, 1);
            while let Some((node, next)) = path.last_mut() {
                let child = self.children.get(*node).and_then(|c| c.get(*next)).copied();
                *next += 1;
                match child {
                    None => {
                        set(&mut state, *node, 2);
                        path.pop();
                    }
                    Some(child) if state.get(child) == Some(&1) => {
                        let from = path.iter().position(|(n, _)| *n == child).unwrap_or(0);
                        let circle = path.iter().skip(from).map(|(n, _)| *n).chain(std::iter::once(child));
                        return Some(circle.map(|n| self.name(n)).collect());
                    }
                    Some(child) if state.get(child) == Some(&0) => {
                        set(&mut state, child, 1);
                        path.push((child, 0));
                    }
                    Some(_) => {}
                }
            }
        }
        None
    }

    fn name(&self, node: usize) -> String {
        self.names.get(node).cloned().unwrap_or_default()
    }

    fn place(&self, name: &str) -> Result<usize, DagError> {
        self.names.iter().position(|n| n == name).ok_or_else(|| DagError::Unknown { name: name.to_owned() })
    }

    /// Names of what is measured.
    pub fn observed(&self) -> impl Iterator<Item = &str> {
        self.names.iter().zip(&self.is_observed).filter(|(_, o)| **o).map(|(n, _)| n.as_str())
    }

    /// Marks everything that arrows lead to from the marked nodes, and those themselves.
    fn closure(&self, from: &[usize], along: &[Vec<usize>]) -> Vec<bool> {
        let mut seen = vec![false; self.names.len()];
        let mut open: Vec<usize> = from.to_vec();
        while let Some(node) = open.pop() {
            if seen.get(node) == Some(&false) {
                set(&mut seen, node, true);
                open.extend(along.get(node).into_iter().flatten());
            }
        }
        seen
    }

    /// Whether `a` and `b` are separated by `given` when the arrows that `cut` names are taken away (Shachter 1998).
    fn separated(&self, a: usize, b: usize, given: &[usize], cut: &dyn Fn(usize, usize) -> bool) -> bool {
        let is_given = marks(given, self.names.len());
        let parents: Vec<Vec<usize>> = self
            .parents
            .iter()
            .enumerate()
            .map(|(node, parents)| parents.iter().copied().filter(|p| !cut(*p, node)).collect())
            .collect();
        let above_given = self.closure(given, &parents);
        // Each node is visited from below (0) and from above (1).
        let mut seen = vec![[false; 2]; self.names.len()];
        let mut open = vec![(a, 0_usize)];
        while let Some((node, way)) = open.pop() {
            let Some(marks) = seen.get_mut(node) else { continue };
            let Some(mark) = marks.get_mut(way) else { continue };
            if std::mem::replace(mark, true) {
                continue;
            }
            if node == b {
                return false;
            }
            let fixed = is_given.get(node) == Some(&true);
            let to_parents = if way == 0 { !fixed } else { above_given.get(node) == Some(&true) };
            if to_parents {
                open.extend(parents.get(node).into_iter().flatten().map(|p| (*p, 0)));
            }
            if !fixed {
                let children = self.children.get(node).into_iter().flatten();
                open.extend(children.filter(|c| !cut(node, **c)).map(|c| (*c, 1)));
            }
        }
        true
    }

    /// Nodes on directed paths from `t` to `y`, without `t`.
    fn on_the_way(&self, t: usize, y: usize) -> Vec<bool> {
        let (below, above) = (self.closure(&[t], &self.children), self.closure(&[y], &self.parents));
        below.iter().zip(above).enumerate().map(|(n, (b, a))| *b && a && n != t).collect()
    }

    fn indices(marks: &[bool]) -> Vec<usize> {
        marks.iter().enumerate().filter(|(_, m)| **m).map(|(n, _)| n).collect()
    }

    /// What may be held fixed at all: measured, and not behind anything on the way.
    fn allowed(&self, t: usize, y: usize) -> Vec<bool> {
        let behind = self.closure(&Self::indices(&self.on_the_way(t, y)), &self.children);
        let free = |n: usize, b: &bool| !b && n != t && n != y && self.is_observed.get(n) == Some(&true);
        behind.iter().enumerate().map(|(n, b)| free(n, b)).collect()
    }

    fn blocks(&self, t: usize, y: usize, given: &[usize]) -> bool {
        let way = self.on_the_way(t, y);
        self.separated(t, y, given, &|from, to| from == t && way.get(to) == Some(&true))
    }

    /// A smallest-by-removal set of columns that identifies the effect of `treatment` on `outcome`; none where no set does.
    ///
    /// # Errors
    /// When one of the two is not in the graph.
    pub fn back_door(&self, treatment: &str, outcome: &str) -> Result<Option<Vec<String>>, DagError> {
        let (t, y) = (self.place(treatment)?, self.place(outcome)?);
        let above = self.closure(&[t, y], &self.parents);
        let allowed = self.allowed(t, y);
        let mut held: Vec<usize> =
            allowed.iter().zip(above).enumerate().filter(|(_, (a, b))| **a && *b).map(|(n, _)| n).collect();
        if !self.blocks(t, y, &held) {
            return Ok(None);
        }
        // Among ancestors separation is that of one fixed undirected graph, so leaving out one at a time ends minimal.
        for node in held.clone() {
            let less: Vec<usize> = held.iter().copied().filter(|n| *n != node).collect();
            if self.blocks(t, y, &less) {
                held = less;
            }
        }
        Ok(Some(held.into_iter().map(|n| self.name(n)).collect()))
    }

    /// Whether holding these columns fixed identifies the effect. Columns outside of the graph do not matter.
    ///
    /// # Errors
    /// When treatment or outcome is not in the graph.
    pub fn identifies(&self, treatment: &str, outcome: &str, held: &[String]) -> Result<bool, DagError> {
        let (t, y) = (self.place(treatment)?, self.place(outcome)?);
        let given: Vec<usize> = held.iter().filter_map(|n| self.place(n).ok()).collect();
        let allowed = self.allowed(t, y);
        Ok(given.iter().all(|n| allowed.get(*n) == Some(&true)) && self.blocks(t, y, &given))
    }

    /// Those of some columns that must not be held fixed, and why.
    ///
    /// # Errors
    /// When treatment or outcome is not in the graph.
    pub fn bad_controls(
        &self,
        treatment: &str,
        outcome: &str,
        held: &[String],
    ) -> Result<Vec<(String, BadControl)>, DagError> {
        let (t, y) = (self.place(treatment)?, self.place(outcome)?);
        let way = self.on_the_way(t, y);
        let (below_t, below_y) = (self.closure(&[t], &self.children), self.closure(&[y], &self.children));
        let given: Vec<usize> = held.iter().filter_map(|n| self.place(n).ok()).collect();
        let is = |marks: &[bool], n: usize| marks.get(n) == Some(&true);
        let mut found = Vec::new();
        for node in given.iter().copied().filter(|n| *n != t && *n != y) {
            let less: Vec<usize> = given.iter().copied().filter(|n| *n != node).collect();
            let why = if is(&below_y, node) {
                BadControl::EffectOfOutcome
            } else if is(&way, node) {
                BadControl::Mediator
            } else if is(&below_t, node) {
                BadControl::Descendant
            } else if self.blocks(t, y, &less) && !self.blocks(t, y, &given) {
                BadControl::Collider
            } else {
                continue;
            };
            found.push((self.name(node), why));
        }
        Ok(found)
    }

    /// Mediators that identify the effect by the front door (Pearl 1995): they hold every way from the treatment to the
    /// outcome, nothing but the treatment leads to them from it, and the treatment blocks every back way from them to the
    /// outcome. One mediator is tried first, then all together.
    ///
    /// # Errors
    /// When treatment or outcome is not in the graph.
    pub fn front_door(&self, treatment: &str, outcome: &str) -> Result<Option<Vec<String>>, DagError> {
        let (t, y) = (self.place(treatment)?, self.place(outcome)?);
        let way = self.on_the_way(t, y);
        let direct = |m: &usize| {
            *m != y && self.is_observed.get(*m) == Some(&true) && self.separated(t, *m, &[], &|from, _| from == t)
        };
        let all: Vec<usize> = Self::indices(&way).into_iter().filter(direct).collect();
        let tries = all.iter().map(|m| vec![*m]).chain((all.len() > 1).then(|| all.clone()));
        for set in tries {
            let stops = marks(&set, self.names.len());
            let without: Vec<Vec<usize>> = self
                .children
                .iter()
                .map(|c| c.iter().copied().filter(|c| stops.get(*c) != Some(&true)).collect())
                .collect();
            let holds_all = self.closure(&[t], &without).get(y) != Some(&true);
            let is_blocked = |m: &usize| self.separated(*m, y, &[t], &|from, _| stops.get(from) == Some(&true));
            if holds_all && set.iter().all(is_blocked) {
                return Ok(Some(set.into_iter().map(|n| self.name(n)).collect()));
            }
        }
        Ok(None)
    }

    /// Columns that move the treatment and reach the outcome only through it, once `given` is held fixed.
    ///
    /// # Errors
    /// When treatment or outcome is not in the graph.
    pub fn instruments(&self, treatment: &str, outcome: &str) -> Result<Vec<Instrument>, DagError> {
        let (t, y) = (self.place(treatment)?, self.place(outcome)?);
        let way = self.on_the_way(t, y);
        let below = self.closure(&[t], &self.children);
        let cut = |from: usize, to: usize| from == t && way.get(to) == Some(&true);
        let mut found = Vec::new();
        for z in 0..self.names.len() {
            if below.get(z) == Some(&true) || self.is_observed.get(z) != Some(&true) || z == y {
                continue;
            }
            let above = self.closure(&[y, z], &self.parents);
            let is_free = |n: usize| {
                above.get(n) == Some(&true)
                    && below.get(n) == Some(&false)
                    && n != z
                    && n != y
                    && self.is_observed.get(n) == Some(&true)
            };
            let mut given: Vec<usize> = (0..self.names.len()).filter(|n| is_free(*n)).collect();
            if !self.separated(z, y, &given, &cut) {
                continue;
            }
            for node in given.clone() {
                let less: Vec<usize> = given.iter().copied().filter(|n| *n != node).collect();
                if self.separated(z, y, &less, &cut) {
                    given = less;
                }
            }
            if !self.separated(z, t, &given, &|_, _| false) {
                let given = given.into_iter().map(|n| self.name(n)).collect();
                found.push(Instrument { name: self.name(z), given });
            }
        }
        Ok(found)
    }
}

fn set<T>(values: &mut [T], at: usize, value: T) {
    if let Some(place) = values.get_mut(at) {
        *place = value;
    }
}

fn marks(nodes: &[usize], n: usize) -> Vec<bool> {
    let mut marks = vec![false; n];
    nodes.iter().for_each(|node| set(&mut marks, *node, true));
    marks
}
