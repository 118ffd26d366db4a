//! Trees out of files: whatever the links say, every node gets a place.

use std::collections::HashMap;

/// The nodes in an order in which each comes after the one it hangs below, siblings by `at`; and for
/// each node the one that it hangs below. Links in a circle are cut at the node that comes first.
pub(crate) fn order(
    parents: &[Option<usize>],
    at: impl Fn(usize) -> u64,
) -> (Vec<usize>, Vec<Option<usize>>) {
    let mut parents = parents.to_vec();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    for (node, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            children[*parent].push(node);
        }
    }
    for siblings in &mut children {
        siblings.sort_by_key(|node| at(*node));
    }
    let mut ordered = Vec::with_capacity(parents.len());
    let mut placed = vec![false; parents.len()];
    let mut roots: Vec<usize> =
        (0..parents.len()).filter(|node| parents[*node].is_none()).collect();
    roots.sort_by_key(|node| at(*node));
    // What no root leads to hangs in a circle or below one.
    for start in roots.into_iter().chain(0..children.len()) {
        if placed[start] {
            continue;
        }
        parents[start] = None;
        let mut waiting = vec![start];
        while let Some(node) = waiting.pop() {
            if std::mem::replace(&mut placed[node], true) {
                continue;
            }
            ordered.push(node);
            waiting.extend(children[node].iter().rev());
        }
    }
    (ordered, parents)
}

/// The place of every id, the first one where an id is there twice.
pub(crate) fn places<'a>(ids: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut places = HashMap::new();
    for (place, id) in ids.enumerate() {
        places.entry(id).or_insert(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first_and_siblings_by_time() {
        let parents = [Some(2), Some(2), None, Some(0)];
        let times = [20, 10, 0, 30];
        assert_eq!(order(&parents, |node| times[node]).0, [2, 1, 0, 3]);
    }

    #[test]
    fn circles_are_cut() {
        let parents = [Some(1), Some(0), Some(0), Some(3)];
        let (ordered, parents) = order(&parents, |_| 0);
        assert_eq!(ordered, [0, 1, 2, 3]);
        assert_eq!(parents, [None, Some(0), Some(0), None]);
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let parents: Vec<_> = (0..200_000_usize).map(|node| node.checked_sub(1)).collect();
        assert_eq!(order(&parents, |_| 0).0.len(), 200_000);
    }
}
