//! What those who wait for a service are told, in the letters of s6.

use super::{Machine, Phase};
use nix::unistd::Pid;
use protocol::event;

/// What the others see of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct View {
    up: Option<Pid>,
    pub(in super::super) is_ready: bool,
    is_finishing: bool,
}

/// The letters of what has happened, in its order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct News {
    letters: [u8; 4],
    length: usize,
}

impl Machine {
    /// What the others see of it now.
    pub(in super::super) fn view(&self) -> View {
        View {
            up: match self.phase {
                Phase::Up(run) => Some(run.pid),
                _ => None,
            },
            is_ready: self.is_ready(),
            is_finishing: self.finish().is_some(),
        }
    }
}

/// What has happened between two views: `d` run has ended, `D` and finish too, `u` another one is up, `U` it is ready.
pub(in super::super) fn news(before: View, after: View) -> News {
    let mut news = News::default();
    let is_same = before.up == after.up;
    let happened = [
        (event::ENDED, before.up.is_some() && !is_same),
        (event::DOWN, ((before.up.is_some() && !is_same) || before.is_finishing) && !after.is_finishing),
        (event::UP, after.up.is_some() && !is_same),
        (event::READY, after.up.is_some() && after.is_ready && !(is_same && before.is_ready)),
    ];
    for (letter, _) in happened.iter().filter(|(_, has)| *has) {
        if let Some(place) = news.letters.get_mut(news.length) {
            *place = *letter;
            news.length = news.length.saturating_add(1);
        }
    }
    news
}

impl News {
    /// The letters.
    pub(in super::super) fn letters(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(up: i32, is_ready: bool, is_finishing: bool) -> View {
        View { up: (up > 0).then(|| Pid::from_raw(up)), is_ready, is_finishing }
    }

    #[test]
    fn each_change_has_its_letters() {
        let (down, up, ready) = (view(0, false, false), view(7, false, false), view(7, true, false));
        let finishing = view(0, false, true);
        let told = |before, after| String::from_utf8(news(before, after).letters().to_vec()).unwrap();
        assert_eq!(told(down, up), "u");
        assert_eq!(told(up, ready), "U");
        assert_eq!(told(down, ready), "uU", "it was ready before it was known to be up");
        assert_eq!(told(ready, finishing), "d");
        assert_eq!(told(finishing, down), "D");
        assert_eq!(told(ready, down), "dD", "without a finish");
        assert_eq!(told(ready, view(8, false, false)), "dDu");
        for same in [down, up, ready, finishing] {
            assert_eq!(told(same, same), "");
        }
    }
}
