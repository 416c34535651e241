//! Who needs whom: a graph, in which what is in a circle can never start, and what is needed stops last. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{CStr, CString};

/// At most so many services are looked at to find a circle.
const MOST_LOOKED_AT: usize = 1000;

/// The shortest circle through a service: itself, what it needs, what that needs, and so on to itself again. `None` where there
/// is none, or only one among so many services that it is not looked for.
///
/// `needs` is asked once for each service that is looked at.
#[must_use]
pub fn circle(own: &CStr, mut needs: impl FnMut(&CStr) -> Vec<CString>) -> Option<Vec<CString>> {
    let mut come_from: BTreeMap<CString, CString> = BTreeMap::new();
    let mut next = VecDeque::from([own.to_owned()]);
    for _ in 0..MOST_LOOKED_AT {
        let service = next.pop_front()?;
        for needed in needs(&service) {
            if *needed == *own {
                return Some(way(own, service, &come_from));
            }
            if !come_from.contains_key(&needed) {
                come_from.insert(needed.clone(), service.clone());
                next.push_back(needed);
            }
        }
    }
    None
}

/// From a service to one that was found from there, and back.
fn way(own: &CStr, last: CString, come_from: &BTreeMap<CString, CString>) -> Vec<CString> {
    let mut way = vec![own.to_owned()];
    let mut at = Some(&last).filter(|last| last.as_c_str() != own);
    while let Some(service) = at {
        way.push(service.clone());
        at = come_from.get(service).filter(|from| from.as_c_str() != own);
    }
    way.push(own.to_owned());
    // It was gone backwards.
    way.reverse();
    way
}

/// A number for each that is in the graph: the same for two where a way leads from each to the other, so that they need each
/// other in a circle.
///
/// Found in Tarjan's way, without recursion: a chain may be as long as there are services.
#[must_use]
pub fn circles<T: Ord + Copy>(graph: &BTreeMap<T, BTreeSet<T>>) -> BTreeMap<T, usize> {
    let none = BTreeSet::new();
    let leads_to = |from: T| graph.get(&from).unwrap_or(&none).iter().copied();
    // When each was come to, and the first that was found to lie on a circle with it.
    let mut seen: BTreeMap<T, usize> = BTreeMap::new();
    let mut lowest: BTreeMap<T, usize> = BTreeMap::new();
    let mut circle_of = BTreeMap::new();
    let mut open = Vec::new();
    for start in graph.keys().copied() {
        let mut path = Vec::new();
        if !seen.contains_key(&start) {
            path.push((start, leads_to(start)));
        }
        while let Some((at, ways)) = path.last_mut() {
            let at = *at;
            if !seen.contains_key(&at) {
                let number = seen.len();
                seen.insert(at, number);
                lowest.insert(at, number);
                open.push(at);
            }
            if let Some(to) = ways.next() {
                if !seen.contains_key(&to) {
                    path.push((to, leads_to(to)));
                } else if !circle_of.contains_key(&to) {
                    lower(&mut lowest, at, seen.get(&to).copied());
                }
                continue;
            }
            path.pop();
            let reached = lowest.get(&at).copied();
            if let Some((before, _)) = path.last() {
                lower(&mut lowest, *before, reached);
            }
            let number = seen.get(&at).copied();
            if let Some(number) = number.filter(|_| reached == number) {
                while let Some(last) = open.pop() {
                    circle_of.insert(last, number);
                    if last == at {
                        break;
                    }
                }
            }
        }
    }
    circle_of
}

