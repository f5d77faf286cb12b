//! Published bundles.

use gapura_model::Generation;

use super::*;

#[tokio::test]
async fn bundles_are_forgotten_but_for_the_newest_of_each_site() {
    on_both("bundles", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        let (galeri, plik) = ("galeri".parse().unwrap(), "plik".parse().unwrap());
        for site in [&galeri, &plik] {
            tx.put_site(site, "{}", &[1; 32], at(0)).await.unwrap();
        }
        for (site, generation, published) in [(&galeri, 1, 0), (&galeri, 2, 10), (&galeri, 3, 20), (&plik, 1, 0)] {
            let (site, generation) = (SiteId::clone(site), Generation::new(generation));
            let new = NewBundle { site, generation, content_hash: [7; 32], signed: b"signed".to_vec() };
            tx.add_bundles(&[new], at(published)).await.unwrap();
        }
        assert_eq!(tx.prune_bundles(at(10)).await.unwrap(), 1, "only what was followed, and long ago");
        assert_eq!(tx.prune_bundles(at(1000)).await.unwrap(), 1);
        let left: Vec<_> = tx.generations().await.unwrap().into_iter().map(|row| (row.site, row.generation)).collect();
        assert_eq!(left, [("galeri".to_owned(), 3), ("plik".to_owned(), 1)]);
        assert_eq!(tx.last_bundle(&galeri).await.unwrap().unwrap().signed, b"signed");
    })
    .await;
}
