//! What many gateways say at once is written in one transaction: whoever has the writer's turn takes along all who wait for it.
//! So a commit, and its wait for the disk, is shared (group commit), and nobody is answered before it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use gapura_store::StoreError;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::OfficeError;

/// Those who wait. Each is a request of its own, so there are never more than connections.
#[derive(Debug)]
pub(crate) struct Together<T, A> {
    waiting: Mutex<VecDeque<Waiting<T, A>>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Waiting<T, A> {
    item: Arc<T>,
    /// How much work it is.
    weight: usize,
    answer: oneshot::Sender<A>,
}

impl<T, A> Default for Together<T, A> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<T, A> Together<T, A> {
    /// Writes `item`, by itself or with others that wait, as many as weigh no more than `most` with it; `write` gives an answer for
    /// each, in their order.
    ///
    /// A caller that goes away while it writes for others leaves them as they were: they ask again.
    pub(crate) async fn join<W, F>(&self, (item, weight): (T, usize), most: usize, write: W) -> A
    where
        W: Fn(Vec<Arc<T>>) -> F,
        F: Future<Output = Vec<A>>,
    {
        let item = Arc::new(item);
        let mut answer = self.wait(&item, weight);
        loop {
            let _turn = tokio::select! {
                biased;
                answered = &mut answer => {
                    if let Ok(answered) = answered {
                        return answered;
                    }
                    answer = self.wait(&item, weight);
                    continue;
                }
                turn = self.turn.lock() => turn,
            };
            match answer.try_recv() {
                Ok(answered) => return answered,
                Err(TryRecvError::Closed) => answer = self.wait(&item, weight),
                Err(TryRecvError::Empty) => {}
            }
            let (items, senders): (Vec<_>, Vec<_>) = self.next(most).into_iter().unzip();
            let answers = write(items).await;
            for (sender, answer) in senders.into_iter().zip(answers) {
                // One who went away need not be told.
                let _ = sender.send(answer);
            }
        }
    }

    fn wait(&self, item: &Arc<T>, weight: usize) -> oneshot::Receiver<A> {
        let (answer, answered) = oneshot::channel();
        let one = Waiting { item: item.clone(), weight, answer };
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(one);
        answered
    }

    /// Those who waited longest and still do.
    fn next(&self, most: usize) -> Vec<(Arc<T>, oneshot::Sender<A>)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| !one.answer.is_closed());
        let mut so_far = 0;
        let some = waiting.iter().take_while(|one| {
            so_far += one.weight;
            so_far <= most
        });
        // One that weighs more by itself goes by itself.
        let some = some.count().max(1).min(waiting.len());
        waiting.drain(..some).map(|one| (one.item, one.answer)).collect()
    }
}

/// Writes all in one transaction; where that fails for what one of them holds, each in one of its own, so that the others do not
/// suffer.
pub(super) async fn at_once_or_alone<T, A, W, F>(items: Vec<Arc<T>>, write: W) -> Vec<Result<A, OfficeError>>
where
    W: Fn(Vec<Arc<T>>) -> F,
    F: Future<Output = Result<Vec<A>, OfficeError>>,
{
    let together = match write(items.clone()).await {
        Ok(answers) => return answers.into_iter().map(Ok).collect(),
        Err(error) => error,
    };
    let others = || Err(StoreError::Together.into());
    if items.len() == 1 || matches!(together, OfficeError::Store(StoreError::Transaction { .. })) {
        return std::iter::once(Err(together)).chain(std::iter::repeat_with(others)).take(items.len()).collect();
    }
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        let alone = write(vec![item]).await;
        answers.push(alone.and_then(|answers| answers.into_iter().next().ok_or(StoreError::Together.into())));
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_wait_are_written_at_once_and_each_has_its_own_answer() {
        let (queue, written) = (Together::<u32, u32>::default(), Mutex::new(Vec::new()));
        let gate = tokio::sync::Semaphore::new(0);
        let write = |items: Vec<Arc<u32>>| {
            written.lock().unwrap().push(items.len());
            let gate = &gate;
            async move {
                gate.acquire().await.unwrap().forget();
                items.iter().map(|item| **item * 10).collect()
            }
        };
        let opens = async {
            while written.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            gate.add_permits(3);
        };
        let (a, b, c, d, ()) = tokio::join!(
            queue.join((1, 1), 2, write),
            queue.join((2, 1), 2, write),
            queue.join((3, 1), 2, write),
            queue.join((4, 1), 2, write),
            opens
        );
        assert_eq!([a, b, c, d], [10, 20, 30, 40]);
        let written = written.into_inner().unwrap();
        assert_eq!(written.iter().sum::<usize>(), 4);
        assert!(written.len() < 4 && written.iter().all(|some| *some <= 2), "{written:?}");
    }

    #[tokio::test]
    async fn whoever_goes_away_while_it_writes_for_others_takes_nothing_from_them() {
        let queue = Together::<u32, u32>::default();
        let first = queue.join((1, 1), 8, |_| std::future::pending());
        let second = queue.join((2, 1), 8, |items| async move { items.iter().map(|item| **item).collect() });
        tokio::pin!(second);
        {
            tokio::pin!(first);
            // The first has the turn before the second comes, then takes both along.
            assert!(futures_util::poll!(&mut first).is_pending());
            assert!(futures_util::poll!(&mut second).is_pending());
        }
        assert_eq!(second.await, 2);
        assert!(queue.waiting.lock().unwrap().is_empty());
    }
}