fn lower<T: Ord>(lowest: &mut BTreeMap<T, usize>, of: T, to: Option<usize>) {
    if let (Some(lowest), Some(to)) = (lowest.get_mut(&of), to) {
        *lowest = to.min(*lowest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c_string(name: &str) -> CString {
        CString::new(name).unwrap()
    }

    /// The circle through `own`, among services that are written `a: b c; b: c`.
    fn found(own: &str, graph: &str) -> Option<String> {
        let graph: BTreeMap<CString, Vec<CString>> = graph
            .split("; ")
            .map(|service| service.split_once(": ").unwrap())
            .map(|(name, needs)| (c_string(name), needs.split(' ').map(c_string).collect()))
            .collect();
        let circle = circle(&c_string(own), |name| graph.get(name).cloned().unwrap_or_default())?;
        let circle: Vec<&str> = circle.iter().map(|name| name.to_str().unwrap()).collect();
        Some(circle.join(" -> "))
    }

    #[test]
    fn the_shortest_circle_is_found() {
        assert_eq!(found("web", "web: db; db: log"), None);
        assert_eq!(found("web", "web: web").unwrap(), "web -> web");
        assert_eq!(found("web", "web: db; db: web").unwrap(), "web -> db -> web");
        assert_eq!(found("a", "a: b d; b: c; c: a; d: a").unwrap(), "a -> d -> a", "the shortest");
        assert_eq!(found("a", "a: b; b: c; c: a").unwrap(), "a -> b -> c -> a");
        assert_eq!(found("a", "a: b; b: c; c: b"), None, "not through itself");
    }

    #[test]
    fn the_search_ends() {
        let mut asked = 0_usize;
        let endless = circle(c"0", |name| {
            asked += 1;
            let number: u64 = name.to_str().unwrap().parse().unwrap();
            vec![c_string(&(number + 1).to_string()), c_string(&(number * 2 + 3).to_string())]
        });
        assert_eq!((endless, asked), (None, MOST_LOOKED_AT));
    }

    fn graph(edges: &[(u32, u32)]) -> BTreeMap<u32, BTreeSet<u32>> {
        let mut graph: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (from, to) in edges {
            graph.entry(*from).or_default().insert(*to);
        }
        graph
    }

    /// Who is together with whom.
    fn together(edges: &[(u32, u32)]) -> Vec<Vec<u32>> {
        let mut groups: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (service, number) in circles(&graph(edges)) {
            groups.entry(number).or_default().push(service);
        }
        let mut groups: Vec<Vec<u32>> = groups.into_values().collect();
        groups.sort();
        groups
    }

    #[test]
    fn only_those_in_a_circle_are_together() {
        assert_eq!(together(&[(1, 2), (1, 3), (2, 4), (3, 4)]), [[1], [2], [3], [4]]);
        assert_eq!(together(&[(1, 1)]), [[1]]);
        // Into a circle, between two, and out.
        let circles = [(1, 2), (2, 3), (3, 2), (3, 4), (4, 5), (5, 6), (6, 4), (6, 7)];
        assert_eq!(together(&circles), [&[1][..], &[2, 3], &[4, 5, 6], &[7]]);
    }

    #[test]
    fn a_long_chain_is_no_trouble() {
        let chain: Vec<(u32, u32)> = (0..20_000).map(|number| (number, number + 1)).collect();
        assert_eq!(together(&chain).len(), 20_001);
        let closed: Vec<(u32, u32)> = chain.iter().copied().chain([(20_000, 0)]).collect();
        assert_eq!(together(&closed).len(), 1);
    }

    #[test]
    fn who_is_together_is_as_a_slow_search_says() {
        let reaches = |graph: &BTreeMap<u32, BTreeSet<u32>>, from: u32, to: u32| {
            let (mut seen, mut next) = (BTreeSet::from([from]), vec![from]);
            while let Some(at) = next.pop() {
                next.extend(graph.get(&at).into_iter().flatten().filter(|to| seen.insert(**to)));
            }
            seen.contains(&to)
        };
        // Every graph of three services, and as many of six by a simple generator of numbers.
        let mut number = 1_u64;
        let mut random = || {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            number >> 28
        };
        let small = (0..512).map(|bits| (3, bits));
        let larger: Vec<(u32, u64)> = (0..512).map(|_| (6, random() & random())).collect();
        for (size, bits) in small.chain(larger) {
            let edges: Vec<(u32, u32)> = (0..size * size)
                .filter(|bit| bits >> bit & 1 == 1)
                .map(|bit| (bit / size, bit % size))
                .collect();
            let graph = graph(&edges);
            let circles = circles(&graph);
            for (one, number) in &circles {
                for (other, other_number) in &circles {
                    let expected = reaches(&graph, *one, *other) && reaches(&graph, *other, *one);
                    assert_eq!(number == other_number, expected, "{one}, {other}: {edges:?}");
                }
            }
        }
    }
}
