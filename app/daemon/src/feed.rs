//! What has happened, for those who listen.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use lanewarden_ipc::status::Event;
use tokio::sync::Notify;

/// Events that are kept for whoever does not listen all the time.
const HISTORY: usize = 256;
/// Events that wait for one listener. A slow one loses the oldest, as the numbers tell.
const BACKLOG: usize = 4096;

/// What has happened.
#[derive(Default)]
pub struct Feed {
    history: VecDeque<Event>,
    listeners: Vec<Weak<Listener>>,
}

/// Somebody who listens.
#[derive(Default)]
pub struct Listener {
    waiting: RefCell<VecDeque<Event>>,
    news: Notify,
}

impl Feed {
    /// Tells everybody.
    pub fn publish(&mut self, event: Event) {
        self.listeners.retain(|listener| {
            let listener = listener.upgrade();
            if let Some(listener) = &listener {
                listener.push(event.clone());
            }
            listener.is_some()
        });
        bounded(&mut self.history, event, HISTORY);
    }

    /// Somebody who hears what happens from now on.
    pub fn listen(&mut self) -> Rc<Listener> {
        let listener = Rc::new(Listener::default());
        self.listeners.push(Rc::downgrade(&listener));
        listener
    }

    /// The latest events, oldest first.
    pub fn history(&self) -> Vec<Event> {
        self.history.iter().cloned().collect()
    }
}

impl Listener {
    fn push(&self, event: Event) {
        bounded(&mut self.waiting.borrow_mut(), event, BACKLOG);
        self.news.notify_one();
    }

    /// What has happened since the last call, once there is anything.
    pub async fn next(&self) -> Vec<Event> {
        loop {
            let events: Vec<_> = self.waiting.borrow_mut().drain(..).collect();
            if !events.is_empty() {
                return events;
            }
            self.news.notified().await;
        }
    }
}

fn bounded(queue: &mut VecDeque<Event>, event: Event, most: usize) {
    if queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(event);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64) -> Event {
        Event { number, ..Event::default() }
    }

    #[tokio::test]
    async fn a_listener_hears_what_happens_from_then_on() {
        let mut feed = Feed::default();
        feed.publish(event(0));
        let listener = feed.listen();
        feed.publish(event(1));
        feed.publish(event(2));
        assert_eq!(listener.next().await, [event(1), event(2)]);
        drop(listener);
        feed.publish(event(3));
        assert!(feed.listeners.is_empty());
        assert_eq!(feed.history().len(), 4);
    }

    #[tokio::test]
    async fn a_slow_listener_loses_the_oldest() {
        let mut feed = Feed::default();
        let listener = feed.listen();
        let all = u64::try_from(BACKLOG).unwrap() + 3;
        (0..all).for_each(|number| feed.publish(event(number)));
        let heard = listener.next().await;
        assert_eq!((heard.len(), heard[0].number), (BACKLOG, 3));
        assert_eq!(feed.history()[0].number, all - u64::try_from(HISTORY).unwrap());
    }
}
