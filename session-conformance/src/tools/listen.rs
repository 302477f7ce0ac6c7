//! What is said by `tracing` on the threads of one runtime.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest, set_default};
use tracing::{Event, Metadata, Subscriber};

/// Remembers what was said, a line for each event and each span. Clones share one memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>);

thread_local! {
    /// Lives as long as the thread, which belongs to the runtime.
    static LISTENS: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

impl Heard {
    /// Listens on this thread, for as long as it lives.
    pub(crate) fn listen(&self) {
        let guard = set_default(Listener { heard: self.clone(), spans: AtomicU64::new(1) });
        LISTENS.with(|listens| *listens.borrow_mut() = Some(guard));
    }

    /// Gives what was said, and forgets it.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, line: Line) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.0);
    }
}

struct Listener {
    heard: Heard,
    spans: AtomicU64,
}

impl Subscriber for Listener {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        // Other threads of this process have subscribers of their own, which are asked each time.
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line::of(span.metadata());
        span.record(&mut line);
        self.heard.add(line);
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        self.heard.add(line);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::of(event.metadata());
        event.record(&mut line);
        self.heard.add(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// One line, as it grows.
struct Line(String);

impl Line {
    fn of(metadata: &Metadata<'_>) -> Self {
        Self(format!("{} {} {}", metadata.level(), metadata.target(), metadata.name()))
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {field}={value}");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_spans_are_heard_with_all_their_fields() {
        let heard = Heard::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                heard.listen();
                let span = tracing::trace_span!("in a span", key = "one", later = tracing::field::Empty);
                span.record("later", "two");
                span.in_scope(|| tracing::trace!(number = 3, "four {}", 5));
            });
        });
        // It ends with the thread, and another is not heard.
        tracing::error!("six");
        let lines = heard.take().join("\n");
        for part in ["in a span", "key=one", "later=two", "number=3", "message=four 5"] {
            assert!(lines.contains(part), "{part} in {lines}");
        }
        assert!(!lines.contains("six") && heard.take().is_empty());
    }
}
